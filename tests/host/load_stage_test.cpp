#include <filesystem>
#include <map>
#include <set>

#include "catch.hpp"
#include "core/clock.hpp"
#include "core/load/record_file.hpp"
#include "core/load/stage.hpp"
#include "core/redact.hpp"
#include "load_server.hpp"

using namespace core::load;
using core::Value;

namespace {

Value with(Value base, const Value& more) {
  base.update(more);
  return base;
}

// Machines that run tests are busy: verdicts must not depend on how punctual this one is.
const Value kPatient = {
    {"max_schedule_delay_p99_s", 100}, {"max_loop_lag_p99_s", 100}, {"max_client_cpu", 100}};

Value closed(int concurrency, int requests) { return {{"concurrency", concurrency}, {"requests", requests}}; }

Value stage_table(const test::Server& server, const Value& schedule, const Value& more = Value::object()) {
  const Value table = {{"url", server.url()},
                       {"model", "m"},
                       {"seed", 7},
                       {"schedule", schedule},
                       {"data", {{"input", 10}, {"output", 4}}},
                       {"limits", kPatient},
                       {"request_timeout_s", 20}};
  return with(table, more);
}

core::Result<Value> run(const Value& table, double cancel_after_s = 0) {
  core::Loop loop;
  auto clock = core::make_real_clock(loop);
  std::optional<core::Result<Value>> outcome;
  auto stage = StageRun::start(loop, StageSpec::parse("load", table),
                               [&](core::Result<Value> result) { outcome = std::move(result); });
  if (cancel_after_s > 0) clock->call_after(cancel_after_s, [&] { stage->cancel(); });
  loop.run_until([&] { return outcome.has_value(); });
  return std::move(*outcome);
}

Value result_of(const Value& table, double cancel_after_s = 0) {
  auto result = run(table, cancel_after_s);
  if (!result) FAIL(result.error().message);
  return std::move(result).value();
}

std::string temporary(const std::string& name) {
  const auto folder = std::filesystem::temp_directory_path() / "llmdbenchmark-stage-test";
  std::filesystem::create_directories(folder);
  return (folder / name).string();
}

// One stage of 4 requests against a handler; the failures it saw, by class.
std::map<std::string, int> failures_with(test::Server::Handler handler, const Value& more = Value::object()) {
  test::Server server(std::move(handler));
  const Value result = result_of(stage_table(server, closed(2, 4), more));
  std::map<std::string, int> failures;
  for (const auto& [name, table] : result["failures"].items()) failures[name] = table["count"];
  CHECK(result["counts"]["succeeded"].get<int>() + result["counts"]["failed"].get<int>() == 4);
  if (!failures.empty()) {
    CHECK(result["verdict"] == "errors above limit");
    CHECK(result["latency"]["ttft"]["count"].get<int>() == result["counts"]["succeeded"].get<int>());
  }
  return failures;
}

using Failures = std::map<std::string, int>;

}  // namespace

TEST_CASE("a closed loop of good answers") {
  test::Server server([](test::Peer& peer, const std::string&, int) { peer.answer(4, 2); });
  const Value r = result_of(stage_table(server, closed(3, 30)));
  CHECK(r["counts"]["succeeded"] == 30);
  CHECK(r["counts"]["planned"] == 30);
  CHECK(r["verdict"] == "valid");
  CHECK(r["latency"]["ttft"]["p50"].get<double>() >= 0.002);
  CHECK(r["latency"]["itl"]["count"] == 90);
  CHECK(r["latency"]["itl"]["mean"].get<double>() >= 0.0015);
  CHECK(r["latency"]["tpot"]["count"] == 30);
  CHECK(r["latency"]["e2e"]["min"].get<double>() >= 0.008);
  CHECK(r["tokens"]["output_total"] == 120);
  CHECK(r["tokens"]["input_total"] == 300);
  CHECK(r["tokens"]["output_not_as_counted"] == 0);
  CHECK(r["tokens"]["finish"]["length"] == 30);
  CHECK(r["little"]["ratio"].get<double>() == Approx(1).epsilon(0.02));
  CHECK(r["window"]["mean_in_flight"].get<double>() <= 3.01);
  CHECK(server.connections() == 3);  // kept alive
  CHECK(server.requests() == 30);
}

