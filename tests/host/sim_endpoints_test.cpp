// Every endpoint of the simulator, good and bad input.
#include "sim_client.hpp"

using core::Value;
using namespace test;  // NOLINT: the vocabulary of these tests

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

TEST_CASE("deeply nested bodies are refused, and what is quoted of a body is short") {
  auto server = start_sim();
  HttpClient client(server->port());
  const auto refused = [&](const std::string& start, std::size_t depth, const std::string& end,
                           const char* path = "/v1/completions") {
    const auto reply =
        client.request("POST", path, start + std::string(depth, '[') + std::string(depth, ']') + end);
    CHECK(reply.status == 400);
    CHECK(reply.body.size() < 400);
    return reply.json()["error"]["message"].get<std::string>();
  };
  for (const char* name : {"model", "prompt", "max_tokens", "stop", "n", "kv_transfer_params", "tool_choice"})
    CHECK(refused("{\"prompt\":\"a\",\"" + std::string(name) + "\":", 100'000, "}").find("nested deeper") !=
          std::string::npos);
  refused("{\"tokens\":", 100'000, "}", "/detokenize");
  refused("{\"lora_name\":", 100'000, "}", "/v1/load_lora_adapter");
  refused("{\"tokens\":[", 900, "]}", "/detokenize");
  refused("{\"prompt\":[1,", 900, "]}");
  const auto unknown = client.post("/v1/completions", {{"model", std::string(5000, 'x')}, {"prompt", "a"}});
  CHECK(unknown.status == 404);
  CHECK(unknown.body.size() < 400);
  CHECK(client.post("/v1/completions", kFour).status == 200);
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
  CHECK(client.post("/v1/completions", kFour, "Authorization: bearer canary\r\n").status == 200);
  CHECK(client.post("/v1/completions", kFour, "Authorization: Basic canary\r\n").status == 401);
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
