#include <algorithm>
#include <cmath>

#include "catch.hpp"
#include "core/load/schedule.hpp"
#include "core/stats/summary.hpp"

using namespace core::load;

namespace {

Schedule schedule(const core::Value& value) { return Schedule::parse(Fields("load.schedule", value)); }

std::string problem(const core::Value& value) {
  try {
    schedule(value);
  } catch (const core::UsageError& e) {
    return e.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("constant arrivals are truly even") {
  const auto plan = plan_arrivals(schedule({{"rate", 10}, {"duration_s", 5}}), 1);
  REQUIRE(plan.at_ns.size() == 50);
  for (std::size_t i = 0; i < 50; ++i) CHECK(plan.at_ns[i] == static_cast<std::int64_t>(i) * 100'000'000);
  CHECK(plan.window_end_ns == 5'000'000'000);
  CHECK(describe_arrivals(plan.at_ns).gap_cv == Approx(0).margin(1e-9));
}

TEST_CASE("a ramp from 0 begins at the beginning, alone, after another segment and after a warm-up") {
  for (const core::Value& value :
       {core::Value{{"rate", 0}, {"to_rate", 60}, {"duration_s", 3}},
        core::Value{{"rate", 0}, {"to_rate", 60}, {"duration_s", 3}, {"warmup_s", 1}},
        core::Value{{"segments",
                     {{{"rate", 20}, {"to_rate", 0}, {"duration_s", 2}},
                      {{"rate", 0}, {"to_rate", 20}, {"duration_s", 2}}}}}}) {
    const auto plan = plan_arrivals(schedule(value), 1);
    CHECK(std::is_sorted(plan.at_ns.begin(), plan.at_ns.end()));
    CHECK(plan.at_ns.front() == 0);
  }
  const auto plan = plan_arrivals(schedule({{"rate", 0}, {"to_rate", 40}, {"duration_s", 4}}), 1);
  REQUIRE(plan.at_ns.size() == 80);
  for (std::size_t k = 0; k < 80; ++k)  // k = 5 t^2
    CHECK(static_cast<double>(plan.at_ns[k]) / 1e9 ==
          Approx(std::sqrt(static_cast<double>(k) / 5)).margin(1e-6));
}

TEST_CASE("the number of constant arrivals does not depend on rounding") {
  for (const double rate : {0.1, 0.3, 0.7, 1.1, 3.3, 7.0, 333.3}) {
    const auto plan = plan_arrivals(schedule({{"rate", rate}, {"duration_s", 30}}), 1);
    CHECK(plan.at_ns.size() == static_cast<std::size_t>(std::ceil(rate * 30 - 1e-6)));
  }
}

TEST_CASE("Poisson arrivals have dispersion 1, whatever the seed") {
  const auto s = schedule({{"arrival", "poisson"}, {"rate", 50}, {"duration_s", 400}});
  std::vector<double> dispersions, counts;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const auto plan = plan_arrivals(s, seed);
    const auto facts = describe_arrivals(plan.at_ns);
    dispersions.push_back(facts.dispersion.value());
    counts.push_back(static_cast<double>(plan.at_ns.size()));
    CHECK(facts.gap_cv == Approx(1).margin(0.05));
  }
  CHECK(core::stats::moments(dispersions).mean == Approx(1).margin(0.05));
  const auto count = core::stats::moments(counts);
  CHECK(count.mean == Approx(20'000).epsilon(0.005));
  CHECK(count.std_dev == Approx(std::sqrt(20'000.0)).epsilon(0.4));  // the count itself is random
}

TEST_CASE("gamma arrivals have the burstiness asked for") {
  for (const double shape : {0.25, 4.0}) {
    const auto s =
        schedule({{"arrival", "gamma"}, {"burstiness", shape}, {"rate", 100}, {"duration_s", 500}});
    const auto facts = describe_arrivals(plan_arrivals(s, 9).at_ns);
    CHECK(facts.rate == Approx(100).epsilon(0.03));
    CHECK(facts.gap_cv == Approx(1 / std::sqrt(shape)).epsilon(0.05));
    CHECK(facts.dispersion.value() == Approx(1 / shape).epsilon(0.3));
  }
}

TEST_CASE("a plan is a function of schedule and seed") {
  const auto s = schedule({{"arrival", "poisson"}, {"rate", 20}, {"duration_s", 10}});
  CHECK(plan_arrivals(s, 5).at_ns == plan_arrivals(s, 5).at_ns);
  CHECK(plan_arrivals(s, 5).at_ns != plan_arrivals(s, 6).at_ns);
  const auto plan = plan_arrivals(s, 5);
  CHECK(std::is_sorted(plan.at_ns.begin(), plan.at_ns.end()));
}

TEST_CASE("a ramp integrates its rate") {
  const auto plan = plan_arrivals(schedule({{"rate", 0}, {"to_rate", 100}, {"duration_s", 10}}), 1);
  CHECK(plan.at_ns.size() == 500);
  const auto half = std::lower_bound(plan.at_ns.begin(), plan.at_ns.end(), 5'000'000'000);
  CHECK(half - plan.at_ns.begin() == 125);
  const auto down = plan_arrivals(schedule({{"rate", 100}, {"to_rate", 0}, {"duration_s", 10}}), 1);
  CHECK(down.at_ns.size() == 500);
  CHECK(down.at_ns.back() < 10'000'000'000);
}

TEST_CASE("segments follow each other without a seam") {
  const core::Value segments = {{{"rate", 10}, {"duration_s", 2}}, {{"rate", 100}, {"duration_s", 1}}};
  const auto plan = plan_arrivals(schedule({{"segments", segments}}), 1);
  CHECK(plan.at_ns.size() == 120);
  CHECK(plan.at_ns[20] == 2'000'000'000);
  CHECK(plan.at_ns[21] == 2'010'000'000);
}

TEST_CASE("warm-up comes before the window and is counted apart") {
  const auto plan = plan_arrivals(schedule({{"rate", 10}, {"duration_s", 2}, {"warmup_s", 1}}), 1);
  CHECK(plan.at_ns.size() == 30);
  CHECK(plan.warmup_count == 10);
  CHECK(plan.window_start_ns == 1'000'000'000);
  CHECK(plan.window_end_ns == 3'000'000'000);
}

TEST_CASE("a closed loop needs an end") {
  const auto s = schedule({{"concurrency", 4}, {"requests", 10}});
  CHECK_FALSE(s.open_loop);
  CHECK(s.window_s() == 0);
  CHECK(problem({{"concurrency", 4}}) == "load.schedule.requests or duration_s is required");
  CHECK(problem({{"concurrency", 0}, {"requests", 1}}) ==
        "load.schedule.concurrency must be from 1 to 1000000, not 0");
}

TEST_CASE("wrong schedules are refused by name") {
  CHECK(problem({{"rate", 1}}) == "load.schedule.duration_s is required");
  CHECK(problem({{"rat", 1}, {"duration_s", 1}}) ==
        "load.schedule.rate is required; there is 'rat' (did you mean 'rate'?)");
  CHECK(problem({{"to_rate", 1}, {"duration_s", 1}}) == "load.schedule.rate is required");
  CHECK(problem({{"rate", -1}, {"duration_s", 1}}) ==
        "load.schedule.rate must be from 0 to 10000000, not -1");
  CHECK(problem({{"concurrency", 8}, {"duration_s", 1}, {"ramp_s", 8}}) ==
        "load.schedule.ramp_s is longer than the stage: most users would never run");
  CHECK(problem({{"concurency", 1}, {"requests", 1}}) ==
        "load.schedule.rate is required; there is 'concurency' (did you mean 'concurrency'?)");
  CHECK(problem({{"rate", 0}, {"duration_s", 1}}) == "load.schedule.rate or to_rate must be positive");
  CHECK(problem({{"rate", 1}, {"duration_s", 1}, {"concurency", 3}}) ==
        "load.schedule: unknown field 'concurency' (did you mean 'concurrency'?)");
  CHECK(problem({{"rate", 1}, {"duration_s", 1}, {"burstiness", 2}}) ==
        "load.schedule.burstiness needs arrival = 'gamma'");
  CHECK_THROWS_AS(plan_arrivals(schedule({{"rate", 1e7}, {"duration_s", 3600}}), 1), core::UsageError);
}
