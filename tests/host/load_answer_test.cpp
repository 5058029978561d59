#include <string>
#include <vector>

#include "catch.hpp"
#include "core/load/skim.hpp"
#include "core/load/sse.hpp"

using namespace core::load;

namespace {

Answer skimmed(std::string_view json) {
  Answer answer;
  REQUIRE(skim(json, answer));
  return answer;
}

bool is_json(std::string_view json) {
  Answer answer;
  return skim(json, answer);
}

std::vector<std::string> events(const std::string& stream, std::size_t piece, bool finish = true) {
  SseScanner scanner;
  SseEvent event;
  std::vector<std::string> seen;
  for (std::size_t at = 0; at < stream.size(); at += piece) {
    const std::string copy = stream.substr(at, piece);  // its own memory: a view kept too long shows
    std::string_view input = copy;
    while (scanner.next(input, event)) seen.push_back((event.is_error ? "!" : "") + std::string(event.data));
  }
  if (finish && scanner.finish(event)) seen.push_back((event.is_error ? "!" : "") + std::string(event.data));
  return seen;
}

}  // namespace

TEST_CASE("content is found wherever the APIs put it") {
  CHECK(skimmed(R"({"choices":[{"index":0,"text":" a","logprobs":null,"finish_reason":null}]})").content);
  CHECK(skimmed(R"({"choices":[{"index":0,"delta":{"content":"x"}}]})").content);
  CHECK(skimmed(R"({"choices":[{"index":0,"delta":{"content":null,"reasoning_content":"hm"}}]})").content);
  CHECK(skimmed(R"({"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]}}]})")
            .content);
  CHECK(skimmed(R"({"choices":[{"message":{"role":"assistant","content":"whole"}}]})").content);
  CHECK(skimmed(R"( { "choices" : [ { "text" : "\"" } ] } )").content);
}

TEST_CASE("empty content is not content") {
  CHECK_FALSE(skimmed(R"({"choices":[{"delta":{"role":"assistant","content":""}}]})").content);
  CHECK_FALSE(skimmed(R"({"choices":[{"text":"","finish_reason":"length"}]})").content);
  CHECK_FALSE(skimmed(R"({"choices":[{"delta":{"content":null,"tool_calls":[]}}]})").content);
  CHECK_FALSE(skimmed(R"({"choices":[],"usage":{"prompt_tokens":1}})").content);
  CHECK_FALSE(
      skimmed(R"({"id":"text","model":"content","system":{"text":"not this","choices":[{"text":"x"}]}})")
          .content);
  CHECK_FALSE(skimmed(R"({"choices":[{"delta":null}]})").content);
}

TEST_CASE("finish reasons") {
  CHECK(skimmed(R"({"choices":[{"text":"","finish_reason":null}]})").finish == Finish::kNone);
  CHECK(skimmed(R"({"choices":[{"text":"","finish_reason":"stop"}]})").finish == Finish::kStop);
  CHECK(skimmed(R"({"choices":[{"text":"","finish_reason":"length"}]})").finish == Finish::kLength);
  CHECK(skimmed(R"({"choices":[{"text":"","finish_reason":"tool_calls"}]})").finish == Finish::kOther);
}

TEST_CASE("usage and timings are read, their absence is kept") {
  const auto full = skimmed(
      R"({"usage":{"prompt_tokens":64,"completion_tokens":7,"total_tokens":71,"prompt_tokens_details":{"cached_tokens":63}},)"
      R"("timings":{"cache_n":63,"prompt_n":1,"prompt_ms":1.25,"predicted_n":7,"predicted_ms":4.5e1}})");
  CHECK(full.prompt_tokens == 64);
  CHECK(full.completion_tokens == 7);
  CHECK(full.cached_tokens == 63);
  CHECK(full.prompt_ms == 1.25);
  CHECK(full.predicted_ms == 45);
  const auto none = skimmed(R"({"usage":null})");
  CHECK(none.prompt_tokens == -1);
  CHECK(skimmed(R"({"usage":{"prompt_tokens":3,"prompt_tokens_details":null}})").cached_tokens == -1);
}

TEST_CASE("errors inside an answer") {
  const auto object = skimmed(R"({"error":{"message":"out of memory","code":500}})");
  CHECK(object.error);
  CHECK(object.error_text == R"({"message":"out of memory","code":500})");
  CHECK(skimmed(R"({"object":"error","message":"old style"})").error);
  CHECK(skimmed(R"({"object":"error","message":"old style"})").error_text.find("old style") !=
        std::string::npos);
  CHECK_FALSE(skimmed(R"({"error":null,"choices":[]})").error);
  CHECK_FALSE(skimmed(R"({"choices":[{"text":"error"}]})").error);
}

