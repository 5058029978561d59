// Reference counting for the values of a template, and the list of containers that one rendering leaves
// behind.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

namespace core::render {

/// Base of everything that values share. Counts are not atomic: a value stays on the thread that made it.
class Counted {
 public:
  Counted() = default;
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  virtual ~Counted() = default;

  void retain() const noexcept { ++references_; }
  void release() const noexcept {
    if (--references_ == 0) dispose(this);
  }
  std::uint32_t references() const noexcept { return references_; }

 private:
  /// Deletes; chains of containers that end together are unrolled, so depth costs no stack.
  static void dispose(const Counted* dead) noexcept;

  mutable std::uint32_t references_ = 0;
};

/// A counted pointer.
template <class T>
class Ref {
 public:
  Ref() = default;
  Ref(T* object) : object_(object) {  // NOLINT: implicit on purpose
    if (object_) object_->retain();
  }
  Ref(const Ref& other) : Ref(other.object_) {}
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  template <class U>
  Ref(const Ref<U>& other) : Ref(other.get()) {}  // NOLINT: implicit on purpose
  ~Ref() {
    if (object_) object_->release();
  }
  Ref& operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }

  T* get() const { return object_; }
  T* operator->() const { return object_; }
  T& operator*() const { return *object_; }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  T* object_ = nullptr;
};

template <class T, class... Args>
Ref<T> make(Args&&... args) {
  return Ref<T>(new T(std::forward<Args>(args)...));
}

/// Base of whatever can hold other values and so could be part of a circle. It is on the list of the Heap
/// that was current when it was made.
class Tracked : public Counted {
 public:
  Tracked();
  ~Tracked() override;

  /// Lets go of all values it holds; called for what is left when a rendering ends.
  virtual void clear() noexcept = 0;

 private:
  friend class Heap;
  Tracked* before_ = nullptr;
  Tracked* behind_ = nullptr;
};

/// While it lives it is the thread's current heap; when it ends, circles made meanwhile are taken apart.
/// No value made under a heap may be used after it. Heaps nest.
class Heap {
 public:
  Heap();
  ~Heap();
  Heap(const Heap&) = delete;
  Heap& operator=(const Heap&) = delete;

 private:
  friend class Tracked;
  Heap* outer_;
  Tracked* first_ = nullptr;
};

/// Bytes that the thread's strings and lists hold now, and the most they may: growth beyond it raises
/// MemoryError. Callers that make something big ask first with `charge_bytes`.
struct Memory {
  std::size_t used = 0;
  std::size_t limit = SIZE_MAX;
};
Memory& memory();
/// Raises MemoryError if `bytes` more would break the limit. Takes nothing itself.
void charge_bytes(std::size_t bytes);

}  // namespace core::render
