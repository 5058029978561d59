// The simulator through its sockets: every endpoint, bad input, pacing, queueing, caching, stopping.
#include <atomic>
#include <fstream>
#include <thread>

#include <unistd.h>

#include "core/net/monotonic.hpp"
#include "sim_client.hpp"

using core::Value;
using test::HttpClient;
using test::sample;
using test::start_sim;

namespace {

const Value kFour = {{"model", "m"}, {"prompt", "one two three"}, {"max_tokens", 4}, {"ignore_eos", true}};

Value with(Value base, const Value& more) {
  base.update(more);
  return base;
}

Value chat(const Value& content, const Value& more = Value::object()) {
  return with(
      {{"model", "m"}, {"messages", {{{"role", "user"}, {"content", content}}}}, {"ignore_eos", true}}, more);
}

std::string text_of(const std::vector<Value>& events, const char* field) {
  std::string text;
  for (const auto& event : events) {
    if (event["choices"].empty()) continue;
    const auto& choice = event["choices"][0];
    text += field == std::string("text") ? choice["text"].get<std::string>()
                                         : choice["delta"].value("content", "");
  }
  return text;
}

std::vector<Value> read_truth(core::sim::Server& server, const std::string& path) {
  server.flush_truth();
  std::ifstream file(path);
  std::vector<Value> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(Value::parse(line));
  return lines;
}

struct TempPath {
  std::string path;
  TempPath() {
    char name[] = "/tmp/sim-test-XXXXXX";
    close(mkstemp(name));
    path = name;
  }
  ~TempPath() { unlink(path.c_str()); }
};

// Waits up to about ten seconds.
template <class Condition>
bool eventually(Condition condition) {
  for (int i = 0; i < 10'000; ++i) {
    if (condition()) return true;
    usleep(1000);
  }
  return false;
}

}  // namespace

TEST_CASE("a completion is answered in one piece") {
  auto server = start_sim();
  HttpClient client(server->port());
  const auto reply = client.post("/v1/completions", kFour);
  CHECK(reply.status == 200);
  CHECK(reply.headers.at("content-type") == "application/json");
  const auto body = reply.json();
  CHECK(body["object"] == "text_completion");
  CHECK(body["model"] == "m");
  CHECK(body["id"].get<std::string>().rfind("cmpl-", 0) == 0);
  CHECK(body["choices"][0]["text"] == " the the the the");
  CHECK(body["choices"][0]["finish_reason"] == "length");
  CHECK(body["usage"] == Value({{"prompt_tokens", 3}, {"total_tokens", 7}, {"completion_tokens", 4}}));
}

TEST_CASE("a completion is streamed token by token") {
  auto server = start_sim({{"inter-token-latency", "2ms"}});
  HttpClient client(server->port());
  const auto reply = client.post(
      "/v1/completions", with(kFour, {{"stream", true}, {"stream_options", {{"include_usage", true}}}}));
  CHECK(reply.status == 200);
  CHECK(reply.headers.at("content-type") == "text/event-stream; charset=utf-8");
  CHECK(reply.done());
  const auto events = reply.events();
  REQUIRE(events.size() == 6);  // four tokens, the end, usage
  CHECK(text_of(events, "text") == " the the the the");
  CHECK(events[0]["choices"][0]["finish_reason"].is_null());
  CHECK(events[0]["usage"].is_null());
  CHECK(events[4]["choices"][0]["finish_reason"] == "length");
  CHECK(events[5]["choices"].empty());
  CHECK(events[5]["usage"]["completion_tokens"] == 4);
  CHECK(client.get("/health").status == 200);  // the connection lives on
}

TEST_CASE("a stream without stream_options has no usage") {
  auto server = start_sim();
  const auto events =
      HttpClient(server->port()).post("/v1/completions", with(kFour, {{"stream", true}})).events();
  REQUIRE(events.size() == 5);
  for (const auto& event : events) CHECK_FALSE(event.contains("usage"));
}

