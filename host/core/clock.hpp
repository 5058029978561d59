// The seam for time: real, or virtual so that tests of long waits take no time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "core/error.hpp"

namespace core {

class Loop;

/// Time as scripts and core operations see it. Every timeout of an operation that a script can wait
/// for is armed through this seam.
class Clock {
 public:
  virtual ~Clock() = default;

  /// Nanoseconds of a clock that never jumps; its origin has no meaning.
  virtual std::int64_t monotonic_ns() const = 0;
  /// Nanoseconds since 1970-01-01 UTC.
  virtual std::int64_t wall_ns() const = 0;
  /// Calls `fire` from the loop after `seconds` (0 or less: as soon as possible). The returned function
  /// disarms the timer: `fire` is then never called.
  virtual Cancel call_after(double seconds, std::function<void()> fire) = 0;
  /// Asked by the loop when nothing is ready. True if the clock created work.
  virtual bool idle() { return false; }
};

/// Real time, on Asio timers.
std::unique_ptr<Clock> make_real_clock(Loop& loop);

/// Time that stands still while something can run and jumps to the next timer when nothing can. While the
/// outside owes an answer (`Loop::expect_outside`) it waits a quarter of a real second for it before a jump.
class VirtualClock : public Clock {
 public:
  /// `start_wall_ns` is the wall time at monotonic zero.
  explicit VirtualClock(Loop& loop, std::int64_t start_wall_ns = 1'700'000'000'000'000'000);

  std::int64_t monotonic_ns() const override { return now_ns_; }
  std::int64_t wall_ns() const override { return start_wall_ns_ + now_ns_; }
  Cancel call_after(double seconds, std::function<void()> fire) override;
  bool idle() override;

 private:
  Loop& loop_;
  std::int64_t start_wall_ns_;
  std::int64_t now_ns_ = 0;
  using Key = std::pair<std::int64_t, std::uint64_t>;  // due time, order of arming
  std::uint64_t armed_count_ = 0;
  std::shared_ptr<std::map<Key, std::function<void()>>> timers_;
};

/// RFC 3339 with milliseconds in UTC, e.g. `2026-11-24T20:18:00.123Z`.
std::string rfc3339(std::int64_t wall_ns);

/// Local time for folder names, e.g. `20261124-201800-123`.
std::string compact_stamp(std::int64_t wall_ns);

/// Local time as it starts a log line, e.g. `2026-11-24 20:18:00,123`.
std::string log_stamp(std::int64_t wall_ns);

}  // namespace core