TEST_CASE("an open loop sends when planned, on any number of threads") {
  for (const int threads : {1, 3}) {
    test::Server server([](test::Peer& peer, const std::string&, int) { peer.answer(2); });
    const auto path = temporary("open.rec");
    const Value r = result_of(
        stage_table(server, {{"rate", 100}, {"duration_s", 0.5}}, {{"threads", threads}, {"records", path}}));
    CHECK(r["counts"]["succeeded"] == 50);
    CHECK(r["load"]["planned"]["gap_cv"].get<double>() == Approx(0).margin(1e-9));
    CHECK(r["load"]["requested_rate"].get<double>() == Approx(100));
    CHECK(r["delays"]["schedule_delay"]["min"].get<double>() >= 0);
    const auto file = read_record_file(path);
    REQUIRE(file);
    const auto& records = file.value()->sections[0].records;
    REQUIRE(records.size() == 50);
    for (std::size_t i = 0; i < 50; ++i) {
      const Record& record = records[i].record;
      CHECK(record.index == i);
      CHECK(record.planned_ns == static_cast<std::int64_t>(i) * 10'000'000);
      CHECK(record.started_ns >= record.planned_ns);
      CHECK(record.sent_ns >= record.started_ns);
      CHECK(record.first_byte_ns >= record.sent_ns);
      CHECK(record.first_token_ns >= record.first_byte_ns);
      CHECK(record.end_ns >= record.first_token_ns);
    }
  }
}

TEST_CASE("what is recomputed from the file is what was reported") {
  test::Server server([](test::Peer& peer, const std::string&, int) { peer.answer(3, 1); });
  const auto path = temporary("again.rec");
  Value r = result_of(stage_table(server, closed(2, 10), {{"records", path}}));
  CHECK(r["records"]["count"] == 10);
  r.erase("records");
  const auto again = summarise_file(path, Limits::parse(Fields("limits", kPatient)));
  REQUIRE(again);
  CHECK(*again == r);
}

TEST_CASE("warm-up requests are sent and not measured") {
  test::Server server([](test::Peer& peer, const std::string&, int) { peer.answer(2); });
  const auto path = temporary("warm.rec");
  const Value r = result_of(stage_table(
      server, {{"concurrency", 1}, {"requests", 10}, {"warmup_requests", 5}}, {{"records", path}}));
  CHECK(server.requests() == 15);
  CHECK(r["counts"]["warmup"] == 5);
  CHECK(r["counts"]["succeeded"] == 10);
  const auto file = read_record_file(path);
  REQUIRE(file);
  for (const RecordView& view : file.value()->sections[0].records)
    CHECK(view.record.measured() == (view.record.index >= 5));
  const Value open = result_of(stage_table(server, {{"rate", 50}, {"duration_s", 0.2}, {"warmup_s", 0.1}}));
  CHECK(open["counts"]["warmup"] == 5);
  CHECK(open["counts"]["succeeded"] == 10);
}

TEST_CASE("a closed loop by time stops starting and lets the last ones end") {
  test::Server server([](test::Peer& peer, const std::string&, int) { peer.answer(2, 10); });
  const Value r = result_of(stage_table(server, {{"concurrency", 2}, {"duration_s", 0.3}}));
  CHECK(r["counts"]["succeeded"].get<int>() >= 4);
  CHECK(r["counts"]["in_flight_at_end"] == 0);
  CHECK(r["window"]["end_s"].get<double>() == Approx(0.3));
}

TEST_CASE("waiting for the concurrency cap is counted, not hidden") {
  std::atomic<int> active{0}, most{0};
  test::Server server([&](test::Peer& peer, const std::string&, int) {
    most = std::max(most.load(), ++active);
    peer.sleep_ms(20);
    --active;  // before the answer ends, or the next request could come first
    peer.answer(1);
  });
  for (const int threads : {1, 2}) {
    const Value r = result_of(stage_table(
        server, {{"rate", 1000}, {"duration_s", 0.02}, {"max_concurrency", 2}}, {{"threads", threads}}));
    CHECK(r["counts"]["succeeded"] == 20);
    CHECK(r["delays"]["cap_wait"]["max"].get<double>() > 0.1);
    CHECK(r["latency"]["ttft_planned"]["max"].get<double>() > r["latency"]["ttft"]["max"].get<double>());
    CHECK(r["verdict"] == "under-delivered");
  }
  CHECK(most == 2);
}