TEST_CASE("continuous usage counts along") {
  auto server = start_sim();
  const auto events =
      HttpClient(server->port())
          .post(
              "/v1/completions",
              with(kFour, {{"stream", true},
                           {"stream_options", {{"include_usage", true}, {"continuous_usage_stats", true}}}}))
          .events();
  REQUIRE(events.size() == 6);
  for (int i = 0; i < 4; ++i)
    CHECK(events[static_cast<std::size_t>(i)]["usage"]["completion_tokens"] == i + 1);
}

TEST_CASE("a chat is answered, streamed or not, with text or parts as content") {
  auto server = start_sim();
  HttpClient client(server->port());
  const auto body = client.post("/v1/chat/completions", chat("hello", {{"max_tokens", 2}})).json();
  CHECK(body["object"] == "chat.completion");
  CHECK(body["choices"][0]["message"] == Value({{"role", "assistant"}, {"content", " the the"}}));
  const auto prompt_tokens = body["usage"]["prompt_tokens"];

  const Value parts = {{{"type", "text"}, {"text", "hel"}}, {{"type", "text"}, {"text", "lo"}}};
  const auto reply =
      client.post("/v1/chat/completions", chat(parts, {{"max_completion_tokens", 3},
                                                       {"max_tokens", 9},
                                                       {"stream", true},
                                                       {"stop", nullptr},
                                                       {"stream_options", {{"include_usage", true}}}}));
  const auto events = reply.events();
  REQUIRE(events.size() == 6);  // role, three tokens, the end, usage
  CHECK(events[0]["object"] == "chat.completion.chunk");
  CHECK(events[0]["choices"][0]["delta"]["role"] == "assistant");
  CHECK_FALSE(events[1]["choices"][0]["delta"].contains("role"));
  CHECK(text_of(events, "content") == " the the the");
  CHECK(events[5]["usage"]["prompt_tokens"] == prompt_tokens);
  CHECK(reply.done());
}

TEST_CASE("prompts may be texts, token ids and lists of them") {
  auto server = start_sim();
  HttpClient client(server->port());
  const auto prompt_tokens = [&](const Value& prompt) {
    return client.post("/v1/completions", with(kFour, {{"prompt", prompt}}))
        .json()["usage"]["prompt_tokens"]
        .get<int>();
  };
  CHECK(prompt_tokens("a b c d") == 4);
  CHECK(prompt_tokens({1, 2, 3, 4, 5}) == 5);
  CHECK(prompt_tokens({"a", "b c"}) == 3);
  CHECK(prompt_tokens({{1, 2}, {3}}) == 3);

  const auto body = client.post("/v1/completions", with(kFour, {{"prompt", {"a", "b"}}})).json();
  REQUIRE(body["choices"].size() == 2);
  CHECK(body["choices"][1]["index"] == 1);
  CHECK(body["usage"]["completion_tokens"] == 8);

  const auto events =
      client.post("/v1/completions", with(kFour, {{"prompt", {"a", "b", "c"}}, {"stream", true}})).events();
  std::map<int, int> chunks;
  for (const auto& event : events) ++chunks[event["choices"][0]["index"].get<int>()];
  CHECK(chunks == std::map<int, int>{{0, 5}, {1, 5}, {2, 5}});
}

TEST_CASE("stop texts, min_tokens and echo mode shape the answer") {
  auto server = start_sim({{"mode", "echo"}});
  HttpClient client(server->port());
  const auto answer = [&](const Value& body) {
    return client.post("/v1/completions", body).json()["choices"][0];
  };
  CHECK(answer({{"prompt", "caf\xC3\xA9 42"}})["text"] == "caf\xC3\xA9 42");
  CHECK(answer({{"prompt", "caf\xC3\xA9 42"}})["finish_reason"] == "stop");
  CHECK(answer({{"prompt", "one two three"}, {"stop", {" th"}}})["text"] == "one two");
  const auto events = client.post("/v1/chat/completions", chat("caf\xC3\xA9", {{"stream", true}})).events();
  CHECK(text_of(events, "content") == "caf\xC3\xA9");
}

