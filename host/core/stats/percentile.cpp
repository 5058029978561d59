#include "core/stats/percentile.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace core::stats {

std::string percentile_name(double percent) {
  char name[32];
  std::snprintf(name, sizeof name, "p%g", percent);
  return name;
}

double percentile_sorted(std::span<const double> sorted, double percent) {
  const double h = static_cast<double>(sorted.size() - 1) * std::clamp(percent, 0.0, 100.0) / 100;
  const auto below = static_cast<std::size_t>(h);
  const double fraction = h - static_cast<double>(below);
  if (fraction == 0) return sorted[below];
  return sorted[below] * (1 - fraction) + sorted[below + 1] * fraction;
}

std::size_t samples_needed(double percent) {
  const double q = std::max(percent, 100 - percent) / 100;
  if (q >= 1) return static_cast<std::size_t>(-1);
  const auto at_most_one_over = [q](double n) { return std::pow(q, n) + n * std::pow(q, n - 1) * (1 - q); };
  std::size_t low = 1, high = 2;
  while (at_most_one_over(static_cast<double>(high)) > 0.01) high *= 2;
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (at_most_one_over(static_cast<double>(middle)) <= 0.01)
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

namespace {

// Stirling's series; std::lgamma writes a global variable and must not be used from several threads.
double log_factorial(double n) {
  double shifted = 0;
  for (; n < 16; ++n) shifted += std::log(n + 1);
  const double square = n * n;
  const double series = (1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / square) / square) / n;
  return n * std::log(n) - n + 0.5 * std::log(6.283185307179586 * n) + series - shifted;
}

double log_pmf(double n, double k, double p) {
  return log_factorial(n) - log_factorial(k) - log_factorial(n - k) + k * std::log(p) +
         (n - k) * std::log1p(-p);
}

// Sums the mass upwards from where it is negligible (12 standard deviations below the mean).
std::size_t binomial_quantile(std::size_t size, double p, double tail) {
  if (p <= 0) return 0;
  if (p >= 1) return size;
  const auto n = static_cast<double>(size);
  double k = std::max(0.0, std::floor(n * p - 12 * std::sqrt(n * p * (1 - p)) - 12));
  double mass = std::exp(log_pmf(n, k, p));
  double sum = mass;
  while (sum < tail && k < n) {
    mass *= (n - k) / (k + 1) * p / (1 - p);
    sum += mass;
    ++k;
  }
  return static_cast<std::size_t>(k);
}

}  // namespace

RankInterval rank_interval(std::size_t n, double percent, double confidence) {
  const double p = percent / 100, alpha = (1 - confidence) / 2;
  return {binomial_quantile(n, p, alpha), binomial_quantile(n, p, 1 - alpha) + 1};
}

}  // namespace core::stats
