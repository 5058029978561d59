#include "core/stats/summary.hpp"

#include <algorithm>
#include <cmath>

#include "core/stats/percentile.hpp"

namespace core::stats {

Moments moments(std::span<const double> values) {
  Moments result{values.size()};
  if (values.empty()) return result;
  const auto n = static_cast<double>(values.size());
  double sum = 0;
  for (const double v : values) sum += v - values[0];
  result.mean = values[0] + sum / n;
  double squares = 0, rest = 0;  // `rest` corrects the rounding of the mean
  for (const double v : values) {
    const double d = v - result.mean;
    squares += d * d;
    rest += d;
  }
  if (values.size() > 1) result.std_dev = std::sqrt(std::max(0.0, (squares - rest * rest / n) / (n - 1)));
  return result;
}

double lag1_correlation(std::span<const double> values) {
  if (values.size() < 3) return 0;
  const double mean = moments(values).mean;
  double products = 0, squares = 0, before = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double d = values[i] - mean;
    if (i) products += before * d;
    squares += d * d;
    before = d;
  }
  return squares > 0 ? products / squares : 0;
}

std::size_t effective_count(std::span<const double> values) {
  const auto n = static_cast<double>(values.size());
  const double r = std::min(lag1_correlation(values), 0.999);
  if (values.empty() || r <= 2 / std::sqrt(n)) return values.size();
  return std::max<std::size_t>(1, static_cast<std::size_t>(n * (1 - r) / (1 + r)));
}

namespace {

Percentile percentile_of(std::span<const double> sorted, std::size_t effective, double percent) {
  Percentile result{percent, percentile_sorted(sorted, percent)};
  result.supported = effective >= samples_needed(percent);
  const auto [low, high] = rank_interval(effective, percent);
  const double stretch = static_cast<double>(sorted.size()) / static_cast<double>(effective);
  if (low >= 1) {
    const auto rank = static_cast<std::size_t>(std::floor(static_cast<double>(low) * stretch));
    result.low = sorted[std::min(rank, sorted.size()) - 1];
  }
  if (high <= effective) {
    const auto rank = static_cast<std::size_t>(std::ceil(static_cast<double>(high) * stretch));
    result.high = sorted[std::min(rank, sorted.size()) - 1];
  }
  return result;
}

}  // namespace

Summary summarise(std::vector<double>& values, std::span<const double> percents) {
  Summary result;
  if (values.empty()) return result;
  const Moments m = moments(values);
  result.count = m.count;
  result.mean = m.mean;
  result.std_dev = m.std_dev;
  result.effective = effective_count(values);
  result.mean_margin = 1.959963984540054 * m.std_dev / std::sqrt(static_cast<double>(result.effective));
  std::sort(values.begin(), values.end());
  result.min = values.front();
  result.max = values.back();
  for (const double percent : percents)
    result.percentiles.push_back(percentile_of(values, result.effective, percent));
  return result;
}

Summary summarise(std::vector<double>& values) { return summarise(values, kPercentiles); }

Value to_value(const Summary& summary) {
  if (!summary.count) return {{"count", 0}};
  Value table = {{"count", summary.count},
                 {"effective_count", summary.effective},
                 {"mean", summary.mean},
                 {"min", summary.min},
                 {"max", summary.max}};
  if (summary.count > 1) {  // one value has no spread that could be estimated
    table["std_dev"] = summary.std_dev;
    table["mean_margin"] = summary.mean_margin;
  }
  Value intervals = Value::object(), unsupported = Value::array();
  for (const Percentile& p : summary.percentiles) {
    const std::string name = percentile_name(p.percent);
    table[name] = p.value;
    intervals[name] = {p.low ? Value(*p.low) : Value(), p.high ? Value(*p.high) : Value()};
    if (!p.supported) unsupported.push_back(name);
  }
  table["interval"] = std::move(intervals);
  table["unsupported"] = std::move(unsupported);
  return table;
}

}  // namespace core::stats