TEST_CASE("models, health, readiness and HEAD") {
  auto server =
      start_sim({{"served-model-name", {"x", "y"}}, {"startup-duration", "1h"}, {"lora-modules", {"l=/l"}}});
  HttpClient client(server->port());
  const auto models = client.get("/v1/models").json();
  CHECK(models["object"] == "list");
  REQUIRE(models["data"].size() == 3);
  CHECK(models["data"][0]["id"] == "x");
  CHECK(models["data"][0]["root"] == "m");
  CHECK(models["data"][0]["max_model_len"] == 1024);
  CHECK(models["data"][2]["parent"] == "x");
  CHECK(client.get("/health").status == 200);
  CHECK(client.get("/health/ready").status == 503);
  const auto head = client.request("HEAD", "/metrics");
  CHECK(head.status == 200);
  CHECK(head.body.empty());
  CHECK(std::stoi(head.headers.at("content-length")) > 1000);
  CHECK(client.get("/v1/models?x=y").status == 200);

  auto ready = start_sim();
  CHECK(HttpClient(ready->port()).get("/health/ready").status == 200);
}

TEST_CASE("tokenize and detokenize are each other's reverse") {
  auto server = start_sim();
  HttpClient client(server->port());
  const auto tokens = client.post("/tokenize", {{"model", "m"}, {"prompt", " the quick brown"}}).json();
  CHECK(tokens["count"] == tokens["tokens"].size());
  CHECK(tokens["max_model_len"] == 1024);
  CHECK(tokens["token_strs"].is_null());
  CHECK(client.post("/detokenize", {{"tokens", tokens["tokens"]}}).json()["prompt"] == " the quick brown");
  const auto words = client.post("/tokenize", {{"prompt", "a b"}, {"return_token_strs", true}}).json();
  CHECK(words["token_strs"] == Value({"a", " b"}));
  const auto templated =
      client.post("/tokenize", {{"messages", {{{"role", "user"}, {"content", "hello"}}}}}).json();
  const auto usage = client.post("/v1/chat/completions", chat("hello", {{"max_tokens", 1}})).json()["usage"];
  CHECK(templated["count"] == usage["prompt_tokens"]);
  CHECK(client.post("/tokenize", {{"prompt", 1}}).status == 400);
  CHECK(client.post("/detokenize", {{"tokens", {-1}}}).status == 400);
  CHECK(client.post("/detokenize", {{"tokens", {4'000'000'000}}}).status == 400);
}

TEST_CASE("bad requests get OpenAI-style errors and leave the connection usable") {
  auto server = start_sim();
  HttpClient client(server->port());
  const auto error = [&](const std::string& body, const char* path = "/v1/completions") {
    const auto reply = client.request("POST", path, body);
    const auto value = reply.json();
    REQUIRE(value["error"].is_object());
    CHECK(value["error"]["code"] == reply.status);
    return std::to_string(reply.status) + ' ' + value["error"]["type"].get<std::string>() + ' ' +
           (value["error"]["param"].is_null() ? "-" : value["error"]["param"].get<std::string>());
  };
  CHECK(error("{broken") == "400 BadRequestError -");
  CHECK(error("[1]") == "400 BadRequestError -");
  CHECK(error("\xFF") == "400 BadRequestError -");
  CHECK(error("") == "400 BadRequestError -");
  CHECK(error(R"({"model": "other", "prompt": "a"})") == "404 NotFoundError model");
  CHECK(error(R"({"model": 5, "prompt": "a"})") == "400 BadRequestError model");
  CHECK(error(R"({"model": "m"})") == "400 BadRequestError prompt");
  CHECK(error(R"({"prompt": ""})") == "400 BadRequestError prompt");
  CHECK(error(R"({"prompt": []})") == "400 BadRequestError prompt");
  CHECK(error(R"({"prompt": [1, "a"]})") == "400 BadRequestError prompt");
  CHECK(error(R"({"prompt": [1.5]})") == "400 BadRequestError prompt");
  CHECK(error(R"({"prompt": [-1]})") == "400 BadRequestError prompt");
  CHECK(error(R"({"prompt": {"a": 1}})") == "400 BadRequestError prompt");
  CHECK(error(R"({"prompt": "a", "max_tokens": 0})") == "400 BadRequestError max_tokens");
  CHECK(error(R"({"prompt": "a", "max_tokens": "x"})") == "400 BadRequestError max_tokens");
  CHECK(error(R"({"prompt": "a", "max_tokens": 5000})") == "400 BadRequestError max_tokens");
  CHECK(error(R"({"prompt": "a", "max_tokens": 9223372036854775807})") == "400 BadRequestError max_tokens");
  CHECK(error(R"({"prompt": "a", "max_tokens": 2, "min_tokens": 3})") == "400 BadRequestError min_tokens");
  CHECK(error(R"({"prompt": "a", "stream": "yes"})") == "400 BadRequestError stream");
  CHECK(error(R"({"prompt": "a", "stream_options": {}})") == "400 BadRequestError stream_options");
  CHECK(error(R"({"prompt": "a", "n": 2})") == "400 BadRequestError n");
  CHECK(error(R"({"prompt": "a", "logprobs": 1})") == "400 BadRequestError logprobs");
  CHECK(error(R"({"prompt": "a", "stop": 5})") == "400 BadRequestError stop");
  CHECK(error(R"({"messages": []})", "/v1/chat/completions") == "400 BadRequestError messages");
  CHECK(error(R"({"messages": [{"content": "x"}]})", "/v1/chat/completions") ==
        "400 BadRequestError messages");
  CHECK(error(R"({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]})",
              "/v1/chat/completions") == "400 BadRequestError messages");
  CHECK(error(Value({{"prompt", std::string(3000, '.')}}).dump()) == "400 BadRequestError prompt");
  CHECK(error("{}", "/v1/nothing") == "404 NotFoundError -");
  CHECK(error("{}", "/metrics") == "405 BadRequestError -");
  CHECK(client.post("/v1/completions", kFour).status == 200);
}

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

TEST_CASE("failures are injected by rate, type and header") {
  auto server = start_sim({{"failure-injection-rate", 100}, {"failure-types", {"rate_limit"}}});
  HttpClient client(server->port());
  const auto reply = client.post("/v1/completions", kFour);
  CHECK(reply.status == 429);
  CHECK(reply.json()["error"]["type"] == "RateLimitError");
  CHECK(client.get("/v1/models").status == 200);
  CHECK(client.post("/v1/completions", kFour, "X-Return-Error: 418\r\n").status == 418);

  auto some = start_sim({{"failure-injection-rate", 50}});
  HttpClient other(some->port());
  std::map<int, int> statuses;
  for (int i = 0; i < 200; ++i) ++statuses[other.post("/v1/completions", kFour).status];
  CHECK(statuses[200] > 50);
  CHECK(statuses[200] < 150);
  CHECK(statuses.size() > 3);
  CHECK(other.post("/v1/completions", kFour, "X-Return-Error: 99\r\n").status == 400);
  CHECK(other.post("/v1/completions", kFour, "X-Return-Error: 503\r\n").status == 503);
}

TEST_CASE("an API key, once set, is asked for") {
  auto server = start_sim({{"api-key", "canary"}});
  HttpClient client(server->port());
  CHECK(client.post("/v1/completions", kFour).status == 401);
  CHECK(client.post("/v1/completions", kFour, "Authorization: Bearer canary-not\r\n").status == 401);
  CHECK(client.post("/v1/completions", kFour, "Authorization: Bearer canary\r\n").status == 200);
  CHECK(client.get("/health").status == 200);
}

TEST_CASE("request ids and pod names travel in headers") {
  core::sim::Server::Surroundings pod;
  pod.environment = [](const std::string& name) -> std::optional<std::string> {
    if (name == "POD_NAME") return "pod-1";
    if (name == "POD_NAMESPACE") return "space";
    return std::nullopt;
  };
  auto server = start_sim({{"enable-request-id-headers", true}}, pod);
  HttpClient client(server->port());
  const auto reply = client.post("/v1/completions", kFour, "X-Request-Id: abc\r\n");
  CHECK(reply.headers.at("x-request-id") == "abc");
  CHECK(reply.json()["id"] == "cmpl-abc");
  CHECK(reply.headers.at("x-inference-pod") == "pod-1");
  CHECK(reply.headers.at("x-inference-namespace") == "space");
  CHECK(reply.headers.at("x-inference-port") == std::to_string(server->port()));
  CHECK_FALSE(client.get("/health").headers.at("x-request-id").empty());
}

TEST_CASE("adapters are loaded and unloaded while the server runs") {
  auto server = start_sim({{"lora-modules", {"base-lora=/x"}}});
  HttpClient client(server->port());
  const Value ask = with(kFour, {{"model", "extra"}});
  CHECK(client.post("/v1/completions", ask).status == 404);
  CHECK(client.post("/v1/load_lora_adapter", {{"lora_name", "extra"}, {"lora_path", "/p"}}).status == 200);
  CHECK(client.post("/v1/completions", ask).json()["model"] == "extra");
  CHECK(client.post("/v1/load_lora_adapter", {{"lora_name", "extra"}, {"lora_path", "/p"}}).status == 400);
  CHECK(client.post("/v1/load_lora_adapter", {{"lora_path", "/p"}}).status == 400);
  CHECK(client.post("/v1/unload_lora_adapter", {{"lora_name", "extra"}}).status == 200);
  CHECK(client.post("/v1/unload_lora_adapter", {{"lora_name", "extra"}}).status == 404);
  CHECK(client.get("/metrics").body.find("vllm:lora_requests_info{max_lora=\"1\"") != std::string::npos);
}

TEST_CASE("sleep mode is offered only when asked for") {
  core::sim::Server::Surroundings developer;
  developer.environment = [](const std::string& name) -> std::optional<std::string> {
    if (name == "VLLM_SERVER_DEV_MODE") return "1";
    return std::nullopt;
  };
  auto server = start_sim({{"enable-sleep-mode", true}}, developer);
  HttpClient client(server->port());
  CHECK(client.get("/is_sleeping").json()["is_sleeping"] == false);
  CHECK(client.request("POST", "/sleep").status == 200);
  CHECK(client.get("/is_sleeping").json()["is_sleeping"] == true);
  CHECK(client.post("/v1/completions", kFour).status == 503);
  CHECK(client.request("POST", "/wake_up").status == 200);
  CHECK(client.post("/v1/completions", kFour).status == 200);
  auto other = start_sim({{"enable-sleep-mode", true}});
  CHECK(HttpClient(other->port()).request("POST", "/sleep").status == 404);
}

TEST_CASE("prefill and decode can be split between servers") {
  auto server = start_sim({{"time-to-first-token", "1h"}, {"kv-cache-transfer-latency", "1ms"}});
  HttpClient client(server->port());
  const auto decode =
      client.post("/v1/completions", with(kFour, {{"kv_transfer_params", {{"do_remote_prefill", true}}}}));
  CHECK(decode.json()["usage"]["completion_tokens"] == 4);  // it did not wait for an hour
  auto prefill = start_sim();
  const auto body =
      HttpClient(prefill->port())
          .post("/v1/completions", with(kFour, {{"kv_transfer_params", {{"do_remote_decode", true}}}}))
          .json();
  CHECK(body["choices"][0]["finish_reason"] == "remote_decode");
  CHECK(body["usage"]["completion_tokens"] == 1);
  CHECK(body["kv_transfer_params"]["do_remote_prefill"] == true);
  CHECK(body["kv_transfer_params"]["remote_port"] == prefill->port());
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
