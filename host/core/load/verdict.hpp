// Whether a stage measured what it claims to have measured.
#pragma once

#include <string>
#include <vector>

#include "core/load/fields.hpp"

namespace core::load {

/// What a stage must keep to be valid. docs/metrics.md explains each limit.
struct Limits {
  double max_error_ratio = 0.01;           // failed or cut off / sent
  double max_schedule_delay_p99_s = 0.01;  // the client's own lateness
  double max_loop_lag_p99_s = 0.01;        // how late an answer may be seen
  double max_client_cpu = 0.9;             // of one processor, busiest worker; not judged when spinning
  double min_delivered = 0.95;             // of the load asked for: docs/metrics.md
  std::size_t min_samples = 11;            // successes; 11 support a median

  static Limits parse(Fields fields);
  Value to_value() const;
};

/// What is judged. Negative: not known, not judged.
struct Evidence {
  double error_ratio = 0;
  double schedule_delay_p99_s = -1, loop_lag_p99_s = -1, client_cpu = -1;
  double delivered = -1;
  std::size_t samples = 0;
  bool all_empty = false;    // requests succeeded, and none brought a token
  bool cancelled = false;    // it was stopped before its end
  double time_limit_s = -1;  // the limit at which it was stopped
  std::string damage;        // what is wrong with the file of the records
};

/// `verdict` is the gravest of `damaged records`, `errors above limit`, `client-limited`, `under-delivered`,
/// `too few samples`, or `valid`; `reasons` says for each broken limit what was found.
struct Verdict {
  std::string verdict;
  std::vector<std::string> reasons;
};
Verdict judge(const Evidence& evidence, const Limits& limits);

}  // namespace core::load
