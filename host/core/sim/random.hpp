// A small generator whose numbers are the same on every machine.
#pragma once

#include <cmath>
#include <cstdint>

namespace core::sim {

/// SplitMix64: one multiply-and-shift step per number, any seed is a good seed.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ull);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
  }
  /// In [0, 1).
  double uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  /// In [low, high], both included.
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(uniform() * static_cast<double>(high - low + 1));
  }
  /// Standard normal, by the Box-Muller transform.
  double normal() {
    const double u = 1.0 - uniform();  // in (0, 1]
    return std::sqrt(-2.0 * std::log(u)) * std::cos(6.283185307179586 * uniform());
  }

 private:
  std::uint64_t state_;
};

/// A seed for the `index`-th of many independent generators under one seed.
inline std::uint64_t mix_seed(std::uint64_t seed, std::uint64_t index) {
  return Random(seed ^ (index * 0xD1B54A32D192ED03ull)).next();
}

}  // namespace core::sim
