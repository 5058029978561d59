// How the client itself is doing: processor time, involuntary switches, stolen time.
#pragma once

#include <cstdint>

#include "core/value.hpp"

namespace core::load {

/// Counters at one moment; differences of two are what matters.
struct ThreadUsage {
  std::int64_t cpu_ns = 0;
  std::int64_t involuntary_switches = 0;
};
/// Of the calling thread.
ThreadUsage thread_usage();

/// Of the whole process (user + system), in nanoseconds.
std::int64_t process_cpu_ns();

/// Seconds that the hypervisor has taken from all processors since boot; negative when the system does not
/// say.
double stolen_s();

}  // namespace core::load
