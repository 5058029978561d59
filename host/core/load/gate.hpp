// The cap on requests in flight, shared by all workers.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>

namespace core::load {

/// Hands out slots in the order in which they were asked for. Any thread.
class Gate {
 public:
  explicit Gate(std::uint32_t slots) : free_(slots) {}

  /// Takes a slot; false: none is free and worker `worker` now stands in the queue.
  bool enter(unsigned worker);
  /// Gives a slot back. Returns the worker that now owns it, or -1 if nobody waited.
  int leave();

 private:
  std::mutex mutex_;
  std::uint32_t free_;
  std::deque<unsigned> queue_;
};

}  // namespace core::load
