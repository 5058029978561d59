#include "core/metrics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "core/number.hpp"

namespace core {

namespace {

bool has_labels(const MetricSample& sample, const MetricLabels& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&sample](const auto& label) {
    const auto found = sample.labels.find(label.first);
    return found != sample.labels.end() && found->second == label.second;
  });
}

template <class Visit>
void each_sample(const Metrics& metrics, const std::string& name, const MetricLabels& labels, Visit visit) {
  for (const auto& family : metrics) {
    if (name.compare(0, family.name.size(), family.name) != 0) continue;
    for (const auto& sample : family.samples)
      if (sample.name == name && has_labels(sample, labels)) visit(sample);
  }
}

double read_bound(const std::string& text) {
  if (text == "+Inf" || text == "Inf" || text == "inf") return std::numeric_limits<double>::infinity();
  return parse_double(text);
}

/// Cumulative counts by upper bound, over all matching series.
std::map<double, double> buckets_of(const Metrics& metrics, const std::string& name,
                                    const MetricLabels& labels) {
  std::map<double, double> buckets;
  each_sample(metrics, name + "_bucket", labels, [&buckets](const MetricSample& sample) {
    const auto le = sample.labels.find("le");
    if (le == sample.labels.end()) return;
    const double bound = read_bound(le->second);
    if (!std::isnan(bound) && std::isfinite(sample.value)) buckets[bound] += sample.value;
  });
  double highest = 0;  // scrapes are not atomic: a count may lag behind the one below it
  for (auto& [bound, count] : buckets) count = highest = std::max(highest, count);
  return buckets;
}

bool is_cumulative(const MetricFamily& family, const std::string& sample) {
  const auto ends_with = [&sample](std::string_view suffix) {
    return sample.size() > suffix.size() &&
           sample.compare(sample.size() - suffix.size(), suffix.size(), suffix) == 0;
  };
  if (ends_with("_created")) return false;
  if (family.type == "counter" || family.type == "histogram") return true;
  if (family.type == "summary") return sample != family.name;
  return family.type == "untyped" && ends_with("_total");
}

using Series = std::pair<std::string, MetricLabels>;

std::map<Series, double> cumulative_values(const Metrics& metrics) {
  std::map<Series, double> values;
  for (const auto& family : metrics)
    for (const auto& sample : family.samples)
      if (is_cumulative(family, sample.name)) values[{sample.name, sample.labels}] = sample.value;
  return values;
}

}  // namespace

std::optional<double> metric_value(const Metrics& metrics, const std::string& name,
                                   const MetricLabels& labels) {
  std::optional<double> sum;
  each_sample(metrics, name, labels,
              [&sum](const MetricSample& sample) { sum = sum.value_or(0) + sample.value; });
  return sum;
}

std::optional<double> metric_quantile(const Metrics& metrics, const std::string& name, double q,
                                      const MetricLabels& labels) {
  const auto buckets = buckets_of(metrics, name, labels);
  if (buckets.empty() || buckets.rbegin()->second <= 0) return {};
  const double rank = std::clamp(q, 0.0, 1.0) * buckets.rbegin()->second;
  const auto bucket =
      std::find_if(buckets.begin(), buckets.end(), [rank](const auto& b) { return b.second >= rank; });
  const bool first = bucket == buckets.begin();
  const double upper = bucket->first;
  if (std::isinf(upper)) return first ? upper : std::prev(bucket)->first;
  if (first && upper <= 0) return upper;
  const double lower = first ? 0 : std::prev(bucket)->first, below = first ? 0 : std::prev(bucket)->second;
  const double inside = bucket->second - below;
  return inside <= 0 ? lower : lower + (upper - lower) * (rank - below) / inside;
}

std::optional<double> metric_mean(const Metrics& metrics, const std::string& name,
                                  const MetricLabels& labels) {
  const auto sum = metric_value(metrics, name + "_sum", labels);
  const auto count = metric_value(metrics, name + "_count", labels);
  if (!sum || !count || *count <= 0) return {};
  return *sum / *count;
}

MetricDelta metric_delta(const Metrics& before, const Metrics& after) {
  const auto earlier = cumulative_values(before);
  std::set<std::string> resets;
  MetricDelta delta{after, {}};
  for (auto& family : delta.metrics) {
    for (auto& sample : family.samples) {
      const auto found = earlier.find({sample.name, sample.labels});
      if (found == earlier.end() || !is_cumulative(family, sample.name)) continue;
      if (sample.value < found->second) {
        resets.insert(sample.name);
      } else {
        sample.value -= found->second;
      }
    }
  }
  delta.resets.assign(resets.begin(), resets.end());
  return delta;
}

}  // namespace core
