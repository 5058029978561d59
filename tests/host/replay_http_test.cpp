#include "core/http/replay_http.hpp"

#include "catch.hpp"
#include "core/http/event_stream.hpp"
#include "core/world.hpp"
#include "core/yaml.hpp"

namespace {

struct Replay {
  explicit Replay(const std::string& text) {
    world.clock = std::make_shared<core::VirtualClock>(world.loop);
    auto transcript = core::read_http_transcript(core::decode_yaml(text)->value, "case.yaml");
    if (!transcript) FAIL(transcript.error().message);
    http = std::make_shared<core::ReplayHttp>(world, *transcript);
  }

  core::Result<core::HttpResponse> fetch(core::HttpRequest request, double cancel_after_s = -1) {
    std::optional<core::Result<core::HttpResponse>> outcome;
    auto cancel = http->fetch(std::move(request), [&](auto result) { outcome = std::move(result); });
    if (cancel_after_s >= 0) world.clock->call_after(cancel_after_s, cancel);
    world.loop.run_until([&] { return outcome.has_value(); }, [&] { return world.clock->idle(); });
    return std::move(*outcome);
  }

  core::World world;
  std::shared_ptr<core::ReplayHttp> http;
};

}  // namespace

TEST_CASE("recorded requests are answered in their order and take their time") {
  Replay replay(R"(
requests:
  - url: http://x/a
    json: {ok: true}
    seconds: 2
  - method: POST
    url: http://x/v1/*
    glob: true
    sent: {model: m}
    status: 500
    chunks: ["on", e]
    between_s: 1
    repeat: true
  - url: http://x/b
    error: {code: unreachable, message: no way, reason: refused}
)");
  auto first = replay.fetch({.url = "http://x/a"});
  REQUIRE(first);
  CHECK(first->body == R"({"ok":true})");
  CHECK(first->seconds == 2);
  for (int i = 0; i < 2; ++i) {
    auto second =
        replay.fetch({.method = "POST", .url = "http://x/v1/y", .body = R"({"model": "m", "n": 1})"});
    REQUIRE(second);
    CHECK(second->status == 500);
    CHECK(second->body == "one");
    CHECK(second->seconds == 3);
  }
  CHECK(replay.http->unused() == std::vector<std::string>{"GET http://x/b"});
  auto wrong = replay.fetch({.url = "http://x/c"});
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().message.find("'GET http://x/c' is not the recorded one; expected was GET http://x/b") !=
        std::string::npos);
  CHECK(replay.fetch({.url = "http://x/b"}).error().facts["reason"] == "refused");
  CHECK(replay.http->unused().empty());
}

TEST_CASE("recorded requests can be late, break off and be cancelled") {
  Replay replay(R"(
any_order: true
requests:
  - {url: 'http://x/late', seconds: 100}
  - {url: 'http://x/wait', seconds: 10}
  - {url: 'http://x/break', chunks: [half], breaks: {message: gone, reason: closed}}
)");
  auto late = replay.fetch({.url = "http://x/late"});
  CHECK(late.error().code == "timeout");
  CHECK(replay.world.clock->monotonic_ns() == 30'000'000'000);
  CHECK(replay.fetch({.url = "http://x/break"}).error().message == "gone");
  CHECK(replay.fetch({.url = "http://x/wait"}, 1).error().code == "cancelled");
}

TEST_CASE("a malformed recording is refused") {
  const auto message = [](const std::string& text) {
    return core::read_http_transcript(core::decode_yaml(text)->value, "c.yaml").error().message;
  };
  CHECK(message("requests: [{url: u, stats: 1}]") ==
        "c.yaml, request 1: unknown key 'stats' (did you mean 'status'?)");
  CHECK(message("requests: [{method: GET}]").find("c.yaml, request 1: ") == 0);
  CHECK(message("requests: [1]") == "c.yaml, request 1: expected a map");
}

TEST_CASE("server-sent events are found however the stream is cut") {
  const std::string text =
      "\xEF\xBB\xBF: comment\nevent: a\ndata: one\ndata:two\nid: 7\nretry: 250\n\ndata\n\nevent: none\n\n"
      "data: [DONE]\r\n\r\ndata: cr\r\rdata: cut off";
  for (std::size_t size = 1; size <= text.size(); ++size) {
    core::EventStream stream;
    std::vector<core::ServerEvent> events;
    for (std::size_t at = 0; at < text.size(); at += size) {
      REQUIRE(stream.add(std::string_view(text).substr(at, size)));
      while (auto event = stream.next()) events.push_back(*event);
    }
    REQUIRE(events.size() == 4);
    CHECK(events[0].event == "a");
    CHECK(events[0].data == "one\ntwo");
    CHECK(events[0].id == "7");
    CHECK(events[0].retry_s == 0.25);
    CHECK(events[1].data.empty());
    CHECK(events[1].event == "message");
    CHECK(events[1].id == "7");
    CHECK(events[2].data == "[DONE]");
    CHECK(events[3].data == "cr");
  }
}

TEST_CASE("an event that never ends is refused") {
  core::EventStream stream;
  const std::string piece = "data: " + std::string(1 << 20, 'x');
  bool fine = true;
  for (int i = 0; i < 20 && fine; ++i) fine = stream.add(piece).ok();
  CHECK_FALSE(fine);
}
