#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "catch.hpp"
#include "core/load/feed.hpp"
#include "core/load/prompt.hpp"
#include "core/load/request.hpp"

using namespace core::load;

namespace {

std::shared_ptr<const PromptSource> source(const core::Value& data, Api api = Api::kCompletions,
                                           std::uint64_t seed = 1) {
  auto made = make_prompt_source(Fields("load.data", data), api, seed);
  REQUIRE(made->prepare());
  return made;
}

core::Value prompt_of(const PromptSource& prompts, std::uint64_t index, PromptLengths* lengths = nullptr) {
  std::string json = "{";
  const auto got = prompts.append(index, json);
  if (lengths) *lengths = got;
  return core::Value::parse(json + "}");
}

std::string file_with(const std::string& name, const std::string& content) {
  const auto folder = std::filesystem::temp_directory_path() / "llmdbenchmark-prompt-test";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / name) << content;
  return (folder / name).string();
}

Target target(const core::Value& more = core::Value::object()) {
  core::Value table = {{"url", "http://127.0.0.1:8000"}, {"model", "m\"1"}};
  table.update(more);
  Fields fields("load", table);
  return Target::parse(fields);
}

}  // namespace

TEST_CASE("a stage can go on with the shared prompts of another") {
  const core::Value data = {{"type", "shared_prefix"}, {"groups", 3}, {"prompts_per_group", 4}, {"seed", 9}};
  core::Value later = data;
  later["first"] = 5;
  const auto one = source(data, Api::kCompletions, 1), two = source(later, Api::kCompletions, 2);
  for (std::uint64_t i = 0; i < 20; ++i) CHECK(prompt_of(*two, i) == prompt_of(*one, i + 5));
}

TEST_CASE("token-id prompts have exactly the length asked for") {
  const auto prompts =
      source({{"input", {{"min", 5}, {"max", 50}}}, {"output", 7}, {"vocab_min", 10}, {"vocab_max", 20}});
  std::set<std::size_t> lengths;
  for (std::uint64_t i = 0; i < 200; ++i) {
    PromptLengths said;
    const auto ids = prompt_of(*prompts, i, &said)["prompt"];
    CHECK(ids.size() == said.input);
    CHECK(said.output == 7);
    lengths.insert(ids.size());
    for (const auto& id : ids) CHECK((id >= 10 && id < 20));
  }
  CHECK(*lengths.begin() >= 5);
  CHECK(*lengths.rbegin() <= 50);
  CHECK(lengths.size() > 30);
}

TEST_CASE("a prompt is a function of seed and number") {
  const core::Value data = {{"input", 20}};
  CHECK(prompt_of(*source(data), 5) == prompt_of(*source(data), 5));
  CHECK(prompt_of(*source(data), 5) != prompt_of(*source(data), 6));
  CHECK(prompt_of(*source(data), 5) != prompt_of(*source(data, Api::kCompletions, 2), 5));
}

TEST_CASE("text prompts are words, one per token, for chat a user message") {
  const auto chat = source({{"input", 9}}, Api::kChat);
  const auto message = prompt_of(*chat, 0)["messages"][0];
  CHECK(message["role"] == "user");
  const std::string text = message["content"];
  CHECK(std::count(text.begin(), text.end(), ' ') == 8);
  const auto own = source({{"prompt", "text"}, {"input", 3}, {"words", {"b\"b"}}, {"first_words", {"a"}}});
  CHECK(prompt_of(*own, 0)["prompt"] == "a b\"b b\"b");
}

TEST_CASE("shared prefixes are shared within a group and nowhere else") {
  const auto prompts = source({{"type", "shared_prefix"},
                               {"groups", 4},
                               {"prompts_per_group", 5},
                               {"system", 30},
                               {"question", 10},
                               {"output", 3}});
  std::map<std::string, int> prefixes;
  std::set<std::string> whole;
  for (std::uint64_t i = 0; i < 20; ++i) {
    PromptLengths lengths;
    const auto ids = prompt_of(*prompts, i, &lengths)["prompt"];
    CHECK(ids.size() == 40);
    CHECK(lengths.input == 40);
    ++prefixes[core::Value(std::vector<int>(ids.begin(), ids.begin() + 30)).dump()];
    whole.insert(ids.dump());
  }
  CHECK(prefixes.size() == 4);
  for (const auto& [prefix, count] : prefixes) CHECK(count == 5);
  CHECK(whole.size() == 20);
  CHECK(prompts->distinct() == 20);
  CHECK(prompt_of(*prompts, 20) == prompt_of(*prompts, 0));
}

