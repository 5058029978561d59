#include "core/sim/lengths.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace core::sim {

namespace {

constexpr std::array<double, 6> kCumulative = {0.20, 0.50, 0.70, 0.75, 0.85, 1.00};
constexpr std::int64_t kEqualUpTo = 120, kWidth = 20;
constexpr double kFreeMean = 40, kFreeDeviation = 20;

// End (included) of range `i`, of the ranges that share 1..max.
std::int64_t range_end(std::size_t i, std::int64_t max) {
  const auto ranges = static_cast<std::int64_t>(kCumulative.size());
  const auto index = static_cast<std::int64_t>(i) + 1;
  if (max <= kEqualUpTo) return max * index / ranges;
  return index <= 3 ? kWidth * index : max - kWidth * (ranges - index);
}

std::int64_t draw_bounded(std::int64_t max, Random& random) {
  const double u = random.uniform();
  std::size_t i = 0;
  while (u >= kCumulative[i]) ++i;
  const std::int64_t low = i == 0 ? 1 : range_end(i - 1, max) + 1;
  return random.between(low, std::max(low, range_end(i, max)));
}

}  // namespace

std::int64_t draw_output_length(const LengthLimits& limits, Random& random) {
  const std::int64_t most = std::min(limits.max_tokens.value_or(limits.room), limits.room);
  if (limits.ignore_eos) return most;
  std::int64_t length = 0;
  if (limits.max_tokens) {
    length = draw_bounded(most, random);
  } else {
    length = std::llround(kFreeMean + kFreeDeviation * random.normal());
  }
  return std::clamp(length, std::clamp<std::int64_t>(limits.min_tokens, 1, most), most);
}

}  // namespace core::sim