TEST_CASE("good answers in unusual clothes") {
  CHECK(failures_with([](test::Peer& peer, const std::string&, int) {  // one byte at a time
          std::string all =
              "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
          const std::string event = "data: {\"choices\":[{\"text\":\"a\"}]}\r\n\r\ndata: [DONE]\r\n\r\n";
          char size[16];
          std::snprintf(size, sizeof size, "%zx\r\n", event.size());
          for (const char c : all + size + event + "\r\n0\r\n\r\n") peer.send(std::string(1, c));
        })
            .empty());
  CHECK(failures_with([](test::Peer& peer, const std::string&, int) {  // ends with the connection
          peer.send(
              "HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: "
              "{\"choices\":[{\"text\":\"a\"}]}\n\ndata: [DONE]\n\n");
          peer.close();
        })
            .empty());
  CHECK(failures_with([](test::Peer& peer, const std::string&, int) {  // no token at all, but a reason
          peer.head();
          peer.event("{\"choices\":[{\"text\":\"\",\"finish_reason\":\"stop\"}]}");
          peer.chunk("");
        })
            .empty());
}

TEST_CASE("what is not known of the answers' lengths is not reported as 0") {
  const std::string whole = "{\"choices\":[{\"text\":\"a b c\",\"finish_reason\":\"stop\"}]}";
  test::Server silent([&](test::Peer& peer, const std::string&, int) {
    peer.send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
              std::to_string(whole.size()) + "\r\n\r\n" + whole);
  });
  const Value r = result_of(stage_table(silent, closed(1, 12), {{"streaming", false}}));
  CHECK(r["counts"]["succeeded"] == 12);
  CHECK(r["tokens"]["output_unknown"] == 12);
  CHECK(r["verdict"] == "valid");
  CHECK(!r["tokens"].contains("output_total"));
  CHECK(!r["throughput"].contains("output_tokens_per_s"));
  CHECK(!r["throughput"].contains("total_tokens_per_s"));
  CHECK(r["throughput"].contains("input_tokens_per_s"));
}

TEST_CASE("answers of other lengths than asked for are counted without usage, too") {
  test::Server server([](test::Peer& peer, const std::string&, int) {
    peer.head();
    peer.token("a b c d");
    peer.event("[DONE]");
    peer.chunk("");
  });
  const Value r = result_of(stage_table(server, closed(1, 12)));
  CHECK(r["tokens"]["with_usage"] == 0);
  CHECK(r["tokens"]["output_not_as_requested"] == 12);
}

TEST_CASE("a stage without a single token is not valid") {
  const Value r =
      result_of(stage_table(test::Server([](test::Peer& peer, const std::string&, int) {
                              peer.head();
                              peer.event("{\"choices\":[{\"text\":\"\",\"finish_reason\":\"stop\"}]}");
                              peer.chunk("");
                            }),
                            closed(1, 12)));
  CHECK(r["counts"]["succeeded"] == 12);
  CHECK(r["verdict"] == "errors above limit");
  for (const char* event : {"", "{\"hello\":1}"}) {
    CHECK(failures_with([event](test::Peer& peer, const std::string&, int) {
            peer.head();
            if (*event) peer.event(event);
            peer.event("[DONE]");
            peer.chunk("");
          }) == Failures{{"protocol", 4}});
  }
}