TEST_CASE("prompts from JSON lines") {
  const auto path = file_with("p.jsonl",
                              "{\"prompt\":\"caf\\u00e9 au lait\",\"max_tokens\":5}\n\n"
                              "{\"prompt\":[1,2,3]}\n");
  const auto prompts =
      source({{"type", "file"}, {"path", path}, {"shuffle", false}, {"output", {{"mean", 9}}}});
  PromptLengths lengths;
  CHECK(prompt_of(*prompts, 0, &lengths)["prompt"] == "caf\u00e9 au lait");
  CHECK(lengths.output == 9);  // the profile's lengths win
  CHECK(prompt_of(*prompts, 1, &lengths)["prompt"] == core::Value({1, 2, 3}));
  CHECK(lengths.input == 3);
  CHECK(prompts->distinct() == 2);
  const auto own = source({{"type", "file"}, {"path", path}, {"shuffle", false}});
  prompt_of(*own, 0, &lengths);
  CHECK(lengths.output == 5);
}

TEST_CASE("a byte order mark in front of a prompt file is skipped") {
  const auto path = file_with("bom.json",
                              "\xEF\xBB\xBF[{\"conversations\":[{\"from\":\"human\",\"value\":\"What?\"},"
                              "{\"from\":\"gpt\",\"value\":\"That.\"}]}]");
  CHECK(source({{"type", "file"}, {"path", path}}, Api::kChat)->distinct() == 1);
}

TEST_CASE("length bounds hold for JSON lines, whether they tell an output length or not") {
  const auto path =
      file_with("bounds.jsonl",
                "{\"prompt\":\"long\",\"input_tokens\":5000}\n{\"prompt\":\"short\",\"input_tokens\":5}\n"
                "{\"prompt\":\"wordy\",\"input_tokens\":6,\"max_tokens\":900}\n");
  const auto count = [&](const core::Value& more) {
    core::Value data = {{"type", "file"}, {"path", path}, {"shuffle", false}};
    data.update(more);
    return source(data)->distinct();
  };
  CHECK(count(core::Value::object()) == 3);
  CHECK(count({{"input_max", 100}}) == 2);
  CHECK(count({{"input_max", 100}, {"output", 20}}) == 2);
  CHECK(count({{"input_max", 100}, {"output_max", 100}}) == 1);
}

TEST_CASE("prompts from ShareGPT conversations") {
  const auto path = file_with("s.json", R"([
    {"id":"1","conversations":[{"from":"human","value":"What is a [bracket] \"here\"?"},{"from":"gpt","value":"An answer of some length."}]},
    {"id":"2","conversations":[{"from":"gpt","value":"I speak first"},{"from":"human","value":"so"},{"from":"gpt","value":"yes"}]},
    {"id":"3","conversations":[]},
    {"id":"3b","conversations":[{"from":5},{"from":[]}]},
    {"id":"4","conversations":[{"from":"human","value":"unanswered"}]}])");
  const auto prompts = source({{"type", "file"}, {"path", path}, {"shuffle", false}}, Api::kChat);
  CHECK(prompts->distinct() == 2);
  PromptLengths lengths;
  CHECK(prompt_of(*prompts, 0, &lengths)["messages"][0]["content"] == "What is a [bracket] \"here\"?");
  CHECK(lengths.output == 6);  // 25 characters
  const auto bounded = source({{"type", "file"}, {"path", path}, {"input_min", 3}}, Api::kChat);
  CHECK(bounded->distinct() == 1);
}

TEST_CASE("prompt files that cannot be used are refused with the place") {
  const auto refused = [](const std::string& content, Api api = Api::kCompletions) {
    const core::Value data = {{"type", "file"}, {"path", file_with("bad.jsonl", content)}};
    const auto prepared = make_prompt_source(Fields("load.data", data), api, 1)->prepare();
    REQUIRE_FALSE(prepared);
    CHECK(prepared.error().code == "invalid");
    return prepared.error().message;
  };
  CHECK(refused("{\"prompt\":\"a\"}\nnonsense\n").find("bad.jsonl:2: not JSON") != std::string::npos);
  CHECK(refused("{\"text\":\"a\"}\n").find("bad.jsonl:1: 'prompt' must be") != std::string::npos);
  CHECK(refused("{\"messages\":[{}]}\n").find("needs api = 'chat'") != std::string::npos);
  CHECK(refused("{\"prompt\":[1]}\n", Api::kChat).find("token ids need") != std::string::npos);
  for (const char* count : {"4294967303", "7.5", "\"7\"", "0", "-1"})
    CHECK(refused("{\"prompt\":\"a\",\"max_tokens\":" + std::string(count) + "}")
              .find("bad.jsonl:1: 'max_tokens' must be a whole number from 1 to 1000000000") !=
          std::string::npos);
  CHECK(refused("{\"prompt\":\"a\",\"max_token\":7}")
            .find("unknown field 'max_token' (did you mean 'max_tokens'?)") != std::string::npos);
  CHECK(refused("").find("no prompt is left") != std::string::npos);
  CHECK(refused("[{\"conversations\":[").find("conversation 1 is not JSON") != std::string::npos);
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  CHECK(refused("{\"x\":" + deep + ",\"prompt\":\"a\"}\n").find("bad.jsonl:1: not JSON: nested deeper") !=
        std::string::npos);
  CHECK(refused("[" + deep + "]").find("conversation 1 is not JSON: nested deeper") != std::string::npos);
  const core::Value absent = {{"type", "file"}, {"path", "/nonexistent/file"}};
  CHECK(make_prompt_source(Fields("load.data", absent), Api::kChat, 1)->prepare().error().code ==
        "not_found");
}

