// Filling dicts as Python's `dict(...)` and `dict.update(...)` do.
#pragma once

#include "core/render/builtins.hpp"

namespace core::render {

/// Adds at most one mapping or iterable of pairs, then the keyword arguments. Raises TypeError and ValueError
/// as `function` does.
void fill_dict(Runtime& runtime, Dict& dict, Arguments& arguments, const char* function);

}  // namespace core::render
