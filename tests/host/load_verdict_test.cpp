#include "catch.hpp"
#include "core/load/metrics.hpp"
#include "core/load/token_log.hpp"
#include "core/load/verdict.hpp"

using namespace core::load;

namespace {

Evidence good() {
  Evidence e;
  e.schedule_delay_p99_s = 0.0001;
  e.loop_lag_p99_s = 0.0001;
  e.client_cpu = 0.1;
  e.delivered = 1;
  e.samples = 1000;
  return e;
}

std::string verdict(const Evidence& e) { return judge(e, Limits()).verdict; }

}  // namespace

TEST_CASE("each broken limit gives its verdict") {
  CHECK(verdict(good()) == "valid");
  auto e = good();
  e.error_ratio = 0.02;
  CHECK(verdict(e) == "errors above limit");
  e = good();
  e.schedule_delay_p99_s = 0.02;
  CHECK(verdict(e) == "client-limited");
  e = good();
  e.loop_lag_p99_s = 0.02;
  CHECK(verdict(e) == "client-limited");
  e = good();
  e.client_cpu = 0.95;
  CHECK(verdict(e) == "client-limited");
  e = good();
  e.delivered = 0.9;
  CHECK(verdict(e) == "under-delivered");
  e = good();
  e.cancelled = true;
  CHECK(verdict(e) == "under-delivered");
  e = good();
  e.samples = 10;
  CHECK(verdict(e) == "too few samples");
}

TEST_CASE("the gravest comes first and every reason is told") {
  Evidence e = good();
  e.error_ratio = 0.5;
  e.client_cpu = 1;
  e.samples = 0;
  const auto v = judge(e, Limits());
  CHECK(v.verdict == "errors above limit");
  CHECK(v.reasons.size() == 3);
  CHECK(v.reasons[0] == "50.00 % of the requests failed or were cut off; the limit is 1.00 %");
}

TEST_CASE("what is on the limit is within it, and what is not known is not judged") {
  Evidence e = good();
  e.error_ratio = 0.01;
  e.delivered = 0.95;
  e.samples = 11;
  e.client_cpu = 0.9;
  CHECK(verdict(e) == "valid");
  e.client_cpu = e.schedule_delay_p99_s = e.loop_lag_p99_s = e.delivered = -1;
  CHECK(verdict(e) == "valid");
}

TEST_CASE("limits are adjustable and checked") {
  const auto limits =
      Limits::parse(Fields("limits", core::Value{{"max_error_ratio", 0.6}, {"min_samples", 0}}));
  Evidence e = good();
  e.error_ratio = 0.5;
  e.samples = 0;
  CHECK(judge(e, limits).verdict == "valid");
  CHECK_THROWS_AS(Limits::parse(Fields("limits", core::Value{{"max_error_ratio", 2}})), core::UsageError);
}

TEST_CASE("metrics of a stage worked out by hand") {
  // Two requests: tokens at 1.0 1.1 1.3 s and at 2.0 2.4 s, a failure, and one that never left.
  TokenBlockPool pool;
  RecordStore store;
  const auto add = [&](std::uint64_t index, std::int64_t planned_ms, std::initializer_list<int> tokens_ms,
                       std::int64_t end_ms, Failure failure = Failure::kNone) {
    Record r;
    r.index = index;
    r.planned_ns = planned_ms * 1'000'000;
    r.started_ns = r.planned_ns + 1'000'000;
    r.sent_ns = r.started_ns + 1'000'000;
    r.end_ns = end_ms * 1'000'000;
    r.failure = failure;
    r.status = 200;
    r.requested_input = 100;
    r.requested_output = 3;
    TokenLog log;
    for (const int at : tokens_ms) log.add(pool, static_cast<std::int64_t>(at) * 1'000'000, 1);
    if (tokens_ms.size()) r.first_byte_ns = static_cast<std::int64_t>(*tokens_ms.begin()) * 1'000'000;
    store.add(r, log, 0);
    log.clear(pool);
  };
  add(0, 500, {1000, 1100, 1300}, 1300);
  add(1, 1500, {2000, 2400}, 2500);
  add(2, 2500, {2600}, 2700, Failure::kTruncated);
  Record not_sent;
  not_sent.index = 3;
  not_sent.planned_ns = 3'500'000'000;
  not_sent.failure = Failure::kCancelled;
  not_sent.flags = kNotSent;
  store.add(not_sent, TokenLog(), 0);

  const core::Value header = {
      {"schedule", {{"kind", "open"}, {"window_start_s", 0}, {"window_end_s", 2}, {"requested_rate", 1}}},
      {"client", {{"in_flight_s", 2.0}, {"wall_s", 4.0}}}};
  std::vector<RecordView> views;
  for (const auto bytes : store.records()) views.push_back(*decode_record(bytes));
  const auto r = summarise_stage(header, views, Limits());

  CHECK(r["latency"]["ttft"]["count"] == 2);
  CHECK(r["latency"]["ttft"]["mean"].get<double>() == Approx((0.498 + 0.498) / 2));
  CHECK(r["latency"]["ttft_planned"]["mean"].get<double>() == Approx(0.5));
  CHECK(r["latency"]["tpot"]["max"].get<double>() == Approx(0.4));
  CHECK(r["latency"]["tpot"]["min"].get<double>() == Approx(0.15));
  CHECK(r["latency"]["itl"]["count"] == 3);
  CHECK(r["latency"]["itl"]["mean"].get<double>() == Approx((0.1 + 0.2 + 0.4) / 3));
  CHECK(r["latency"]["e2e"]["min"].get<double>() == Approx(0.798));
  CHECK(r["latency"]["e2e_planned"]["max"].get<double>() == Approx(1.0));
  CHECK(r["latency"]["ntpot"]["min"].get<double>() == Approx(0.798 / 3));
  CHECK(r["delays"]["schedule_delay"]["mean"].get<double>() == Approx(0.001));
  CHECK(r["delays"]["schedule_delay"]["count"] == 3);
  CHECK(r["delays"]["connect_wait"]["mean"].get<double>() == Approx(0.001));
  CHECK(r["throughput"]["span_s"].get<double>() == Approx(2.7 - 0.502));
  CHECK(r["throughput"]["output_tokens_per_s"].get<double>() == Approx(5 / 2.198));
  CHECK(r["throughput"]["input_tokens_per_s"].get<double>() == Approx(200 / 2.198));
  CHECK(r["window"]["output_tokens_per_s"].get<double>() ==
        Approx(1.5));  // three tokens before 2 s, two at or after it
  CHECK(r["window"]["mean_in_flight"].get<double>() == Approx((0.799 + 0.499) / 2));
  CHECK(r["load"]["actual"]["rate"].get<double>() == Approx(1));
  CHECK(r["load"]["delivered"].get<double>() == Approx(0.75));
  CHECK(r["little"]["ratio"].get<double>() == Approx((0.799 + 0.999 + 0.199) / 2));
  CHECK(r["counts"]["succeeded"] == 2);
  CHECK(r["counts"]["not_sent"] == 1);
  CHECK(r["failures"]["truncated"]["count"] == 1);
  CHECK(r["verdict"] == "errors above limit");
}
