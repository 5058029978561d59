#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "catch.hpp"
#include "core/error.hpp"
#include "core/stats/histogram.hpp"
#include "core/stats/percentile.hpp"
#include "core/stats/summary.hpp"

using namespace core::stats;

TEST_CASE("percentiles are exact and linear between neighbours") {
  const std::vector<double> four = {1, 2, 3, 4};
  CHECK(percentile_sorted(four, 0) == 1);
  CHECK(percentile_sorted(four, 100) == 4);
  CHECK(percentile_sorted(four, 50) == 2.5);
  CHECK(percentile_sorted(four, 25) == 1.75);
  const std::vector<double> one = {7};
  for (const double p : {0.0, 0.1, 50.0, 99.9, 100.0}) CHECK(percentile_sorted(one, p) == 7);
  std::vector<double> many(1001);
  std::iota(many.begin(), many.end(), 0.0);
  for (const double p : kPercentiles) CHECK(percentile_sorted(many, p) == Approx(p * 10));
}

TEST_CASE("percentile names") {
  CHECK(percentile_name(0.1) == "p0.1");
  CHECK(percentile_name(50) == "p50");
  CHECK(percentile_name(99.9) == "p99.9");
}

TEST_CASE("a sample supports a percentile from a published size on") {
  CHECK(samples_needed(50) == 11);
  CHECK(samples_needed(75) == 24);
  CHECK(samples_needed(80) == 31);
  CHECK(samples_needed(90) == 64);
  CHECK(samples_needed(95) == 130);
  CHECK(samples_needed(97) == 219);
  CHECK(samples_needed(99) == 662);
  CHECK(samples_needed(99.9) == 6636);
  CHECK(samples_needed(99.99) == 66381);
  CHECK(samples_needed(0.1) == samples_needed(99.9));
}

TEST_CASE("rank intervals are the exact binomial ones") {
  const auto ranks = [](std::size_t n, double p) {
    const auto r = rank_interval(n, p);
    return std::make_pair(r.low, r.high);
  };
  CHECK(ranks(1000, 50) == std::make_pair<std::size_t, std::size_t>(469, 532));
  CHECK(ranks(1000, 90) == std::make_pair<std::size_t, std::size_t>(881, 919));
  CHECK(ranks(1000, 99) == std::make_pair<std::size_t, std::size_t>(983, 997));
  CHECK(ranks(10000, 99) == std::make_pair<std::size_t, std::size_t>(9880, 9920));
  CHECK(rank_interval(20, 99).high > 20);  // no upper bound
  CHECK(rank_interval(20, 1).low == 0);    // no lower bound
  const auto large = rank_interval(10'000'000, 50);
  CHECK(large.low == Approx(5'000'000 - 1.96 * 1581.14).margin(2));
}

TEST_CASE("moments survive a large offset") {
  std::vector<double> values;
  for (int i = 0; i < 1000; ++i) values.push_back(1e9 + (i % 2 ? 0.1 : -0.1));
  const auto m = moments(values);
  CHECK(m.mean == Approx(1e9).epsilon(1e-15));
  CHECK(m.std_dev == Approx(0.1 * std::sqrt(1000.0 / 999)).epsilon(1e-6));
  CHECK(moments(std::vector<double>{}).count == 0);
  CHECK(moments(std::vector<double>{5}).std_dev == 0);
}

TEST_CASE("a drifting series is worth fewer values than it has") {
  std::vector<double> drift(1000), alternating(1000);
  for (int i = 0; i < 1000; ++i) {
    drift[i] = i;
    alternating[i] = i % 2;
  }
  CHECK(effective_count(drift) < 10);
  CHECK(effective_count(alternating) == 1000);
  CHECK(effective_count(std::vector<double>(50, 3.0)) == 50);
}

TEST_CASE("a summary marks what the sample does not support") {
  std::vector<double> values;
  for (int i = 0; i < 100; ++i) values.push_back((i * 37) % 100);  // 0..99, shuffled
  const auto summary = summarise(values);
  CHECK(summary.count == 100);
  CHECK(summary.mean == Approx(49.5));
  CHECK(summary.min == 0);
  CHECK(summary.max == 99);
  const auto table = to_value(summary);
  CHECK(table["p50"] == 49.5);
  CHECK(table["p90"] == Approx(89.1));
  CHECK(table["unsupported"] == core::Value({"p0.1", "p1", "p5", "p95", "p99", "p99.9"}));
  CHECK(table["interval"]["p50"][0].get<double>() < 49.5);
  CHECK(table["interval"]["p50"][1].get<double>() > 49.5);
  CHECK(table["interval"]["p99.9"][1].is_null());
}

TEST_CASE("an empty distribution has a count and nothing else") {
  std::vector<double> none;
  CHECK(to_value(summarise(none)) == core::Value({{"count", 0}}));
}

TEST_CASE("a histogram keeps its promised error over ten decades") {
  for (const unsigned bits : {4u, 11u}) {
    Histogram h(bits);
    std::vector<double> values;
    std::uint64_t v = 1;
    for (int i = 0; i < 20000; ++i) {
      v = v * 6364136223846793005ull + 1442695040888963407ull;
      const auto value = static_cast<std::uint64_t>(std::exp2(static_cast<double>(v >> 40) / (1 << 24) * 40));
      h.record(value);
      values.push_back(static_cast<double>(value));
    }
    std::sort(values.begin(), values.end());
    for (const double p : {0.1, 1.0, 10.0, 50.0, 90.0, 99.0, 99.9, 100.0}) {
      const auto rank = static_cast<std::size_t>(std::ceil(p / 100 * 20000));
      CHECK(h.percentile(p) == Approx(values[rank - 1]).epsilon(std::exp2(-static_cast<int>(bits) - 1)));
    }
    CHECK(h.min() == values.front());
    CHECK(h.max() == values.back());
  }
}

TEST_CASE("every bucket starts where the one before ends") {
  const LogLinear scale{3};
  for (std::size_t i = 0; i + 1 < scale.size(20); ++i) {
    CHECK(scale.index(scale.lower(i)) == i);
    CHECK(scale.index(scale.lower(i + 1) - 1) == i);
  }
}

TEST_CASE("merging histograms is the same as recording into one") {
  Histogram a, b, both;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    (i % 3 ? a : b).record(i * i * 1000);
    both.record(i * i * 1000);
  }
  a.merge(b);
  CHECK(a.count() == both.count());
  CHECK(a.mean() == Approx(both.mean()));
  for (const double p : kPercentiles) CHECK(a.percentile(p) == both.percentile(p));
  CHECK_THROWS_AS(a.merge(Histogram(5)), core::UsageError);
  CHECK(Histogram().percentile(50) == 0);
}
