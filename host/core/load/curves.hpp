// Distributions of a record file in the few numbers that a picture needs, however many requests there were.
#pragma once

#include <cstddef>
#include <string>

#include "core/error.hpp"
#include "core/value.hpp"

namespace core::load {

/// How fine curves are.
struct CurveDetail {
  /// Points of a cumulative curve, evenly spaced in share, ends included; at least 2.
  std::size_t points = 400;
  /// Most bars of a histogram; fewer for few values.
  std::size_t bars = 60;
};

/// The latencies `ttft tpot itl e2e` of the measured successes of a record file (docs/metrics.md), each as
/// `{ count, min, max, cumulative = { {value_s, share}, ... }, histogram = { start_s, width_s, counts, beyond
/// } }`. The histogram ends a little above the 99th percentile; `beyond` counts the values above its end. A
/// latency without values is left out. Errors: those of reading, `invalid` for other files.
Result<Value> read_curves(const std::string& path, const CurveDetail& detail = {});

}  // namespace core::load
