// Measures the simulator: does it keep its deadlines under load, and how fast is it without any?
//
//   sim_pace paced RATE TOKENS SECONDS
//     open loop, Poisson arrivals; first token after 50 ms, then one every 20 ms
//   sim_pace open STREAMS
//     that many streams at the same time: ten tokens, one a second
//   sim_pace burst CONNECTIONS TOKENS SECONDS TOKENS_PER_WRITE
//     closed loop, no delays
//
// The server runs in a process of its own on the first processor, the client on the second. Deviations come
// from the server's truth log, CPU time from the kernel. One line of JSON is printed.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/net/connection.hpp"
#include "core/net/monotonic.hpp"
#include "core/net/poller.hpp"
#include "core/sim/random.hpp"
#include "core/sim/server.hpp"

namespace {

using core::Value;
namespace net = core::net;

constexpr std::int64_t kSecond = 1'000'000'000;
const std::string kTruth = "/tmp/sim_pace." + std::to_string(getpid()) + ".jsonl";

void pin(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  sched_setaffinity(0, sizeof set, &set);
}

double cpu_seconds(int who) {
  rusage usage{};
  getrusage(who, &usage);
  const auto seconds = [](timeval t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// A server in a child process; it ends when `stop_fd` is closed and tells its numbers through `report_fd`.
struct Child {
  pid_t pid = 0;
  int port = 0, stop_fd = -1, report_fd = -1;
};

void serve(const Value& options, int stop_fd, int report_fd) {
  pin(0);
  const auto resolved = core::sim::resolve_options(options, {}, {});
  if (!resolved) std::exit(1);
  auto server = core::sim::Server::start(*resolved);
  if (!server) std::exit(1);
  dprintf(report_fd, "%d\n", (*server)->port());
  char byte = 0;
  const double before = cpu_seconds(RUSAGE_SELF);
  while (read(stop_fd, &byte, 1) < 0) {
  }
  Value report = (*server)->stats();
  report["cpu_s"] = cpu_seconds(RUSAGE_SELF) - before;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  report["peak_rss_mb"] = usage.ru_maxrss / 1024;
  (*server)->stop();
  dprintf(report_fd, "%s\n", report.dump().c_str());
  server->reset();
  std::_Exit(0);
}

std::string read_line(int fd) {
  std::string line;
  for (char c = 0; read(fd, &c, 1) == 1 && c != '\n';) line += c;
  return line;
}

Child start_server(const Value& options) {
  int stop[2], report[2];
  if (pipe(stop) != 0 || pipe(report) != 0) std::exit(1);
  Child child;
  child.pid = fork();
  if (child.pid == 0) {
    close(stop[1]);
    serve(options, stop[0], report[1]);
  }
  close(stop[0]);
  child.stop_fd = stop[1];
  child.report_fd = report[0];
  child.port = std::atoi(read_line(child.report_fd).c_str());
  return child;
}

Value stop_server(const Child& child) {
  close(child.stop_fd);
  const auto report = Value::parse(read_line(child.report_fd));
  waitpid(child.pid, nullptr, 0);
  return report;
}

// Sends one request after another on a connection and notices where an answer ends.
struct Stream {
  net::Connection connection;
  std::string tail;
  bool busy = false;
};

class Client {
 public:
  Client(int port, int tokens)
      : address_(net::resolve("127.0.0.1", static_cast<std::uint16_t>(port)).value().front()) {
    const std::string body =
        R"({"model":"m","prompt":"one two three","stream":true,"ignore_eos":true,"max_tokens":)" +
        std::to_string(tokens) + "}";
    request_ = "POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) +
               "\r\n\r\n" + body;
  }

  void open() {
    auto stream = std::make_unique<Stream>();
    stream->connection = net::Connection(net::connect_tcp(address_).value());
    while (stream->connection.handshake() == net::Io::kBlocked) usleep(100);
    poller_.add(stream->connection.fd(), net::kRead, stream.get());
    idle_.push_back(stream.get());
    streams_.push_back(std::move(stream));
  }

  void send_one() {
    if (idle_.empty()) open();
    Stream* stream = idle_.back();
    idle_.pop_back();
    stream->busy = true;
    stream->connection.send(request_);
  }

  /// Reads what comes until `deadline_ns`; returns how many answers ended.
  int receive(std::int64_t deadline_ns) {
    int ended = 0;
    for (auto& ready : poller_.wait(deadline_ns)) {
      if (ready.owner) ended += read(*static_cast<Stream*>(ready.owner));
    }
    return ended;
  }
  std::size_t connections() const { return streams_.size(); }

 private:
  int read(Stream& stream) {
    std::size_t got = 0;
    do {
      if (stream.connection.read(buffer_, sizeof buffer_, got) != net::Io::kOk) break;
      stream.tail.append(buffer_ + (got > 5 ? got - 5 : 0), std::min<std::size_t>(got, 5));
      if (stream.tail.size() > 5) stream.tail.erase(0, stream.tail.size() - 5);
    } while (got == sizeof buffer_);
    if (!stream.busy || stream.tail != "0\r\n\r\n") return 0;
    stream.busy = false;
    stream.tail.clear();
    idle_.push_back(&stream);
    return 1;
  }

  net::Address address_;
  std::string request_;
  net::Poller poller_;
  std::vector<std::unique_ptr<Stream>> streams_;
  std::vector<Stream*> idle_;
  char buffer_[65536];
};

double percentile(std::vector<double>& values, double p) {
  if (values.empty()) return -1;
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(p / 100 * static_cast<double>(values.size() - 1))];
}

// Per stream, in ms: how much longer it took from first to last token than intended; per token: how late it
// was.
Value deviations(std::int64_t from_ns, std::int64_t to_ns) {
  std::vector<double> drifts, lateness;
  std::ifstream file(kTruth);
  std::int64_t tokens = 0;
  for (std::string line; std::getline(file, line);) {
    const auto record = Value::parse(line);
    const auto intended = record["intended_ns"].get<std::vector<std::int64_t>>();
    const auto sent = record["sent_ns"].get<std::vector<std::int64_t>>();
    if (record["arrival_ns"] < from_ns || record["arrival_ns"] > to_ns || sent.empty()) continue;
    tokens += static_cast<std::int64_t>(sent.size());
    drifts.push_back(
        static_cast<double>((sent.back() - intended.back()) - (sent.front() - intended.front())) / 1e6);
    for (std::size_t i = 0; i < sent.size(); ++i)
      lateness.push_back(static_cast<double>(sent[i] - intended[i]) / 1e6);
  }
  Value result = {{"streams", drifts.size()}, {"tokens", tokens}};
  std::vector<double> sizes;
  for (const double drift : drifts) sizes.push_back(std::abs(drift));
  for (const auto& [name, p] : {std::pair{"p50", 50.0}, {"p90", 90.0}, {"p99", 99.0}, {"max", 100.0}}) {
    result[std::string("abs_drift_ms_") + name] = percentile(sizes, p);
    result[std::string("late_ms_") + name] = percentile(lateness, p);
  }
  double sum = 0;
  for (const double drift : drifts) sum += drift;
  result["mean_drift_ms"] = drifts.empty() ? 0 : sum / static_cast<double>(drifts.size());
  return result;
}

Value server_options(const Value& more) {
  Value options = {
      {"host", "127.0.0.1"},      {"port", 0}, {"model", "m"}, {"threads", 1}, {"max-num-seqs", 100'000},
      {"max-model-len", 100'000}, {"seed", 1}};
  options.update(more);
  return options;
}

std::vector<std::int64_t> poisson(double rate, double seconds) {
  core::sim::Random random(1);
  std::vector<std::int64_t> arrivals;
  for (double at = 0; at < seconds; at -= std::log(1 - random.uniform()) / rate) {
    arrivals.push_back(static_cast<std::int64_t>(at * 1e9));
  }
  return arrivals;
}

int run_paced(double rate, int tokens, double seconds) {
  const auto child = start_server(
      server_options({{"time-to-first-token", "50ms"}, {"inter-token-latency", "20ms"}, {"truth", kTruth}}));
  pin(1);
  Client client(child.port, tokens);
  const auto begin = net::now_ns() + kSecond / 10;
  const auto arrivals = poisson(rate, seconds);  // even ones would make many tokens due at the same instant
  const auto total = static_cast<std::int64_t>(arrivals.size());
  std::int64_t sent = 0, ended = 0;
  while (ended < total) {
    const auto due = sent < total ? begin + arrivals[static_cast<std::size_t>(sent)] : net::kNever;
    if (net::now_ns() >= due) {
      client.send_one();
      ++sent;
      ended += client.receive(0);
    } else {
      ended += client.receive(due);
    }
  }
  const auto end = net::now_ns();
  auto report = stop_server(child);
  // The middle, where as many streams run as the rate demands: from one stream length after the start to the
  // last send.
  const auto stream_ns = 50'000'000 + (tokens - 1) * std::int64_t{20'000'000};
  const auto last_send = begin + static_cast<std::int64_t>(seconds * 1e9);
  Value result = {
      {"mode", "paced"}, {"rate", rate}, {"tokens", tokens}, {"offered_tokens_per_s", rate * tokens}};
  result.update(deviations(begin + stream_ns, last_send));
  result["server_cpu_s"] = report["cpu_s"];
  result["wall_s"] = static_cast<double>(end - begin) / 1e9;
  result["server_cpu_us_per_token"] =
      report["cpu_s"].get<double>() * 1e6 / report["generation_tokens"].get<double>();
  result["connections"] = client.connections();
  std::printf("%s\n", result.dump().c_str());
  unlink(kTruth.c_str());
  return 0;
}

int run_open(int streams) {
  const int tokens = 10;
  const auto child = start_server(
      server_options({{"time-to-first-token", "10s"}, {"inter-token-latency", "1s"}, {"truth", kTruth}}));
  pin(1);
  Client client(child.port, tokens);
  const auto begin = net::now_ns();
  for (int i = 0; i < streams; ++i) client.open();
  const auto all_open = net::now_ns();
  for (int i = 0; i < streams; ++i) client.send_one();
  const auto all_sent = net::now_ns();
  int ended = 0;
  while (ended < streams && net::now_ns() < all_sent + 60 * kSecond)
    ended += client.receive(all_sent + 60 * kSecond);
  const auto report = stop_server(child);
  Value result = {{"mode", "open"}, {"streams_wanted", streams}, {"streams_ended", ended}};
  result["connected_in_s"] = static_cast<double>(all_open - begin) / 1e9;
  result["sent_in_s"] = static_cast<double>(all_sent - all_open) / 1e9;  // less than 10: all are open at once
  result.update(deviations(begin, net::kNever));
  result["server_peak_rss_mb"] = report["peak_rss_mb"];
  result["server_cpu_s"] = report["cpu_s"];
  std::printf("%s\n", result.dump().c_str());
  unlink(kTruth.c_str());
  return ended == streams ? 0 : 1;
}

int run_burst(int connections, int tokens, double seconds, int tokens_per_write) {
  const auto child = start_server(server_options({{"tokens-per-write", tokens_per_write}}));
  pin(1);
  Client client(child.port, tokens);
  for (int i = 0; i < connections; ++i) client.send_one();
  const auto begin = net::now_ns();
  const auto limit = begin + static_cast<std::int64_t>(seconds * 1e9);
  std::int64_t ended = 0;
  while (net::now_ns() < limit) {
    const int now_ended = client.receive(limit);
    for (int i = 0; i < now_ended; ++i) client.send_one();
    ended += now_ended;
  }
  const double wall = static_cast<double>(net::now_ns() - begin) / 1e9;
  const auto report = stop_server(child);
  const Value result = {{"mode", "burst"},
                        {"tokens", tokens},
                        {"tokens_per_write", tokens_per_write},
                        {"requests_per_s", static_cast<double>(ended) / wall},
                        {"tokens_per_s", static_cast<double>(ended) * tokens / wall},
                        {"server_cpu_share", report["cpu_s"].get<double>() / wall}};
  std::printf("%s\n", result.dump().c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  core::net::raise_open_files(65536);
  const std::string mode = argc > 1 ? argv[1] : "";
  if (mode == "paced" && argc == 5)
    return run_paced(std::atof(argv[2]), std::atoi(argv[3]), std::atof(argv[4]));
  if (mode == "open" && argc == 3) return run_open(std::atoi(argv[2]));
  if (mode == "burst" && argc == 6) {
    return run_burst(std::atoi(argv[2]), std::atoi(argv[3]), std::atof(argv[4]), std::atoi(argv[5]));
  }
  std::fprintf(stderr,
               "usage: sim_pace paced RATE TOKENS SECONDS | open STREAMS | burst CONNECTIONS TOKENS SECONDS "
               "TOKENS_PER_WRITE\n");
  return 2;
}
