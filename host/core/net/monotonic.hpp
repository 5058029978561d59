// The clock of the hot paths: one call, nanoseconds, never jumps.
#pragma once

#include <cstdint>
#include <ctime>
#include <limits>

namespace core::net {

/// "No deadline": later than anything.
inline constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

/// Nanoseconds of CLOCK_MONOTONIC; comparable between processes of one machine.
inline std::int64_t now_ns() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
}

}  // namespace core::net
