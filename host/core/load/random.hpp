// A portable random generator: the same seed gives the same workload with every compiler and library.
#pragma once

#include <cstdint>

namespace core::load {

/// xoshiro256** seeded through splitmix64, with our own sampling, because the distributions of the standard
/// library differ between implementations. Integers are identical everywhere; real draws agree to the last
/// bits of the platform's `log`.
class Random {
 public:
  /// Streams of one seed are independent: request i draws from stream i, whoever renders it.
  explicit Random(std::uint64_t seed, std::uint64_t stream = 0);

  std::uint64_t next();
  /// In [0, 1), 53 bits.
  double uniform();
  /// In 0 .. bound-1 without bias (multiply and reject); `bound` > 0.
  std::uint64_t below(std::uint64_t bound);
  /// Mean 1, by inversion.
  double exponential();
  /// Mean 0, deviation 1, by the polar method.
  double normal();
  /// Mean `shape`, variance `shape` (scale 1), after Marsaglia and Tsang; `shape` > 0.
  double gamma(double shape);

 private:
  std::uint64_t state_[4];
};

/// A seed that belongs to (`base`, `a`, `b`), e.g. stage and repeat. Below 2^53, so that scripts can hold it.
std::uint64_t derive_seed(std::uint64_t base, std::uint64_t a, std::uint64_t b = 0);

}  // namespace core::load
