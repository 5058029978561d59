#include "core/sim/timers.hpp"

#include <algorithm>

namespace core::sim {

namespace {
constexpr std::size_t kArity = 4;
}

void TimerHeap::place(Timer* timer, std::size_t at) {
  heap_[at] = timer;
  timer->heap_index = at + 1;
}

void TimerHeap::sift_up(Timer* timer, std::size_t at) {
  while (at > 0) {
    const std::size_t parent = (at - 1) / kArity;
    if (heap_[parent]->due_ns <= timer->due_ns) break;
    place(heap_[parent], at);
    at = parent;
  }
  place(timer, at);
}

void TimerHeap::sift_down(Timer* timer, std::size_t at) {
  for (;;) {
    const std::size_t first = at * kArity + 1;
    if (first >= heap_.size()) break;
    const std::size_t last = std::min(first + kArity, heap_.size());
    std::size_t best = first;
    for (std::size_t child = first + 1; child < last; ++child) {
      if (heap_[child]->due_ns < heap_[best]->due_ns) best = child;
    }
    if (timer->due_ns <= heap_[best]->due_ns) break;
    place(heap_[best], at);
    at = best;
  }
  place(timer, at);
}

void TimerHeap::set(Timer& timer, std::int64_t due_ns) {
  const std::int64_t before = timer.due_ns;
  timer.due_ns = due_ns;
  if (!timer.armed()) {
    heap_.push_back(&timer);
    sift_up(&timer, heap_.size() - 1);
  } else if (due_ns < before) {
    sift_up(&timer, timer.heap_index - 1);
  } else {
    sift_down(&timer, timer.heap_index - 1);
  }
}

void TimerHeap::cancel(Timer& timer) {
  if (!timer.armed()) return;
  const std::size_t at = timer.heap_index - 1;
  timer.heap_index = 0;
  Timer* last = heap_.back();
  heap_.pop_back();
  if (last == &timer) return;
  if (at > 0 && heap_[(at - 1) / kArity]->due_ns > last->due_ns) {
    sift_up(last, at);
  } else {
    sift_down(last, at);
  }
}

}  // namespace core::sim
