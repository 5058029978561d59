// How long prompts and answers are: distributions of token counts.
#pragma once

#include <cstdint>

#include "core/load/fields.hpp"
#include "core/load/random.hpp"

namespace core::load {

/// A distribution of lengths in tokens. Draws outside min..max are drawn again, so that no mass piles up on
/// the bounds (after 1,000 misses the nearest bound is taken). Mean and deviation are those before the bounds
/// act.
struct LengthDistribution {
  enum class Kind { kConstant, kUniform, kNormal, kLognormal };
  Kind kind = Kind::kConstant;
  double mean = 0, std_dev = 0;
  std::uint32_t min = 1, max = 1;

  std::uint32_t sample(Random& random) const;
  /// True if a draw may be 0.
  bool may_be_zero() const { return kind == Kind::kConstant ? mean < 1 : min == 0; }

  static LengthDistribution constant(std::uint32_t length);
  /// From a number, or a table `{ type = constant|uniform|normal|lognormal, mean, std_dev, min, max }`.
  /// Without `type`, a deviation means normal, bounds alone uniform, a mean alone constant. Throws
  /// UsageError.
  static LengthDistribution parse(const std::string& path, const Value& value);
};

}  // namespace core::load
