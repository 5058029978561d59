// When each request is to be sent: the whole plan, fixed by a seed before anything starts.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/load/fields.hpp"

namespace core::load {

/// A stretch of time in which the rate goes linearly from `rate` to `to_rate` (requests per second).
struct Segment {
  double rate = 0, to_rate = 0;
  double duration_s = 0;
};

/// How arrivals of a given rate are spread.
enum class Arrival {
  kConstant,  // truly even
  kPoisson,   // independent: exponential gaps
  kGamma,     // gamma gaps of shape `burstiness`: below 1 burstier than Poisson, above 1 more regular
};

/// What a stage asks for. Open loop: `segments`; closed loop: `concurrency` users, each sending its next
/// request when the one before has ended, until `requests` are sent or `duration_s` has passed (whatever is
/// given, at least one).
struct Schedule {
  bool open_loop = true;
  Arrival arrival = Arrival::kConstant;
  double burstiness = 1;
  std::vector<Segment> segments;
  std::uint32_t max_concurrency = 0;  // open loop: requests in flight at most; 0: no cap

  std::uint32_t concurrency = 0;
  std::uint64_t requests = 0;  // measured ones; 0: unlimited
  double duration_s = 0;       // 0: unlimited
  double ramp_s = 0;           // closed loop: users start spread evenly over this time

  double warmup_s = 0;                // before the measured window
  std::uint64_t warmup_requests = 0;  // closed loop: the first n requests are not measured

  /// From a table; the fields are those of docs/load.md. Throws UsageError.
  static Schedule parse(Fields fields);
  /// Length of the measured window in seconds; 0 for a closed loop that ends by count.
  double window_s() const;
};

/// Planned send times in nanoseconds from the start of the stage, ascending.
struct ArrivalPlan {
  std::vector<std::int64_t> at_ns;
  std::size_t warmup_count = 0;  // the first ones, before the window
  std::int64_t window_start_ns = 0, window_end_ns = 0;
};

/// Arrivals of an open-loop schedule. A unit-rate renewal process (constant, exponential or gamma gaps with
/// mean 1) is mapped through the inverse of the cumulative rate, so ramps are exact. The warm-up runs at the
/// first segment's starting rate (its `rate`, or `to_rate` if that is 0). Depends on schedule and seed only.
/// Throws UsageError above 100 million arrivals.
ArrivalPlan plan_arrivals(const Schedule& schedule, std::uint64_t seed);

/// How a series of times really looks.
struct ArrivalStatistics {
  std::size_t count = 0;
  double rate = 0;    // (n-1) / (last - first)
  double gap_cv = 0;  // deviation of the gaps / their mean
  /// Variance / mean of the counts in whole bins of `bin_s` from the first arrival on; nothing with fewer
  /// than 2.
  std::optional<double> dispersion;
};
ArrivalStatistics describe_arrivals(const std::vector<std::int64_t>& at_ns, double bin_s = 1);

}  // namespace core::load
