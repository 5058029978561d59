#include <cmath>
#include <vector>

#include "catch.hpp"
#include "core/load/distribution.hpp"
#include "core/load/random.hpp"
#include "core/stats/summary.hpp"

using namespace core::load;

namespace {

template <class Draw>
core::stats::Moments moments_of(int n, Draw draw) {
  std::vector<double> values;
  for (int i = 0; i < n; ++i) values.push_back(draw());
  return core::stats::moments(values);
}

LengthDistribution lengths(const core::Value& value) {
  return LengthDistribution::parse("data.input", value);
}

}  // namespace

TEST_CASE("a seed names one sequence, forever") {
  Random a(1), b(1), other_stream(1, 1), other_seed(2);
  const std::uint64_t first = a.next();
  CHECK(first == b.next());
  CHECK(first != other_stream.next());
  CHECK(first != other_seed.next());
  // Golden values: a change here changes every published workload.
  Random golden(42, 7);
  CHECK(golden.next() == 7469797753120248959u);
  CHECK(golden.below(1000) == 73);
  CHECK(derive_seed(42, 3, 1) == 1310813350746918u);
  CHECK(derive_seed(42, 3, 1) < (1ull << 53));
}

TEST_CASE("draws have the moments they promise") {
  Random random(11);
  const int n = 200'000;
  const auto uniform = moments_of(n, [&] { return random.uniform(); });
  CHECK(uniform.mean == Approx(0.5).margin(0.005));
  CHECK(uniform.std_dev == Approx(std::sqrt(1.0 / 12)).margin(0.003));
  const auto exponential = moments_of(n, [&] { return random.exponential(); });
  CHECK(exponential.mean == Approx(1).margin(0.015));
  CHECK(exponential.std_dev == Approx(1).margin(0.025));
  const auto normal = moments_of(n, [&] { return random.normal(); });
  CHECK(normal.mean == Approx(0).margin(0.015));
  CHECK(normal.std_dev == Approx(1).margin(0.015));
  for (const double shape : {0.25, 1.0, 4.0}) {
    const auto gamma = moments_of(n, [&] { return random.gamma(shape); });
    CHECK(gamma.mean == Approx(shape).epsilon(0.02));
    CHECK(gamma.std_dev == Approx(std::sqrt(shape)).epsilon(0.03));
  }
}

TEST_CASE("bounded integers reach every value equally often") {
  Random random(3);
  std::vector<int> seen(7);
  for (int i = 0; i < 70'000; ++i) ++seen[random.below(7)];
  for (const int count : seen) CHECK(count == Approx(10'000).margin(500));
  CHECK(random.below(1) == 0);
}

TEST_CASE("lengths keep their bounds and do not pile up on them") {
  Random random(5);
  const auto normal = lengths({{"mean", 100}, {"std_dev", 50}, {"min", 50}, {"max", 150}});
  int on_a_bound = 0;
  const auto m = moments_of(20'000, [&] {
    const auto length = normal.sample(random);
    REQUIRE(length >= 50);
    REQUIRE(length <= 150);
    on_a_bound += length == 50 || length == 150;
    return static_cast<double>(length);
  });
  CHECK(m.mean == Approx(100).margin(1));
  CHECK(on_a_bound < 500);  // clipping would put 6,300 there
}

TEST_CASE("a lognormal has the mean and deviation of the lengths, not of their logarithms") {
  Random random(6);
  const auto d = lengths({{"type", "lognormal"}, {"mean", 1000}, {"std_dev", 500}});
  const auto m = moments_of(100'000, [&] { return static_cast<double>(d.sample(random)); });
  CHECK(m.mean == Approx(1000).epsilon(0.01));
  CHECK(m.std_dev == Approx(500).epsilon(0.02));
}

TEST_CASE("length distributions say what they are by what is given") {
  using Kind = LengthDistribution::Kind;
  CHECK(lengths(7).kind == Kind::kConstant);
  CHECK(lengths({{"min", 1}, {"max", 9}}).kind == Kind::kUniform);
  CHECK(lengths({{"mean", 5}, {"std_dev", 1}}).kind == Kind::kNormal);
  CHECK(lengths({{"mean", 5}, {"std_dev", 0}, {"min", 1}, {"max", 9}}).kind == Kind::kConstant);
  Random random(1);
  CHECK(lengths(7).sample(random) == 7);
}

TEST_CASE("wrong length distributions are refused by name") {
  const auto message = [](const core::Value& value) {
    try {
      lengths(value);
    } catch (const core::UsageError& e) {
      return std::string(e.what());
    }
    return std::string("accepted");
  };
  CHECK(message({{"mean", 10}, {"stddev", 3}}) ==
        "data.input: unknown field 'stddev' (did you mean 'std_dev'?)");
  CHECK(message({{"mean", 10}, {"max", 5}}) == "data.input.mean must lie between min and max");
  CHECK(message({{"min", 9}, {"max", 5}}) == "data.input.min must not be larger than max");
  CHECK(message({{"type", "normal"}}) == "data.input.mean is required");
  CHECK(message({{"type", "gauss"}, {"mean", 1}}).find("must be one of constant, uniform") !=
        std::string::npos);
  CHECK(message({{"type", "uniform"}, {"min", 1}, {"max", 3}, {"mean", 2}}) ==
        "data.input.mean has no meaning for a uniform distribution");
  CHECK(message({{"mean", "ten"}}) == "data.input.mean must be a number");
}
