// Parsers of foreign text against damaged and random input. Meant for the sanitizers; bounded and repeatable.
#include <string>

#include "catch.hpp"
#include "core/http/event_stream.hpp"
#include "core/http/url.hpp"
#include "core/json.hpp"
#include "core/metrics.hpp"
#include "core/net/http_parser.hpp"
#include "core/schema.hpp"
#include "core/utf8.hpp"
#include "core/yaml.hpp"
#include "mutator.hpp"

namespace {

constexpr int kRounds = 4000;

void check_error(const core::Error& error) {
  CHECK(error.code == "invalid");
  CHECK(core::find_invalid_utf8(error.message) == std::string::npos);
}

std::string canonical(const core::Value& value) { return core::encode_json(value, {.nan_literals = true}); }

}  // namespace

TEST_CASE("damaged YAML is read or refused, and what was read can be written") {
  Mutator mutator(
      1,
      {"a: &x {b: [1, 2.5, yes, ~], c: 'it''s'}\nd: *x\n<<: *x\n", "- |2-\n   x\n    y\n- >+\n  a\n\n  b\n",
       "%YAML 1.1\n---\n\"a\\x41\\u00e9\\n\\\n  b\": !!str 1\n...\n---\n? [k]\n: v\n",
       "k:\n  - a: 1\n    b: 2\n  -\n    - x\n# comment\nz: {p: q, 'r': [s, {t: u}]}\n"},
      {"&a ",      "*a",   "*x",    "<<: ",  "- ",         "? ", ": ", "\n", "\n  ",
       "[",        "]",    "{",     "}",     "|",          ">",  "'",  "\"", "\\",
       "!!int ",   "!t ",  "---\n", "...\n", "%TAG ! x\n", "\t", "#",  ",",  "\xE2\x80\xA8",
       "\xC2\x85", "\r\n", "0x",    "1:2",   ".inf",       "~"});
  for (int i = 0; i < kRounds; ++i) {
    const std::string text = mutator.next();
    auto documents = core::decode_yaml_all(text, {.file = "f", .max_expanded_nodes = 2000});
    if (!documents) {
      check_error(documents.error());
      continue;
    }
    for (const auto& document : *documents) {
      core::YamlStyle style;
      style.flow = i % 3 == 0;
      style.literal_blocks = i % 3 == 1;
      auto back = core::decode_yaml(core::encode_yaml(document.value, style));
      INFO(text);
      REQUIRE(back.ok());
      CHECK(canonical(back->value) == canonical(document.value));
    }
  }
}

TEST_CASE("damaged JSON is read or refused, and what was read can be written") {
  Mutator mutator(2,
                  {R"({"a": [1, -2.5e-3, true, null, "x\u00e9\ud83d\ude00\n"], "b": {"c": {}}, "": []})",
                   "[1e999, -0, 123456789012345678901234567890, NaN, -Infinity]", "\"\\\"\\\\\""},
                  {"[", "]", "{", "}", ",", ":", "\"", "\\u", "\\ud800", "\\", "e", "1", "-", ".", "null",
                   "\xC3", "\xF4\x90"});
  for (int i = 0; i < kRounds * 2; ++i) {
    const std::string text = mutator.next();
    auto value = core::decode_json(text, {.file = "f", .nan = i % 2 == 0});
    if (!value) {
      check_error(value.error());
      continue;
    }
    auto back = core::decode_json(
        core::encode_json(*value, {.indent = i % 3, .ascii = i % 5 == 0, .nan_literals = true}),
        {.nan = true});
    INFO(text);
    REQUIRE(back.ok());
    CHECK(canonical(*back) == canonical(*value));
    auto verdict = core::check_schema(*value, *back);  // any tree may pose as a schema
    if (!verdict) CHECK(verdict.error().code == "invalid");
  }
}

TEST_CASE("damaged metrics are read or refused") {
  Mutator mutator(
      3,
      {"# HELP a b\n# TYPE a counter\na_total{x=\"y\\n\",z=\"\"} 1 2\n",
       "# TYPE h histogram\nh_bucket{le=\"0.1\"} 1\nh_bucket{le=\"+Inf\"} 2 # {t=\"u\"} 1\nh_sum 3\nh_count "
       "2\n"},
      {"{", "}", "\"", "=", ",", "\\", "#", "# TYPE ", "NaN", "-Inf", "1e400", "le", "\n", " ", "_bucket"});
  core::Metrics before;
  for (int i = 0; i < kRounds * 2; ++i) {
    const std::string text = mutator.next();
    auto metrics = core::parse_metrics(text, "f");
    if (!metrics) {
      check_error(metrics.error());
      continue;
    }
    core::metric_quantile(*metrics, "h", 0.9);
    core::metric_mean(*metrics, "h");
    const auto delta = core::metric_delta(before, *metrics);
    CHECK(delta.metrics.size() == metrics->size());
    before = std::move(*metrics);
  }
}

namespace {

/// Everything that a parser says about a message, with the input cut into pieces of `size` bytes.
std::string transcript(const std::string& text, std::size_t size) {
  using Event = core::net::HttpParser::Event;
  core::net::HttpParser parser(core::net::HttpParser::Kind::kResponse);
  std::string said;
  for (std::size_t at = 0; at < text.size(); at += size) {
    std::string_view input = std::string_view(text).substr(at, size);
    for (Event event = parser.next(input); event != Event::kNeedMore; event = parser.next(input)) {
      if (event == Event::kHead) said += "head " + std::to_string(parser.head().status) + "\n";
      if (event == Event::kBody) said += parser.body();
      if (event == Event::kDone) said += "\ndone\n";
      if (event == Event::kBad) return said + "\nbad " + parser.problem();
    }
  }
  return said;
}

}  // namespace

TEST_CASE("a damaged HTTP answer means the same however it is cut") {
  Mutator mutator(4,
                  {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 204 X\r\n\r\n",
                   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nT: x\r\n\r\n",
                   "HTTP/1.0 404 Not Found\r\nConnection: close\r\n\r\nrest",
                   "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 304 N\r\n\r\n"},
                  {"\r\n", "\n", ":", " ", "HTTP/1.1 ", "Content-Length: 3\r\n",
                   "Transfer-Encoding: chunked\r\n", "0", "f", ";", "\t"});
  for (int i = 0; i < kRounds; ++i) {
    const std::string text = mutator.next();
    const std::string whole = transcript(text, std::max<std::size_t>(text.size(), 1));
    INFO(text);
    CHECK(transcript(text, 1) == whole);
    CHECK(transcript(text, 7) == whole);
  }
}

TEST_CASE("damaged URLs and event streams do no harm") {
  Mutator urls(5, {"http://user:p%40ss@host.example:8080/a/b?c=d#e", "https://[::1]:443/", "http://h"},
               {"/", "//", ":", "@", "[", "]", "?", "#", "%", "%4", "\xFF", " ", "http://"});
  Mutator streams(6, {"event: a\ndata: b\nid: 1\nretry: 5\n\ndata\r\n\r\n: c\n\n"},
                  {"\n", "\r", "\r\n", ":", "data", " "});
  const auto base = core::parse_url("http://h/a/b").value();
  for (int i = 0; i < kRounds; ++i) {
    const std::string text = urls.next();
    if (auto url = core::parse_url(text)) {
      auto again = core::parse_url(url->text());
      INFO(text);
      REQUIRE(again.ok());
      CHECK(again->text() == url->text());
    }
    if (auto url = core::resolve_url(base, text)) CHECK(url->target.front() == '/');
    core::EventStream stream;
    if (stream.add(streams.next())) {
      while (stream.next()) {
      }
    }
  }
}
