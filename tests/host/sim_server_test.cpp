// The simulator as a server: connections, pacing, queueing, caching, the truth log, stopping.
#include <random>
#include <thread>

#include "core/net/monotonic.hpp"
#include "sim_client.hpp"

using core::Value;
using namespace test;  // NOLINT: the vocabulary of these tests

TEST_CASE("what is not HTTP, too long or too large is refused and the connection closed") {
  auto server = start_sim({{"max-request-body-size-mb", 1}});
  {
    HttpClient client(server->port());
    client.send("\x16\x03\x01 hello\r\n\r\n");
    CHECK(client.read().status == 400);
    CHECK(client.closed());
  }
  {
    HttpClient client(server->port());
    client.send("GET / HTTP/1.1\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n");
    CHECK(client.read().status == 431);
  }
  {
    HttpClient client(server->port());
    client.send_request("POST", "/v1/completions", std::string(3 << 20, ' '));
    const auto reply = client.read();  // while its body was still coming
    CHECK(reply.status == 413);
    CHECK(reply.json()["error"]["code"] == 413);
  }
  HttpClient client(server->port());
  client.send("GET /health HTTP/3.0\r\n\r\n");
  CHECK(client.read().status == 505);
}

TEST_CASE("damaged requests never keep the server from serving the next client") {
  auto server = start_sim({{"max-request-body-size-mb", 1}});
  const auto body = with(kFour, {{"stream", true}}).dump();
  const auto good =
      "POST /v1/completions HTTP/1.1\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  std::mt19937 random(17);
  for (int round = 0; round < 400; ++round) {
    auto text = good + good;
    for (int i = 0; i < 4; ++i) text[random() % text.size()] = static_cast<char>(random());
    HttpClient client(server->port());
    client.send(text.substr(0, random() % text.size() + 1));  // and hangs up at once
  }
  CHECK(HttpClient(server->port()).post("/v1/completions", kFour).status == 200);
  CHECK(eventually(
      [&] { return server->stats()["open_connections"] == 0 && server->stats()["running"] == 0; }));
}

