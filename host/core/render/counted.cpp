#include "core/render/counted.hpp"

#include <vector>

#include "core/render/exception.hpp"

namespace core::render {

namespace {

thread_local Heap* current_heap = nullptr;
thread_local Memory current_memory;

// Objects that wait to be deleted while the chain of destructors is already this deep.
constexpr int kDeepestDelete = 100;
thread_local int delete_depth = 0;
thread_local std::vector<const Counted*>* waiting = nullptr;

}  // namespace

void Counted::dispose(const Counted* dead) noexcept {
  if (delete_depth >= kDeepestDelete) {
    waiting->push_back(dead);
    return;
  }
  std::vector<const Counted*> later;
  if (delete_depth == 0) waiting = &later;
  ++delete_depth;
  delete dead;
  if (delete_depth == 1) {
    while (!later.empty()) {
      const Counted* next = later.back();
      later.pop_back();
      delete next;
    }
    waiting = nullptr;
  }
  --delete_depth;
}

Tracked::Tracked() {
  if (!current_heap) return;
  behind_ = current_heap->first_;
  if (behind_) behind_->before_ = this;
  // The first one points at itself: that tells it from one that is on no list.
  before_ = this;
  current_heap->first_ = this;
}

Tracked::~Tracked() {
  if (!before_) return;
  if (behind_) behind_->before_ = before_ == this ? behind_ : before_;
  if (before_ != this) {
    before_->behind_ = behind_;
    return;
  }
  // First of its list, which is that of the current heap or of one further out.
  for (Heap* heap = current_heap; heap; heap = heap->outer_) {
    if (heap->first_ == this) heap->first_ = behind_;
  }
}

Heap::Heap() : outer_(current_heap) { current_heap = this; }

Heap::~Heap() {
  // Clearing one may delete others, so the list is read anew each time; each cleared one leaves it.
  while (first_) {
    const Ref<Tracked> left(first_);
    first_ = left->behind_;
    if (first_) first_->before_ = first_;
    left->before_ = left->behind_ = nullptr;
    left->clear();
  }
  current_heap = outer_;
}

Memory& memory() { return current_memory; }

void charge_bytes(std::size_t bytes) {
  const Memory& now = current_memory;
  if (bytes > now.limit || now.used > now.limit - bytes) {
    raise("MemoryError", "the template needs more than " + std::to_string(now.limit >> 20) +
                             " MiB for its values (limit memory_bytes)");
  }
}

}  // namespace core::render
