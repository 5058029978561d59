#include "core/sim/server.hpp"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <mutex>
#include <thread>

#include "core/net/address.hpp"
#include "core/net/monotonic.hpp"
#include "core/net/socket.hpp"
#include "core/sim/shared.hpp"
#include "core/sim/worker.hpp"

namespace core::sim {

namespace {

constexpr std::size_t kWantedFiles = 65536;
constexpr std::size_t kFewFiles = 1024;

Result<std::shared_ptr<net::TlsContext>> make_tls(const Options& options) {
  if (options.self_signed_certs) return net::TlsContext::server(net::make_self_signed());
  if (options.ssl_certfile.empty()) return std::shared_ptr<net::TlsContext>();
  return net::TlsContext::server(net::TlsServerOptions{options.ssl_certfile, options.ssl_keyfile, ""});
}

std::string hex(std::uint64_t number) {
  char text[20];
  std::snprintf(text, sizeof text, "%08x", static_cast<unsigned>(number >> 32));
  return text;
}

std::string variable(const Environment& environment, const char* name) {
  return environment ? environment(name).value_or("") : "";
}

// Header lines that tell which pod answered, as the sidecars of a cluster expect them.
std::string pod_headers(const Environment& environment, std::uint16_t port) {
  const auto pod = variable(environment, "POD_NAME"), space = variable(environment, "POD_NAMESPACE");
  const auto clean = [](const std::string& text) { return text.find_first_of("\r\n") == std::string::npos; };
  std::string lines;
  if (!pod.empty() && clean(pod)) {
    lines += "x-inference-pod: " + pod + "\r\nx-inference-port: " + std::to_string(port) + "\r\n";
  }
  if (!space.empty() && clean(space)) lines += "x-inference-namespace: " + space + "\r\n";
  return lines;
}

void log_to_stderr(const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); }

std::int64_t thread_count(const Options& options) {
  return options.threads > 0 ? options.threads : std::max(1u, std::thread::hardware_concurrency());
}

Result<net::Fd> listen_on(const Options& options) {
  auto addresses = net::resolve(options.host, static_cast<std::uint16_t>(options.port));
  if (!addresses) return addresses.error();
  return net::listen_tcp(addresses->front());
}

}  // namespace

Result<std::unique_ptr<Server>> Server::start(const Options& options, const Surroundings& surroundings) {
  auto adapters = parse_adapters(options.lora_modules);
  if (!adapters) return adapters.error();
  auto shared = std::make_unique<Shared>(options, std::move(*adapters));
  auto tls = make_tls(options);
  if (!tls) return tls.error();
  shared->tls = *tls;
  auto listener = listen_on(options);
  if (!listener) return listener.error();
  if (!options.truth.empty()) {
    auto truth = TruthLog::open(options.truth);
    if (!truth) return truth.error();
    shared->truth = std::move(*truth);
  }
  shared->port = net::local_port(*listener);
  shared->log = surroundings.log ? surroundings.log : log_to_stderr;
  shared->pod_headers = pod_headers(surroundings.environment, shared->port);
  shared->offers_sleep =
      options.enable_sleep_mode && variable(surroundings.environment, "VLLM_SERVER_DEV_MODE") == "1";
  shared->started_ns = net::now_ns();
  shared->started_s = std::time(nullptr);
  const auto clock_seed = mix_seed(static_cast<std::uint64_t>(shared->started_ns), shared->port);
  shared->seed = options.seed != 0 ? static_cast<std::uint64_t>(options.seed) : clock_seed;
  shared->run_id = hex(clock_seed);
  const auto files = net::raise_open_files(kWantedFiles);
  if (files < kFewFiles) {
    shared->log("only " + std::to_string(files) +
                " open files are allowed; raise ulimit -n for more connections");
  }
  for (std::int64_t i = 0; i < thread_count(options); ++i) {
    shared->workers.push_back(
        std::make_unique<Worker>(*shared, i, i == 0 ? std::move(listener).value() : net::Fd()));
  }
  for (auto& worker : shared->workers) worker->start();
  return std::unique_ptr<Server>(new Server(std::move(shared)));
}

Server::Server(std::unique_ptr<Shared> shared) : shared_(std::move(shared)) {}

Server::~Server() { stop(); }

void Server::stop() {
  for (auto& worker : shared_->workers) worker->stop();
}

std::uint16_t Server::port() const { return shared_->port; }

std::string Server::url() const {
  auto host = shared_->options.host;
  if (host == "0.0.0.0") host = "127.0.0.1";
  if (host == "::") host = "::1";
  if (host.find(':') != std::string::npos && host.front() != '[') host = '[' + host + ']';
  return (shared_->tls ? "https://" : "http://") + host + ':' + std::to_string(shared_->port);
}

void Server::flush_truth() {
  if (shared_->truth) shared_->truth->flush();
}

Value Server::stats() const {
  const auto total = [&](Counter Metrics::*member) {
    std::int64_t sum = 0;
    for (const auto& worker : shared_->workers) sum += (worker->metrics().*member).value();
    return sum;
  };
  std::int64_t open = 0;
  for (const auto& worker : shared_->workers) open += worker->open_connections();
  Value stats = {{"running", shared_->admission.running()},
                 {"waiting", shared_->admission.waiting()},
                 {"open_connections", open},
                 {"http_requests", total(&Metrics::http_requests)},
                 {"http_errors", total(&Metrics::http_errors)},
                 {"prompt_tokens", total(&Metrics::prompt_tokens)},
                 {"generation_tokens", total(&Metrics::generation_tokens)},
                 {"cache_queries", total(&Metrics::cache_queries)},
                 {"cache_hits", total(&Metrics::cache_hits)}};
  for (std::size_t i = 0; i < kFinishNames.size(); ++i) {
    std::int64_t sum = 0;
    for (const auto& worker : shared_->workers) sum += worker->metrics().finished[i].value();
    stats[std::string("finished_") + kFinishNames[i]] = sum;
  }
  stats["uptime_s"] = static_cast<double>(net::now_ns() - shared_->started_ns) / 1e9;
  if (shared_->truth && !shared_->truth->problem().empty())
    stats["truth_problem"] = shared_->truth->problem();
  return stats;
}

}  // namespace core::sim