TEST_CASE("a client that does not read is given up instead of filling the memory") {
  auto server = start_sim({{"max-model-len", 1'000'000}, {"tokens-per-write", 4096}});
  HttpClient lazy(server->port());
  lazy.send_request("POST", "/v1/completions",
                    with(kFour, {{"max_tokens", 400'000}, {"stream", true}}).dump());
  CHECK(eventually([&] { return server->stats()["finished_abort"] == 1; }));
  CHECK(server->stats()["generation_tokens"] < 300'000);
  CHECK(HttpClient(server->port()).get("/health").status == 200);
}

TEST_CASE("requests in pieces, in chunks, in a row and with 100-continue are understood") {
  auto server = start_sim();
  HttpClient client(server->port());
  const auto body = kFour.dump();
  const auto request =
      "POST /v1/completions HTTP/1.1\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  for (const char c : request) client.send(std::string(1, c));
  CHECK(client.read().status == 200);

  client.send(request + request + "GET /health HTTP/1.1\r\n\r\n");
  CHECK(client.read().json()["usage"]["completion_tokens"] == 4);
  CHECK(client.read().json()["usage"]["completion_tokens"] == 4);
  CHECK(client.read().status == 200);

  char size[20];
  std::snprintf(size, sizeof size, "%zx", body.size());
  client.send("POST /v1/completions HTTP/1.1\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n");
  client.send(std::string(size) + "\r\n" + body + "\r\n0\r\n\r\n");
  CHECK(client.read().status == 200);
}

TEST_CASE("HTTP/1.0 and Connection: close end with the connection") {
  auto server = start_sim();
  const auto body = with(kFour, {{"stream", true}}).dump();
  HttpClient old(server->port());
  old.send("POST /v1/completions HTTP/1.0\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
           body);
  const auto reply = old.read();
  CHECK(reply.headers.count("transfer-encoding") == 0);
  CHECK(reply.events().size() == 5);
  CHECK(reply.done());
  HttpClient closing(server->port());
  CHECK(closing.request("GET", "/health", "", "Connection: close\r\n").headers.at("connection") == "close");
  CHECK(closing.closed());
}

TEST_CASE("a known prefix is reported, counted and skips its prefill") {
  TempPath truth;
  auto server = start_sim({{"enable-kvcache", true},
                           {"prefill-time-per-token", "1ms"},
                           {"truth", truth.path},
                           {"enable-prefix-caching", true}});
  HttpClient client(server->port());
  Value ids = Value::array();
  for (int i = 0; i < 40; ++i) ids.push_back(i + 300);
  const Value ask = with(kFour, {{"prompt", ids}});
  CHECK(client.post("/v1/completions", ask).json()["usage"]["prompt_tokens_details"]["cached_tokens"] == 0);
  CHECK(client.post("/v1/completions", ask).json()["usage"]["prompt_tokens_details"]["cached_tokens"] == 32);
  const auto page = client.get("/metrics").body;
  CHECK(sample(page, "vllm:prefix_cache_queries_total{model_name=\"m\"}") == 80);
  CHECK(sample(page, "vllm:prefix_cache_hits_total{model_name=\"m\"}") == 32);
  CHECK(sample(page, "vllm:cache_config_info{block_size=\"16\",num_gpu_blocks=\"1024\"}") == 1);
  const auto lines = read_truth(*server, truth.path);
  REQUIRE(lines.size() == 2);
  const auto prefill = [&](std::size_t i) {
    return lines[i]["intended_ns"][0].get<std::int64_t>() - lines[i]["admitted_ns"].get<std::int64_t>();
  };
  CHECK(prefill(0) == 40'000'000);
  CHECK(prefill(1) == 8'000'000);
  CHECK(lines[1]["cached_tokens"] == 32);
}

TEST_CASE("the truth log tells what was intended and that nothing was sent before its time") {
  TempPath truth;
  auto server =
      start_sim({{"truth", truth.path}, {"time-to-first-token", "20ms"}, {"inter-token-latency", "3ms"}});
  HttpClient client(server->port());
  const auto begin = core::net::now_ns();
  const auto reply = client.post("/v1/completions", with(kFour, {{"stream", true}, {"max_tokens", 20}}),
                                 "X-Request-Id: join-me\r\n");
  const auto end = core::net::now_ns();
  CHECK(client.post("/v1/completions", {{"model", "wrong"}}).status == 404);
  const auto lines = read_truth(*server, truth.path);
  REQUIRE(lines.size() == 2);
  const auto& line = lines[0];
  CHECK(line["id"] == reply.events()[0]["id"]);
  CHECK(line["request_id"] == "join-me");
  CHECK(line["endpoint"] == "/v1/completions");
  CHECK(line["outcome"] == "length");
  CHECK(line["stream"] == true);
  CHECK(line["completion_tokens"] == 20);
  CHECK(line["arrival_ns"] >= begin);
  CHECK(line["end_ns"] <= end + 1'000'000'000);
  const auto intended = line["intended_ns"].get<std::vector<std::int64_t>>();
  const auto sent = line["sent_ns"].get<std::vector<std::int64_t>>();
  REQUIRE(sent.size() == 20);
  CHECK(intended[0] == line["arrival_ns"].get<std::int64_t>() + 20'000'000);
  for (std::size_t i = 0; i < 20; ++i) {
    CHECK(intended[i] == intended[0] + static_cast<std::int64_t>(i) * 3'000'000);  // absolute, no drift
    CHECK(sent[i] >= intended[i]);
  }
  CHECK(lines[1]["outcome"] == "rejected");
  CHECK(lines[1]["status"] == 404);
}

TEST_CASE("the same seed gives the same plan") {
  const auto plan = [](int seed) {
    TempPath truth;
    auto server = start_sim({{"truth", truth.path},
                             {"seed", seed},
                             {"threads", 1},
                             {"time-to-first-token", "2ms"},
                             {"time-to-first-token-std-dev", "500us"},
                             {"inter-token-latency", "1ms"},
                             {"inter-token-latency-std-dev", "300us"}});
    HttpClient client(server->port());
    for (int i = 0; i < 3; ++i) client.post("/v1/completions", {{"prompt", "a"}, {"max_tokens", 30}});
    std::vector<std::int64_t> gaps;
    for (const auto& line : read_truth(*server, truth.path)) {
      for (const auto& due : line["intended_ns"]) {
        gaps.push_back(due.get<std::int64_t>() - line["admitted_ns"].get<std::int64_t>());
      }
    }
    return gaps;
  };
  const auto one = plan(5);
  CHECK(one.size() > 3);
  CHECK(plan(5) == one);
  CHECK(plan(6) != one);
}

TEST_CASE("sequences run up to max-num-seqs, wait in the queue and are refused beyond, across threads") {
  auto server = start_sim(
      {{"max-num-seqs", 3}, {"max-waiting-queue-length", 2}, {"time-to-first-token", "1h"}, {"threads", 3}});
  std::vector<std::unique_ptr<HttpClient>> clients;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(std::make_unique<HttpClient>(server->port()));
    clients.back()->send_request("POST", "/v1/completions", kFour.dump());
  }
  REQUIRE(eventually([&] { return server->stats()["waiting"] == 2; }));
  CHECK(server->stats()["running"] == 3);
  HttpClient other(server->port());
  const auto refused = other.post("/v1/completions", kFour);
  CHECK(refused.status == 429);
  CHECK(refused.json()["error"]["type"] == "RateLimitError");
  const auto page = other.get("/metrics").body;
  CHECK(sample(page, "vllm:num_requests_running{model_name=\"m\"}") == 3);
  CHECK(sample(page, "vllm:num_requests_waiting{model_name=\"m\"}") == 2);

  clients.resize(4);  // the last one, which waits or runs, hangs up
  REQUIRE(eventually(
      [&] { return server->stats()["running"].get<int>() + server->stats()["waiting"].get<int>() == 4; }));
  clients.clear();
  REQUIRE(eventually([&] { return server->stats()["running"] == 0 && server->stats()["waiting"] == 0; }));
}

TEST_CASE("a queued sequence starts when a slot gets free, on whatever thread") {
  TempPath truth;
  auto server = start_sim({{"max-num-seqs", 1}, {"time-to-first-token", "10ms"}, {"truth", truth.path}});
  std::vector<std::unique_ptr<HttpClient>> clients;
  for (int i = 0; i < 6; ++i) {
    clients.push_back(std::make_unique<HttpClient>(server->port()));
    clients.back()->send_request("POST", "/v1/completions", with(kFour, {{"stream", i % 2 == 0}}).dump());
  }
  for (auto& client : clients) CHECK(client->read().status == 200);
  auto lines = read_truth(*server, truth.path);
  REQUIRE(lines.size() == 6);
  std::int64_t last_end = 0;
  for (const auto& line :
       lines) {  // one after the other: none was admitted before the previous one had its last token
    CHECK(line["admitted_ns"].get<std::int64_t>() >= last_end);
    last_end = line["intended_ns"][3].get<std::int64_t>();
    CHECK(line["queue_ns"] ==
          line["admitted_ns"].get<std::int64_t>() - line["arrival_ns"].get<std::int64_t>());
  }
}

TEST_CASE("metrics count what happened") {
  auto server = start_sim({{"time-to-first-token", "2ms"}});
  HttpClient client(server->port());
  for (int i = 0; i < 3; ++i) client.post("/v1/completions", with(kFour, {{"stream", i > 0}}));
  const auto page = client.get("/metrics");
  CHECK(page.headers.at("content-type").rfind("text/plain; version=0.0.4", 0) == 0);
  const auto value = [&](const std::string& name) { return sample(page.body, name + "{model_name=\"m\"}"); };
  CHECK(value("vllm:prompt_tokens_total") == 9);
  CHECK(value("vllm:generation_tokens_total") == 12);
  CHECK(value("vllm:time_to_first_token_seconds_count") == 3);
  CHECK(value("vllm:time_to_first_token_seconds_sum") >= 0.006);
  CHECK(value("vllm:inter_token_latency_seconds_count") == 9);
  CHECK(value("vllm:e2e_request_latency_seconds_count") == 3);
  CHECK(value("vllm:request_generation_tokens_sum") == 12);
  CHECK(value("vllm:request_params_max_tokens_sum") == 12);
  CHECK(value("sim:intended_time_to_first_token_seconds_sum") == Approx(0.006));
  CHECK(sample(page.body, "vllm:request_success_total{finished_reason=\"length\",model_name=\"m\"}") == 3);
  CHECK(server->stats()["finished_length"] == 3);
}

TEST_CASE("a client that hangs up in the middle frees its slot and is counted as aborted") {
  TempPath truth;
  auto server = start_sim({{"inter-token-latency", "1h"}, {"max-num-seqs", 1}, {"truth", truth.path}});
  {
    HttpClient client(server->port());
    client.send_request("POST", "/v1/completions", with(kFour, {{"stream", true}}).dump());
    REQUIRE(eventually([&] { return server->stats()["generation_tokens"] == 1; }));
  }
  REQUIRE(eventually([&] { return server->stats()["running"] == 0; }));
  CHECK(server->stats()["finished_abort"] == 1);
  REQUIRE(eventually([&] { return server->stats()["open_connections"] == 0; }));
  const auto lines = read_truth(*server, truth.path);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0]["outcome"] == "cancelled");
  CHECK(lines[0]["completion_tokens"] == 1);
}

TEST_CASE("stopping ends streams with an error and frees the port") {
  auto server = start_sim({{"inter-token-latency", "1h"}});
  const auto port = server->port();
  HttpClient streaming(port), waiting(port), idle(port);
  streaming.send_request("POST", "/v1/completions", with(kFour, {{"stream", true}}).dump());
  waiting.send_request("POST", "/v1/completions", kFour.dump());
  REQUIRE(eventually([&] { return server->stats()["generation_tokens"] == 2; }));
  server->stop();
  server->stop();
  const auto cut = streaming.read();
  CHECK(cut.complete);
  CHECK(cut.done());
  CHECK(cut.events().back()["error"]["code"] == 503);
  CHECK(waiting.read().status == 503);
  CHECK(idle.closed());
  CHECK(start_sim({{"port", port}})->port() == port);
}

TEST_CASE("a taken port, a missing certificate and a bad adapter keep the server from starting") {
  auto server = start_sim();
  const auto problem = [](const Value& options) {
    auto resolved = core::sim::resolve_options(options, {}, {});
    REQUIRE(resolved.ok());
    const auto started = core::sim::Server::start(*resolved);
    REQUIRE_FALSE(started.ok());
    return started.error().code;
  };
  const Value base = {{"model", "m"}, {"host", "127.0.0.1"}, {"port", 0}};
  CHECK(problem(with(base, {{"port", server->port()}})) == "conflict");
  CHECK(problem(with(base, {{"ssl-certfile", "/no/c.pem"}, {"ssl-keyfile", "/no/k.pem"}})) == "not_found");
  CHECK(problem(with(base, {{"lora-modules", {"nonsense"}}})) == "invalid");
  CHECK(problem(with(base, {{"host", "no such host.invalid"}})) == "not_found");
  CHECK(problem(with(base, {{"truth", "/no/such/dir/t"}})) == "not_found");
}

TEST_CASE("HTTPS with a certificate made for the run") {
  auto server = start_sim({{"self-signed-certs", true}, {"inter-token-latency", "1ms"}});
  CHECK(server->url().rfind("https://127.0.0.1:", 0) == 0);
  core::net::TlsClientOptions insecure;
  insecure.insecure = true;
  auto tls = core::net::TlsContext::client(insecure);
  REQUIRE(tls.ok());
  HttpClient client(server->port(), *tls);
  const auto reply = client.post("/v1/completions", with(kFour, {{"stream", true}}));
  CHECK(reply.events().size() == 5);
  CHECK(reply.done());
  CHECK(client.post("/v1/completions", with(kFour, {{"prompt", std::string(2'000'000, 'a')}})).status == 400);
  HttpClient plain(server->port());
  plain.send("GET /health HTTP/1.1\r\n\r\n");
  CHECK(plain.closed());
}

TEST_CASE("log-http prints a line per request") {
  std::mutex mutex;
  std::vector<std::string> lines;
  core::sim::Server::Surroundings logged;
  logged.log = [&](const std::string& line) {
    const std::lock_guard lock(mutex);
    lines.push_back(line);
  };
  auto server = start_sim({{"log-http", true}}, logged);
  HttpClient client(server->port());
  client.get("/health");
  client.post("/v1/completions", with(kFour, {{"stream", true}}));
  client.post("/v1/completions", {});
  server->stop();
  CHECK(lines ==
        std::vector<std::string>{"GET /health 200", "POST /v1/completions 200", "POST /v1/completions 400"});
}

namespace {

// As many streams as the machine lets one process have both ends of, at most 2,500.
std::vector<std::unique_ptr<HttpClient>> open_streams(std::uint16_t port) {
  const auto files = core::net::raise_open_files(6000);
  const auto count = std::min<std::size_t>(2500, (files - 200) / 2);
  REQUIRE(count >= 2000);
  std::vector<std::unique_ptr<HttpClient>> clients;
  const auto body = with(kFour, {{"stream", true}}).dump();
  for (std::size_t i = 0; i < count; ++i) {
    clients.push_back(std::make_unique<HttpClient>(port));
    clients.back()->send_request("POST", "/v1/completions", body);
  }
  return clients;
}

}  // namespace

TEST_CASE("thousands of streams run at the same time and all are told when the server stops") {
  auto server = start_sim({{"max-num-seqs", 10'000}, {"time-to-first-token", "1h"}});
  const auto clients = open_streams(server->port());
  REQUIRE(eventually([&] { return server->stats()["running"] == clients.size(); }));
  server->stop();
  std::size_t told = 0;
  for (auto& client : clients) told += client->read().status == 503;
  CHECK(told == clients.size());
  CHECK(server->stats()["finished_abort"] == clients.size());
}

TEST_CASE("thousands of streams are served to the end") {
  auto server =
      start_sim({{"max-num-seqs", 10'000}, {"time-to-first-token", "5ms"}, {"inter-token-latency", "100ms"}});
  const auto clients = open_streams(server->port());
  std::size_t good = 0;
  for (auto& client : clients) {
    const auto reply = client->read();
    good += reply.done() && reply.events().size() == 5;
  }
  CHECK(good == clients.size());
  CHECK(server->stats()["generation_tokens"] == 4 * clients.size());
  CHECK(server->stats()["open_connections"] == clients.size());
}
