// One distribution, summarised: moments, exact percentiles, and how far each can be trusted.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/value.hpp"

namespace core::stats {

/// Mean and standard deviation (n-1) in two passes, exact to rounding for any offset.
struct Moments {
  std::size_t count = 0;
  double mean = 0, std_dev = 0;
};
Moments moments(std::span<const double> values);

/// Correlation of neighbours, values in the order they were observed; 0 for fewer than 3 values.
double lag1_correlation(std::span<const double> values);

/// How many independent values the series is worth: n (1-r)/(1+r) with r the lag-1 correlation, if r is
/// larger than chance allows (2/sqrt(n)), else n.
std::size_t effective_count(std::span<const double> values);

/// One percentile with its 95 % interval from order statistics.
struct Percentile {
  double percent = 0, value = 0;
  std::optional<double> low, high;  // empty: the sample has no such bound
  bool supported = false;           // effective count >= samples_needed(percent)
};

struct Summary {
  std::size_t count = 0, effective = 0;
  double mean = 0, std_dev = 0, min = 0, max = 0;
  double mean_margin = 0;  // half width of the mean's 95 % interval: 1.96 s / sqrt(effective)
  std::vector<Percentile> percentiles;
};

/// Summarises `values`, given in the order they were observed; `values` is sorted afterwards. The ranks of
/// the intervals are those of a sample of the effective count, stretched to the real one.
Summary summarise(std::vector<double>& values, std::span<const double> percents);
Summary summarise(std::vector<double>& values);

/// As a table: `count effective_count mean std_dev min max mean_margin`, one field per percentile (`p50`),
/// `interval = { p50 = {low, high}, ... }` (null where unbounded) and `unsupported = { "p99.9", ... }`. An
/// empty distribution is `{ count = 0 }`.
Value to_value(const Summary& summary);

}  // namespace core::stats