TEST_CASE("bad answers get the right class") {
  using test::Peer;
  const auto all = [](const char* name) { return Failures{{name, 4}}; };
  const auto text = [](const std::string& response) {
    return [response](Peer& peer, const std::string&, int) {
      peer.send(response);
      peer.close();
    };
  };
  CHECK(failures_with([](Peer& peer, const std::string&, int) {
          peer.head();
          peer.token();
          peer.close();
        }) == all("truncated"));
  CHECK(failures_with([](Peer& peer, const std::string&, int) {
          peer.head();
          peer.token();
          peer.sleep_ms(20);
          peer.reset();
        }) == all("truncated"));
  CHECK(failures_with([](Peer& peer, const std::string&, int) {  // a complete body, an incomplete stream
          peer.head();
          peer.token();
          peer.chunk("");
        }) == all("truncated"));
  CHECK(failures_with([](Peer& peer, const std::string&, int) { peer.close(); }) == all("truncated"));
  CHECK(failures_with(text("\x01\x02 complete garbage")) == all("protocol"));
  CHECK(failures_with(
            text("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Type: text/event-stream\r\n\r\nabc")) ==
        all("truncated"));
  CHECK(failures_with([](Peer& peer, const std::string&, int) {
          peer.head();
          peer.event("{broken");
          peer.finish(1);
        }) == all("protocol"));
  CHECK(failures_with(text("HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\nboom")) == all("http_5xx"));
  CHECK(failures_with(text("HTTP/1.1 429 Slow\r\nContent-Length: 0\r\n\r\n")) == all("http_429"));
  CHECK(failures_with(text("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")) == all("http_4xx"));
  CHECK(failures_with(text("HTTP/1.1 302 Moved\r\nContent-Length: 0\r\n\r\n")) == all("protocol"));
  CHECK(failures_with([](Peer& peer, const std::string&, int) {
          peer.head();
          peer.token();
          peer.event("{\"error\":{\"message\":\"engine died\"}}");
          peer.event("[DONE]");
          peer.chunk("");
        }) == all("in_band"));
  CHECK(failures_with([](Peer& peer, const std::string&, int) {
          peer.head("application/json");
          peer.chunk("{\"choices\":[{\"text\":\"whole\",\"finish_reason\":\"stop\"}]}");
          peer.chunk("");
        }) == all("protocol"));  // a stream was asked for
}

