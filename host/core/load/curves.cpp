#include "core/load/curves.hpp"

#include <algorithm>
#include <cmath>

#include "core/load/record_file.hpp"
#include "core/load/sample_set.hpp"
#include "core/stats/percentile.hpp"

namespace core::load {

namespace {

constexpr std::size_t kFewestBars = 8;

Value cumulative(const std::vector<double>& sorted, std::size_t points) {
  const std::size_t count = std::max<std::size_t>(2, std::min(points, sorted.size()));
  Value list = Value::array();
  for (std::size_t i = 0; i < count; ++i) {
    const double share = static_cast<double>(i) / static_cast<double>(count - 1);
    list.push_back({stats::percentile_sorted(sorted, share * 100), share});
  }
  return list;
}

// The tail would squeeze everything else into the first bars, so it is only counted.
double end_of(const std::vector<double>& sorted) {
  constexpr double kBeyondP99 = 0.25;
  const double p99 = stats::percentile_sorted(sorted, 99);
  return std::min(sorted.back(), p99 + kBeyondP99 * (p99 - sorted.front()));
}

Value histogram(const std::vector<double>& sorted, std::size_t most_bars) {
  const double start = sorted.front(), end = end_of(sorted);
  const auto wanted = static_cast<std::size_t>(2 * std::sqrt(static_cast<double>(sorted.size())));
  const std::size_t bars = end > start ? std::clamp(wanted, std::min(kFewestBars, most_bars), most_bars) : 1;
  const double width = end > start ? (end - start) / static_cast<double>(bars) : 0;
  std::vector<std::size_t> counts(bars, 0);
  std::size_t beyond = 0;
  for (const double value : sorted) {
    if (value > end) {
      ++beyond;
    } else {
      const std::size_t bar = width > 0 ? static_cast<std::size_t>((value - start) / width) : 0;
      ++counts[std::min(bar, bars - 1)];
    }
  }
  return {{"start_s", start}, {"width_s", width}, {"counts", counts}, {"beyond", beyond}};
}

void add_curve(Value& curves, const char* name, std::vector<double>& values, const CurveDetail& detail) {
  if (values.empty()) return;
  std::sort(values.begin(), values.end());
  curves[name] = {{"count", values.size()},
                  {"min", values.front()},
                  {"max", values.back()},
                  {"cumulative", cumulative(values, detail.points)},
                  {"histogram", histogram(values, std::max<std::size_t>(1, detail.bars))}};
}

}  // namespace

Result<Value> read_curves(const std::string& path, const CurveDetail& detail) {
  auto file = read_record_file(path);
  if (!file) return std::move(file).error();
  std::vector<RecordView> records;
  for (const auto& section : file.value()->sections) {
    records.insert(records.end(), section.records.begin(), section.records.end());
  }
  SampleSet set = collect_samples(std::move(records), 0, 0);
  Value curves = Value::object();
  add_curve(curves, "ttft", set.ttft, detail);
  add_curve(curves, "tpot", set.tpot, detail);
  add_curve(curves, "itl", set.itl, detail);
  add_curve(curves, "e2e", set.e2e, detail);
  return curves;
}

}  // namespace core::load