TEST_CASE("a request is complete HTTP with the right length") {
  const auto prompts = source({{"input", 3}, {"output", 11}});
  const RequestRenderer renderer(target({{"token", "canary-token"}, {"extra", {{"temperature", 0}}}}),
                                 prompts, "run-");
  std::string bytes, scratch;
  const auto lengths = renderer.render(42, bytes, scratch);
  CHECK(lengths.input == 3);
  const auto split = bytes.find("\r\n\r\n");
  const std::string head = bytes.substr(0, split), body = bytes.substr(split + 4);
  CHECK(head.rfind("POST /v1/completions HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n", 0) == 0);
  CHECK(head.find("\r\nAuthorization: Bearer canary-token") != std::string::npos);
  CHECK(head.find("\r\nX-Request-Id: run-42") != std::string::npos);
  CHECK(head.find("\r\nContent-Length: " + std::to_string(body.size())) != std::string::npos);
  const auto json = core::Value::parse(body);
  CHECK(json["model"] == "m\"1");
  CHECK(json["max_tokens"] == 11);
  CHECK(json["stream"] == true);
  CHECK(json["stream_options"]["include_usage"] == true);
  CHECK(json["ignore_eos"] == true);
  CHECK(json["temperature"] == 0);
}

TEST_CASE("requests without streaming ask for none") {
  const RequestRenderer renderer(target({{"streaming", false}, {"ignore_eos", false}}),
                                 source({{"input", 3}}), "");
  std::string bytes, scratch;
  renderer.render(0, bytes, scratch);
  const auto json = core::Value::parse(bytes.substr(bytes.find("\r\n\r\n") + 4));
  CHECK_FALSE(json.contains("stream"));
  CHECK_FALSE(json.contains("ignore_eos"));
}

TEST_CASE("URLs are split and bad ones refused") {
  Target t;
  parse_url("https://[::1]/base/v1/", t);
  CHECK(t.host == "::1");
  CHECK(t.port == 443);
  CHECK(t.https);
  CHECK(t.path == "/base/v1/completions");
  t.api = Api::kChat;
  parse_url("http://host:81", t);
  CHECK(t.port == 81);
  CHECK(t.path == "/v1/chat/completions");
  for (const char* bad : {"host:80", "ftp://x", "http://", "http://h:0", "http://h:99999", "http://h:8x",
                          "http://h/a b", "http://h/?q=1", "http://u:p@h/"})
    CHECK_THROWS_AS(parse_url(bad, t), core::UsageError);
  try {
    parse_url("http://user:canary-secret@h/", t);
  } catch (const core::UsageError& e) {
    CHECK(std::string(e.what()).find("canary-secret") == std::string::npos);
  }
}

TEST_CASE("targets refuse what would break the protocol") {
  CHECK_THROWS_AS(target({{"token", "a\r\nX: y"}}), core::UsageError);
  CHECK_THROWS_AS(target({{"headers", {{"X", "a\nb"}}}}), core::UsageError);
  for (const char* name : {"A B", "", "Content-Length", "host", "X-Request-ID"})
    CHECK_THROWS_AS(target({{"headers", {{name, "x"}}}}), core::UsageError);
  CHECK_THROWS_AS(target({{"token", "t"}, {"headers", {{"authorization", "Basic x"}}}}), core::UsageError);
  CHECK_NOTHROW(target({{"headers", {{"Authorization", "Basic x"}, {"X-Team", "a"}}}}));
  CHECK_THROWS_AS(target({{"extra", {{"stream", false}}}}), core::UsageError);
  CHECK_THROWS_AS(target({{"streaming", false}, {"continuous_usage", true}}), core::UsageError);
}

TEST_CASE("a feed that may not hold everything renders the rest while requests are released") {
  const auto renderer = std::make_shared<RequestRenderer>(target(), source({{"input", 100}}), "");
  std::string expected, scratch;
  renderer->render(999, expected, scratch);
  RequestFeed feed(renderer, 1000, 40'000);  // room for about 60 requests
  const std::atomic<bool> stop{false};
  feed.prepare(stop);
  CHECK(feed.get(900).bytes.empty());
  for (std::uint64_t i = 0; i < 1000; ++i) {
    ReadyRequest request;
    while ((request = feed.get(i)).bytes.empty()) std::this_thread::yield();
    if (i == 999) CHECK(request.bytes == expected);
    CHECK(request.lengths.input == 100);
    feed.release(i);
  }
  CHECK(feed.get(1000).bytes.empty());
}

TEST_CASE("an endless feed stays ahead and ends when dropped") {
  const auto renderer = std::make_shared<RequestRenderer>(target(), source({{"input", 1}}), "");
  RequestFeed feed(renderer, 0, 1 << 20);
  const std::atomic<bool> stop{false};
  feed.prepare(stop);
  CHECK_FALSE(feed.get(100).bytes.empty());
}
