// Exact percentiles of samples that fit in memory, and what a sample of a given size can support.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace core::stats {

/// The percentiles that every distribution of a report shows.
inline constexpr double kPercentiles[] = {0.1, 1, 5, 10, 25, 50, 75, 90, 95, 99, 99.9};

/// `p50`, `p99.9`: the name of a percentile in tables and files.
std::string percentile_name(double percent);

/// The `percent`-th percentile of values sorted ascending, linear between neighbours: with h = (n-1) p/100
/// and f = h - floor(h), it is x[floor h] (1-f) + x[floor h + 1] f (the default of numpy and R's type 7).
/// `sorted` must not be empty; `percent` is clamped to 0..100.
double percentile_sorted(std::span<const double> sorted, double percent);

/// Smallest sample for which the percentile is more than an accident: the smallest n with
/// P(Binomial(n, 1-q) <= 1) <= 1 %, q = max(p, 100-p)/100. p50: 11, p90: 64, p99: 662, p99.9: 6636.
std::size_t samples_needed(double percent);

/// Ranks (from 1) of the two order statistics that enclose a percentile.
struct RankInterval {
  std::size_t low, high;
};

/// Distribution-free interval of a percentile of `n` independent values: with B ~ Binomial(n, p/100) and
/// a = (1 - confidence)/2, low = B's a-quantile and high = B's (1-a)-quantile + 1. The result may lie outside
/// 1..n, which means that the sample gives no bound on that side.
RankInterval rank_interval(std::size_t n, double percent, double confidence = 0.95);

}  // namespace core::stats
