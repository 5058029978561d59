// What the engine keeps per thread about the rendering that is going on.
#pragma once

#include <vector>

#include "core/render/exception.hpp"

namespace core::render {

/// The places of all templates that are being rendered, outermost first.
std::vector<Place> current_places();

/// Whether the thread has used up the part of its stack that a rendering may use. False outside of one.
bool stack_is_low();

/// While it lives, `stack_is_low` measures from the outermost one of its kind on this thread.
class StackWatch {
 public:
  StackWatch();
  ~StackWatch();
  StackWatch(const StackWatch&) = delete;
  StackWatch& operator=(const StackWatch&) = delete;

 private:
  bool outermost_;
};

}  // namespace core::render
