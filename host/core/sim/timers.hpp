// A heap of absolute deadlines that knows where each of its entries is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/net/monotonic.hpp"

namespace core::sim {

/// Base of what can be due. It must not move while it is in a heap.
struct Timer {
  std::int64_t due_ns = 0;
  std::size_t heap_index = 0;  // position + 1; 0 when in no heap

  bool armed() const { return heap_index != 0; }
};

/// A four-way heap, earliest first. Every operation is O(log n); nothing is allocated once it has grown.
class TimerHeap {
 public:
  /// When the earliest entry is due; kNever if there is none.
  std::int64_t next_due_ns() const { return heap_.empty() ? net::kNever : heap_.front()->due_ns; }
  Timer* first() const { return heap_.empty() ? nullptr : heap_.front(); }
  bool empty() const { return heap_.empty(); }

  /// Arms `timer`, or moves it if it is armed already.
  void set(Timer& timer, std::int64_t due_ns);
  /// Disarms; harmless if it was not armed.
  void cancel(Timer& timer);

 private:
  void place(Timer* timer, std::size_t at);
  void sift_up(Timer* timer, std::size_t at);
  void sift_down(Timer* timer, std::size_t at);

  std::vector<Timer*> heap_;
};

}  // namespace core::sim
