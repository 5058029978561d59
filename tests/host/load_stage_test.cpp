#include <filesystem>
#include <map>
#include <set>

#include "catch.hpp"
#include "core/clock.hpp"
#include "core/load/record_file.hpp"
#include "core/load/stage.hpp"
#include "core/redact.hpp"
#include "load_server.hpp"
#include "load_stage_support.hpp"

using namespace core::load;
using namespace test;

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

TEST_CASE("a stage that its time limit stops says so, and its window ends there") {
  test::Server server([](test::Peer& peer, const std::string&, int) { peer.answer(4); });
  const Value table = stage_table(server, {{"rate", 40}, {"duration_s", 20}}, {{"stage_timeout_s", 0.5}});
  const Value r = result_of(table);
  CHECK(r["verdict"] == "under-delivered");
  CHECK(r["time_limit_s"] == 0.5);
  CHECK(r["reasons"].dump().find("the time limit of 0.5 s came before the end of the stage") !=
        std::string::npos);
  CHECK(r["load"]["planned"]["count"] == 800);
  CHECK(r["window"]["end_s"].get<double>() == Approx(0.5).margin(0.2));
  CHECK(r["window"]["completed_per_s"].get<double>() > 25);
  const Value whole =
      result_of(stage_table(server, {{"rate", 40}, {"duration_s", 0.2}}, {{"stage_timeout_s", 60}}));
  CHECK(!whole.contains("time_limit_s"));
  CHECK(whole["window"]["end_s"] == 0.2);
}

TEST_CASE("a closed loop that ends by count has the window of its requests, also with a time of its own") {
  test::Server server([](test::Peer& peer, const std::string&, int) { peer.answer(4, 5); });
  const Value r = result_of(stage_table(server, {{"concurrency", 4}, {"requests", 40}, {"duration_s", 60}}));
  CHECK(r["verdict"] == "valid");
  CHECK(r["window"]["end_s"].get<double>() < 10);
  CHECK(r["window"]["mean_in_flight"].get<double>() == Approx(4).margin(1));
  for (const Value& few : {Value{{"concurrency", 20}, {"requests", 12}},
                           Value{{"concurrency", 20}, {"requests", 12}, {"duration_s", 0.02}}}) {
    const Value short_of = result_of(stage_table(server, few));
    CHECK(short_of["load"]["delivered"].get<double>() == Approx(0.6));
    CHECK(short_of["verdict"] == "under-delivered");
  }
}

TEST_CASE("a ramp of users ends with the last request, and those who never ran are missed") {
  test::Server server([](test::Peer& peer, const std::string&, int) { peer.answer(4); });
  for (const int threads : {1, 2}) {
    const Value r = result_of(stage_table(server, {{"concurrency", 20}, {"requests", 40}, {"ramp_s", 60}},
                                          {{"threads", threads}, {"stage_timeout_s", 30}}));
    CHECK(r["counts"]["succeeded"] == 40);
    CHECK(r["client"]["wall_s"].get<double>() < 20);
    CHECK(r["verdict"] == "under-delivered");
    CHECK(r["load"]["delivered"].get<double>() < 0.5);
  }
}

TEST_CASE("a schedule without a request is no fault of the client") {
  test::Server server([](test::Peer& peer, const std::string&, int) { peer.answer(4); });
  const Value r = result_of(stage_table(server, {{"arrival", "poisson"}, {"rate", 0.01}, {"duration_s", 0.1}},
                                        {{"limits", Value::object()}}));
  CHECK(r["counts"]["planned"] == 0);
  CHECK(r["verdict"] == "too few samples");
  CHECK(r["client"]["wall_s"].get<double>() >= 0);
}

TEST_CASE("users who are turned away rest before they come back") {
  test::Server server([](test::Peer& peer, const std::string&, int) {
    peer.send("HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n");
  });
  const Value r = result_of(stage_table(server, {{"concurrency", 2}, {"duration_s", 0.5}}));
  CHECK(r["counts"]["sent"].get<int>() <= 12);
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
  CHECK(code({{"data", {{"type", "file"}, {"path", temporary("none/such")}}}}) == "not_found");
  CHECK(code({{"url", "https://127.0.0.1:1"}, {"ca_file", temporary("none/such")}}) == "not_found");
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