TEST_CASE("a server that never answers costs the timeout and no more") {
  const auto started = std::chrono::steady_clock::now();
  CHECK(failures_with([](test::Peer& peer, const std::string&, int) { peer.sleep_ms(60'000); },
                      {{"request_timeout_s", 0.2}}) == Failures{{"timeout", 4}});
  CHECK(failures_with(
            [](test::Peer& peer, const std::string&, int) {
              peer.head();
              peer.token();
              peer.sleep_ms(60'000);
            },
            {{"request_timeout_s", 0.2}}) == Failures{{"timeout", 4}});
  CHECK(std::chrono::steady_clock::now() - started < std::chrono::seconds(20));
}

TEST_CASE("nobody listens") {
  std::string url;
  {
    test::Server gone([](test::Peer&, const std::string&, int) {});
    url = gone.url();
  }
  test::Server other([](test::Peer&, const std::string&, int) {});
  const Value r = result_of(stage_table(other, closed(2, 4), {{"url", url}}));
  CHECK(r["failures"]["connect"]["count"] == 4);
  CHECK(r["failures"]["connect"]["samples"][0]["detail"].get<std::string>().find("refused") !=
        std::string::npos);
  CHECK(r["verdict"] == "errors above limit");
}

TEST_CASE("TLS to a server that speaks none is a tls failure") {
  test::Server server([](test::Peer& peer, const std::string&, int) {
    peer.send("HTTP/1.1 400 Bad Request\r\n\r\n");
    peer.close();
  });
  std::string url = server.url();
  url.replace(0, 4, "https");
  const Value r = result_of(stage_table(server, closed(1, 2), {{"url", url}}));
  CHECK(r["failures"]["tls"]["count"] == 2);
}

TEST_CASE("a kept-alive connection that the server has closed is not a failure") {
  std::atomic<int> served{0};
  test::Server server([&](test::Peer& peer, const std::string&, int) {
    peer.answer(1);
    ++served;
    peer.close();  // says keep-alive, closes all the same
  });
  const Value r = result_of(stage_table(server, {{"rate", 100}, {"duration_s", 0.2}}));
  CHECK(r["counts"]["succeeded"] == 20);
  const Value busy = result_of(stage_table(server, closed(1, 40), {{"threads", 1}}));
  CHECK(busy["counts"]["succeeded"] == 40);
  CHECK(busy["counts"]["retried"].get<int>() < 20);
}

TEST_CASE("several tokens in a chunk are counted where the server says so") {
  test::Server server([](test::Peer& peer, const std::string&, int) {
    peer.head();
    peer.event(R"({"choices":[{"text":"a"}],"usage":{"prompt_tokens":10,"completion_tokens":1}})");
    peer.sleep_ms(30);
    peer.event(R"({"choices":[{"text":"b c d"}],"usage":{"prompt_tokens":10,"completion_tokens":4}})");
    peer.event(
        R"({"choices":[{"text":"","finish_reason":"length"}],"usage":{"prompt_tokens":10,"completion_tokens":4}})");
    peer.event("[DONE]");
    peer.chunk("");
  });
  const Value r = result_of(stage_table(server, closed(1, 1), {{"continuous_usage", true}}));
  CHECK(server.seen()[0].find("continuous_usage_stats") != std::string::npos);
  CHECK(r["counts"]["succeeded"] == 1);
  CHECK(r["tokens"]["counted_output_total"] == 4);
  CHECK(r["tokens"]["chunks_total"] == 2);
  CHECK(r["latency"]["itl"]["count"] == 3);
  CHECK(r["latency"]["itl"]["mean"].get<double>() ==
        Approx(r["latency"]["tpot"]["mean"].get<double>()).epsilon(0.01));
}

TEST_CASE("chunks are not tokens: usage wins where they differ") {
  test::Server server([](test::Peer& peer, const std::string&, int) {
    peer.head();
    peer.event(R"({"choices":[{"text":""}]})");  // half a character: no text yet
    peer.token();
    peer.sleep_ms(10);
    peer.token();
    peer.event(
        R"({"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":8}},"timings":{"prompt_ms":2.5,"predicted_ms":8}})");
    peer.event("[DONE]");
    peer.chunk("");
  });
  const Value r = result_of(stage_table(server, closed(1, 1)));
  CHECK(r["tokens"]["output_total"] == 5);
  CHECK(r["tokens"]["counted_output_total"] == 2);
  CHECK(r["tokens"]["output_not_as_counted"] == 1);
  CHECK(r["tokens"]["input_not_as_requested"] == 1);
  CHECK(r["tokens"]["cached_total"] == 8);
  CHECK(r["server"]["prompt"]["mean"].get<double>() == Approx(0.0025));
  CHECK(r["server"]["tpot"]["mean"].get<double>() == Approx(0.002));
}

TEST_CASE("answers that are not streamed have an end and no token times") {
  test::Server server([](test::Peer& peer, const std::string&, int) {
    peer.head("application/json");
    peer.chunk(
        R"({"choices":[{"message":{"content":"hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":4}})");
    peer.chunk("");
  });
  const Value r = result_of(stage_table(server, closed(2, 6), {{"streaming", false}, {"api", "chat"}}));
  CHECK(r["counts"]["succeeded"] == 6);
  CHECK(r["latency"]["ttft"]["count"] == 0);
  CHECK(r["latency"]["e2e"]["count"] == 6);
  CHECK(r["tokens"]["output_total"] == 24);
}

TEST_CASE("cancelling ends promptly and keeps what was done") {
  test::Server server(
      [](test::Peer& peer, const std::string&, int n) { peer.answer(2, n < 4 ? 0 : 30'000); });
  const auto path = temporary("cancelled.rec");
  const auto started = std::chrono::steady_clock::now();
  const Value r =
      result_of(stage_table(server, {{"rate", 20}, {"duration_s", 60}}, {{"records", path}}), 0.5);
  CHECK(std::chrono::steady_clock::now() - started < std::chrono::seconds(10));
  CHECK(r["cancelled"] == true);
  CHECK(r["counts"]["succeeded"] == 4);
  CHECK(r["counts"]["in_flight_at_end"].get<int>() > 0);
  CHECK(r["counts"]["planned"] == 1200);
  const auto& c = r["counts"];
  CHECK(c["sent"].get<int>() + c["not_sent"].get<int>() == 1200);
  CHECK(c["sent"].get<int>() ==
        c["succeeded"].get<int>() + c["failed"].get<int>() + c["cancelled"].get<int>());
  CHECK(read_record_file(path).value()->sections[0].records.size() == 1200);
}

TEST_CASE("the drain is bounded") {
  test::Server server([](test::Peer& peer, const std::string&, int) { peer.answer(2, 30'000); });
  const Value r = result_of(stage_table(server, {{"rate", 20}, {"duration_s", 0.2}}, {{"drain_s", 0.2}}));
  CHECK(r["counts"]["in_flight_at_end"] == 4);
  CHECK(r["failures"]["cancelled"]["count"] == 4);
  const Value timed = result_of(stage_table(server, closed(2, 100), {{"stage_timeout_s", 0.2}}));
  CHECK(timed["counts"]["in_flight_at_end"] == 2);
  CHECK(timed["cancelled"] == false);
}

TEST_CASE("same seed, same requests; other seed, other requests") {
  test::Server server([](test::Peer& peer, const std::string&, int) { peer.answer(1); });
  const auto bodies = [&](int seed, int threads) {
    const std::size_t before = server.seen().size();
    result_of(stage_table(server, closed(3, 9), {{"seed", seed}, {"threads", threads}}));
    std::set<std::string> found;
    const auto seen = server.seen();
    for (std::size_t i = before; i < seen.size(); ++i) found.insert(seen[i].substr(seen[i].find("\r\n\r\n")));
    return found;
  };
  CHECK(bodies(1, 1) == bodies(1, 2));
  CHECK(bodies(1, 1) != bodies(2, 1));
}

TEST_CASE("the token reaches the server and nothing else") {
  core::forget_secrets();
  const std::string canary = "canary-bearer-4711";
  test::Server server([&](test::Peer& peer, const std::string&, int) {
    peer.send("HTTP/1.1 401 No\r\nContent-Length: 40\r\n\r\nwrong key: canary-bearer-4711 is not it!");
    peer.close();
  });
  const auto path = temporary("secret.rec");
  const Value r = result_of(stage_table(server, closed(1, 2), {{"token", canary}, {"records", path}}));
  CHECK(server.seen()[0].find("Authorization: Bearer " + canary) != std::string::npos);
  CHECK(r["failures"]["http_4xx"]["count"] == 2);
  CHECK(r.dump().find(canary) == std::string::npos);
  CHECK(r.dump().find("wrong key: ***") != std::string::npos);
  CHECK(read_record_file(path).value()->bytes.find(canary) == std::string::npos);
  core::forget_secrets();
}

TEST_CASE("progress can be watched from another thread") {
  test::Server server([](test::Peer& peer, const std::string&, int) { peer.answer(3, 5); });
  core::Loop loop;
  auto clock = core::make_real_clock(loop);
  bool done = false;
  auto stage = StageRun::start(loop, StageSpec::parse("load", stage_table(server, closed(4, 40))),
                               [&](core::Result<Value> result) { done = result.ok(); });
  bool saw_some = false;
  std::function<void()> look = [&] {
    const Progress p = stage->progress();
    saw_some = saw_some || (p.succeeded > 0 && p.in_flight > 0 && p.ttft_p50_s > 0 && p.planned == 40);
    clock->call_after(0.005, look);
  };
  look();
  loop.run_until([&] { return done; });
  CHECK(saw_some);
  const Progress end = stage->progress();
  CHECK(end.succeeded == 40);
  CHECK(end.tokens == 120);
  CHECK(end.in_flight == 0);
}

TEST_CASE("hosts and files that do not exist are errors, not results") {
  test::Server server([](test::Peer&, const std::string&, int) {});
  const auto code = [&](const Value& more) {
    auto result = run(stage_table(server, closed(1, 1), more));
    return result ? std::string("fine") : result.error().code;
  };
  CHECK(code({{"url", "http://no-such-host.invalid"}}) == "not_found");
  CHECK(code({{"data", {{"type", "file"}, {"path", "/nonexistent"}}}}) == "not_found");
  CHECK(code({{"url", "https://127.0.0.1:1"}, {"ca_file", "/nonexistent"}}) == "not_found");
}

TEST_CASE("stage tables are checked field by field") {
  const auto problem = [](const Value& more) -> std::string {
    const Value base = {{"url", "http://h"}, {"model", "m"}, {"seed", 1}, {"schedule", closed(1, 1)}};
    try {
      StageSpec::parse("load.run", with(base, more));
    } catch (const core::UsageError& e) {
      return e.what();
    }
    return "accepted";
  };
  CHECK(problem(Value::object()) == "accepted");
  CHECK(problem({{"modle", "x"}}) == "load.run: unknown field 'modle' (did you mean 'model'?)");
  CHECK(problem({{"seed", nullptr}}) == "load.run.seed is required");
  CHECK(problem({{"limits", {{"max_eror_ratio", 1}}}}).find("did you mean 'max_error_ratio'") !=
        std::string::npos);
  CHECK(problem({{"threads", 0}}) == "load.run.threads must be from 1 to 256, not 0");
  CHECK(problem({{"max_connections", 3}, {"schedule", closed(4, 8)}}) ==
        "load.run.max_connections must not be below schedule.concurrency");
}
