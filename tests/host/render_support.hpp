// Rendering a text in a test.
#pragma once

#include <initializer_list>
#include <string>
#include <utility>

#include "core/error.hpp"
#include "core/render/engine.hpp"

namespace render_test {

/// Renders without variables.
inline core::Result<std::string> render(const std::string& text, bool plan = false) {
  const core::render::Engine engine({}, core::render::builtin_registry(plan));
  return engine.render("t", text, [] { return core::render::Value::dict(); });
}

}  // namespace render_test