TEST_CASE("what is not one JSON object is refused") {
  for (const char* bad : {"", "garbage", "[1]", "{", R"({"a":1)", R"({"a":})", R"({"a" 1})", R"({"a":1} x)",
                          R"({"choices":[{"text":"unclosed}]})", R"({"choices":[{]})", R"({"a":bare})",
                          "{\"a\":\"\\", "null", "<html>"})
    CHECK_FALSE(is_json(bad));
  CHECK(is_json("{}"));
  CHECK(is_json(R"({"a":"\\","b":"\"}{","c":[[],{}],"d":-1.5e3,"e":true})"));
}

TEST_CASE("skimming a stream gives what skimming each event gives") {
  const auto event = [](const std::string& id, const std::string& text, const std::string& rest) {
    return "{\"id\":\"" + id + "\",\"choices\":[{\"text\":\"" + text + "\"" + rest + "}]}";
  };
  std::vector<std::string> stream = {
      R"({"choices":[{"delta":{"role":"assistant","content":""}}]})",
      R"({"choices":[{"delta":{"content":"a"}}]})",
      R"({"choices":[{"delta":{"content":""}}]})",
      R"({"choices":[{"delta":{"content":"b\"]}"}}]})",
      R"({"choices":[{"delta":{"content":"c","reasoning_content":"d"}}]})",
      R"({"choices":[{"delta":{"content":"","reasoning_content":"d"}}]})",
      R"({"choices":[{"delta":{"content":"","reasoning_content":""}}]})",
      R"({"choices":[{"delta":{"content":null}}]})",
      R"({"choices":[{"delta":{"content":"x"}}],"usage":{"completion_tokens":1}})",
      R"({"choices":[{"delta":{"content":"y"}}],"usage":{"completion_tokens":2}})",
      R"({"choices":[{"delta":{"content":"y"}}],"usage":{"completion_tokens":2}})",
      R"({"choices":[{"delta":{"content":"unclosed}}],"usage":{"completion_tokens":2}})",
      R"({"choices":[{"delta":{"content":"z"}}],"error":{"code":1}})",
      R"({"choices":[{"delta":{"content":""}}],"error":{"code":1}})",
      R"({"choices":[],"usage":{"completion_tokens":2}})",
  };
  for (const char* text : {"a", "", "\\\"", "b", "\\", "c"})
    for (const char* rest : {"", ",\"finish_reason\":null", ",\"finish_reason\":\"stop\""})
      for (const char* id : {"1", "2"}) stream.push_back(event(id, text, rest));
  EventSkimmer skimmer;
  for (const std::string& json : stream) {
    Answer each, in_stream;
    const bool good = skim(json, each);
    INFO(json);
    CHECK(skimmer.skim(json, in_stream) == good);
    if (!good) continue;
    CHECK(in_stream.content == each.content);
    CHECK(in_stream.finish == each.finish);
    CHECK(in_stream.error == each.error);
    CHECK(in_stream.completion_tokens == each.completion_tokens);
  }
}

TEST_CASE("events are found in any cut of the stream") {
  const std::string stream =
      "data: {\"a\":1}\n\n: comment\n\ndata:no blank\r\n\r\nid: 7\nevent: message\ndata: one\ndata: two\n\n"
      "event: error\ndata: broken\n\nerror: {\"code\":500}\n\ndata: [DONE]\n\n";
  const std::vector<std::string> expected = {"{\"a\":1}", "no blank",        "one\ntwo",
                                             "!broken",   "!{\"code\":500}", "[DONE]"};
  for (const std::size_t piece : {1, 2, 3, 5, 7, 16, 64, 1000}) CHECK(events(stream, piece) == expected);
}

TEST_CASE("a byte order mark before the first event is skipped") {
  for (const std::size_t piece : {1, 2, 4, 1000})
    CHECK(events("\xEF\xBB\xBF"
                 "data: a\n\ndata: b\n\n",
                 piece) == std::vector<std::string>{"a", "b"});
}

TEST_CASE("the last event may lack its empty line") {
  CHECK(events("data: a\n\ndata: [DONE]", 100) == std::vector<std::string>{"a", "[DONE]"});
  CHECK(events("data: a\n\ndata: [DONE]\n", 3) == std::vector<std::string>{"a", "[DONE]"});
  CHECK(events("data: a\n\n", 100) == std::vector<std::string>{"a"});
  CHECK(events("", 1).empty());
}

TEST_CASE("an endless event is given up") {
  SseScanner scanner;
  SseEvent event;
  const std::string piece(1 << 20, 'x');
  for (int i = 0; i < 20; ++i) {
    std::string_view input = piece;
    CHECK_FALSE(scanner.next(input, event));
  }
  CHECK(scanner.overflown());
  scanner.reset();
  std::string_view input = "data: again\n\n";
  CHECK(scanner.next(input, event));
  CHECK(event.data == "again");
}
