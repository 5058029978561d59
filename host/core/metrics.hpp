// Prometheus metrics as servers expose them: reading the text, and the arithmetic on what it says.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.hpp"

namespace core {

using MetricLabels = std::map<std::string, std::string>;

struct MetricSample {
  /// The name of its line: the family's, or with `_bucket`, `_sum`, `_count`, `_total`.
  std::string name;
  MetricLabels labels;
  double value = 0;
};

/// What one `# TYPE` announces, in the order of the text.
struct MetricFamily {
  std::string name;
  /// counter, gauge, histogram, summary or untyped.
  std::string type = "untyped";
  std::string help;
  std::vector<MetricSample> samples;
};

using Metrics = std::vector<MetricFamily>;

/// Reads the text format 0.0.4 and what servers send of OpenMetrics (`# EOF`, exemplars and time stamps are
/// skipped). Error `invalid` shows the line; `source` names the text.
Result<Metrics> parse_metrics(std::string_view text, const std::string& source = {});

/// Sum of the samples of that name that have all of `labels`; nothing if there is none.
std::optional<double> metric_value(const Metrics& metrics, const std::string& name,
                                   const MetricLabels& labels = {});

/// Quantile `q` (0 to 1) of a histogram over all series that have `labels`, interpolated within its bucket as
/// Prometheus' `histogram_quantile` does: buckets of equal bounds are added up, the first one begins at 0 (if
/// its bound is positive), and the open last one gives its lower bound. Nothing without samples.
std::optional<double> metric_quantile(const Metrics& metrics, const std::string& name, double q,
                                      const MetricLabels& labels = {});

/// `sum / count` of a histogram or summary; nothing without samples.
std::optional<double> metric_mean(const Metrics& metrics, const std::string& name,
                                  const MetricLabels& labels = {});

struct MetricDelta {
  Metrics metrics;
  /// Names whose counter went backwards: the server was restarted in between, and only what came after
  /// counts.
  std::vector<std::string> resets;
};

/// What happened between two scrapes of the same server: counters, histograms and summaries hold the increase
/// (a series that is new counts from zero), gauges and quantiles of summaries the later value.
MetricDelta metric_delta(const Metrics& before, const Metrics& after);

}  // namespace core
