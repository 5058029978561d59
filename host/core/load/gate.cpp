#include "core/load/gate.hpp"

namespace core::load {

bool Gate::enter(unsigned worker) {
  const std::lock_guard lock(mutex_);
  if (free_ > 0) {
    --free_;
    return true;
  }
  queue_.push_back(worker);
  return false;
}

int Gate::leave() {
  const std::lock_guard lock(mutex_);
  if (queue_.empty()) {
    ++free_;
    return -1;
  }
  const unsigned worker = queue_.front();
  queue_.pop_front();
  return static_cast<int>(worker);
}

}  // namespace core::load
