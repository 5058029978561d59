// How Lua values become template values and back, and Lua functions filters.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <lua.hpp>

#include "core/render/builtins.hpp"
#include "core/value.hpp"

namespace bind {

/// The value at `index` for a template: tables as `script::check_value` reads them, whole numbers as int,
/// null and nil as None. Throws core::UsageError for what has no data form.
core::render::Value to_render(lua_State* L, int index);

using SharedTree = std::shared_ptr<const core::Value>;

/// The variables of a rendering: those that are lists or objects are made when a template first asks for
/// them.
core::render::Value to_variables(const SharedTree& tree);

/// Pushes a template value: undefined is nil, None is null, generators and views are lists, what else has no
/// data form is its text.
void push_render(lua_State* L, const core::render::Value& value);

/// Keeps Lua functions alive for one call of `render` and lets go of them at its end.
class LuaFunctions {
 public:
  explicit LuaFunctions(lua_State* L) : L_(L) {}
  ~LuaFunctions();
  LuaFunctions(const LuaFunctions&) = delete;
  LuaFunctions& operator=(const LuaFunctions&) = delete;

  /// A callable template value for the function at `index`. It gets positional arguments in order and, if
  /// there are keyword arguments, a table of them at the end.
  core::render::Value wrap(int index, const std::string& name);

 private:
  lua_State* L_;
  std::vector<int> references_;
};

}  // namespace bind
