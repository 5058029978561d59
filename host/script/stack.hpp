// Arguments in, results out: the small vocabulary in which every binding is written.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include <lua.hpp>

#include "core/error.hpp"
#include "core/value.hpp"

namespace script {

/// Thrown to raise a table error in the script (`cancelled`, mostly); `guard` performs it.
struct Raise {
  core::Error error;
};

/// The string at `index`; numbers are accepted as Lua does. Throws UsageError.
std::string check_string(lua_State* L, int index);
/// The number at `index`. Throws UsageError for anything else, also for numeric strings and NaN.
double check_number(lua_State* L, int index);
/// The whole number at `index`. Throws UsageError if it has a fraction.
std::int64_t check_integer(lua_State* L, int index);
bool check_boolean(lua_State* L, int index);
/// Throws UsageError unless a function is at `index`.
void check_function(lua_State* L, int index);
/// The list of strings at `index`.
std::vector<std::string> check_strings(lua_State* L, int index);

/// The value at `index` as a tree. Tables with the keys 1..n become lists, others objects; an empty
/// unmarked table becomes a list. Throws UsageError for functions, cycles, other keys than strings.
core::Value check_value(lua_State* L, int index);

/// One declared option: its name and either its default or, with a null default, its type
/// (`string number boolean table list any`); an option without default is absent unless given.
struct Option {
  const char* name;
  core::Value fallback;
  const char* type = nullptr;
};

/// Reads the option table at `index` (nil: all defaults). `function` names the caller in messages.
/// Throws UsageError for a wrong type or an unknown key, with the nearest known one.
core::Value options(lua_State* L, int index, std::string_view function, const std::vector<Option>& declared);

/// Pushes a tree. Objects remember the order of their keys (see `json.keys`), empty lists that they are
/// lists; null becomes `json.null`.
void push(lua_State* L, const core::Value& value);
void push_text(lua_State* L, std::string_view text);
/// Pushes the error as the table that scripts know.
void push(lua_State* L, const core::Error& error);
/// Pushes nil and the error table; returns 2, so `return fail(L, error);` ends a binding.
int fail(lua_State* L, const core::Error& error);

/// Pushes the outcome: the value, or nil and the error. Returns the number of results.
template <class T>
int push_result(lua_State* L, const core::Result<T>& result) {
  if (!result) return fail(L, result.error());
  if constexpr (std::is_same_v<T, core::Done>) {
    lua_pushboolean(L, 1);
  } else {
    push(L, *result);
  }
  return 1;
}

/// The light userdata that scripts know as `json.null`.
void push_null(lua_State* L);

/// Marks the table at the top of the stack as a list or an object, so that an empty one keeps its kind.
void mark_list(lua_State* L);
void mark_object(lua_State* L);
/// Notes for `key` of the marked object at `target` what is known of it at `source`: whether its whole number
/// is a float (`1.0`). To be called when the value was taken over.
void take_number_kind(lua_State* L, int target, int source, const char* key);
/// Makes `first` the order in which the keys of the marked object at the top of the stack are walked; others
/// follow sorted.
void order_keys(lua_State* L, const std::vector<std::string>& first);
/// Replaces the table at the top of the stack by the list of its keys in order: first the remembered
/// ones, then new string keys sorted.
void push_ordered_keys(lua_State* L, int index);

/// The one place where C++ exceptions turn into Lua errors: every binding is registered through it.
namespace detail {
int raise_message(lua_State* L, const char* message);
}

template <int (*F)(lua_State*)>
int guard(lua_State* L) {
  try {
    return F(L);
  } catch (const Raise& raise) {
    push(L, raise.error);
  } catch (const std::exception& e) {
    detail::raise_message(L, e.what());
  }
  return lua_error(L);  // outside the try: nothing is left to destroy
}

/// One row of a module's function table.
struct Function {
  const char* name;
  lua_CFunction function;
  bool waits = false;
};

/// Third column of a row whose function can wait.
inline constexpr bool kWaits = true;

/// Pushes a new module table with `functions`; functions that wait get the shim that raises a
/// cancellation at the caller. Returns 1.
int module(lua_State* L, const char* name, const Function* first, std::size_t count);

template <std::size_t N>
int module(lua_State* L, const char* name, const Function (&functions)[N]) {
  return module(L, name, functions, N);
}

/// Creates (once) the metatable `name` for a userdata, with `functions` as its methods. Rows whose name
/// starts with `__` become metamethods. Leaves the metatable on the stack.
void metatable(lua_State* L, const char* name, const Function* first, std::size_t count);

template <std::size_t N>
void metatable(lua_State* L, const char* name, const Function (&functions)[N]) {
  metatable(L, name, functions, N);
}

/// Pushes a userdata that holds a T; `name` must be a metatable made by `metatable`, whose `__gc` row is
/// `guard<collect<T, name>>` or a function of its own.
template <class T>
T& push_object(lua_State* L, const char* name, T value) {
  void* memory = lua_newuserdata(L, sizeof(T));
  T* object = new (memory) T(std::move(value));
  luaL_getmetatable(L, name);
  lua_setmetatable(L, -2);
  return *object;
}

/// The T inside the userdata at `index`. Throws UsageError if it is something else.
template <class T>
T& check_object(lua_State* L, int index, const char* name) {
  void* memory = luaL_testudata(L, index, name);
  if (!memory) throw core::UsageError(std::string("expected a ") + name);
  return *static_cast<T*>(memory);
}

/// A `__gc` metamethod that destroys the T inside a userdata.
template <class T>
int collect(lua_State* L) {
  static_cast<T*>(lua_touserdata(L, 1))->~T();
  return 0;
}

}  // namespace script
