// Durations as Go writes them: `50ms`, `1.5s`, `250us`, `1m30s`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace core::sim {

/// A span of time; a type of its own so that option tables can tell it from a count.
struct Duration {
  std::int64_t ns = 0;

  friend bool operator==(Duration a, Duration b) { return a.ns == b.ns; }
};

/// Reads a sequence of decimal numbers with units ns, us (also µs), ms, s, m, h; `0` needs no unit. Empty for
/// anything else, for negative values and for overflow.
std::optional<Duration> parse_duration(std::string_view text);

/// The shortest text with one unit that reads back to the same value: `0s`, `50ms`, `1500us`, `90s`.
std::string format_duration(Duration duration);

}  // namespace core::sim
