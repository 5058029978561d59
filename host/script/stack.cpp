#include "script/stack.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>

#include "core/suggest.hpp"
#include "script/convert.hpp"

namespace script {

namespace {

std::string type_name(lua_State* L, int index) {
  if (lua_islightuserdata(L, index) && !lua_touserdata(L, index)) return "json.null";
  return luaL_typename(L, index);
}

[[noreturn]] void bad_argument(lua_State* L, int index, const char* expected) {
  const std::string got = lua_isnone(L, index) ? "nothing" : type_name(L, index);
  throw core::UsageError("argument " + std::to_string(index) + ": expected " + expected + ", got " + got);
}

bool has_type(const core::Value& value, std::string_view type) {
  if (type == "any") return true;
  if (type == "string") return value.is_string();
  if (type == "number") return value.is_number();
  if (type == "boolean") return value.is_boolean();
  if (type == "list") return value.is_array();
  return value.is_object() || value.is_array();  // table
}

std::string_view option_type(const Option& option) {
  if (option.type) return option.type;
  if (option.fallback.is_string()) return "string";
  if (option.fallback.is_boolean()) return "boolean";
  if (option.fallback.is_number()) return "number";
  if (option.fallback.is_array()) return "list";
  return "table";
}

void read_option(core::Value& result, const std::string& key, core::Value value, std::string_view function,
                 const std::vector<Option>& declared) {
  const auto known =
      std::find_if(declared.begin(), declared.end(), [&](const Option& o) { return key == o.name; });
  if (known == declared.end()) {
    std::vector<std::string> names;
    for (const auto& option : declared) names.emplace_back(option.name);
    throw core::UsageError(std::string(function) + ": unknown option '" + key + "'" +
                           core::did_you_mean(key, names));
  }
  const auto type = option_type(*known);
  if (!has_type(value, type)) {
    throw core::UsageError(std::string(function) + ": option '" + key + "' must be a " + std::string(type) +
                           ", got " + (value.is_null() ? "null" : value.type_name()));
  }
  if (type == "table" && value.is_array() && value.empty()) value = core::Value::object();
  result[key] = std::move(value);
}

// The shim around functions that wait: Lua 5.1's C functions cannot go on after a yield, so the
// scheduler resumes with a sentinel and this piece of Lua raises in its place.
constexpr const char* kShim = R"(
local raise, error, select = ..., error, select
local function check(...)
  if (...) == raise then error((select(2, ...)), 0) end
  return ...
end
return function(f)
  return function(...) return check(f(...)) end
end
)";
char shim_key;

void push_shim(lua_State* L) {
  lua_pushlightuserdata(L, &shim_key);
  lua_rawget(L, LUA_REGISTRYINDEX);
  if (!lua_isnil(L, -1)) return;
  lua_pop(L, 1);
  if (luaL_loadbuffer(L, kShim, std::strlen(kShim), "=(host)") != 0) lua_error(L);
  lua_pushlightuserdata(L, raise_sentinel());
  lua_call(L, 1, 1);
  lua_pushlightuserdata(L, &shim_key);
  lua_pushvalue(L, -2);
  lua_rawset(L, LUA_REGISTRYINDEX);
}

void set_functions(lua_State* L, const Function* first, std::size_t count, bool metamethods) {
  for (std::size_t i = 0; i < count; ++i) {
    const bool is_meta = std::strncmp(first[i].name, "__", 2) == 0;
    if (is_meta != metamethods) continue;
    if (first[i].waits) {
      push_shim(L);
      lua_pushcfunction(L, first[i].function);
      lua_call(L, 1, 1);
    } else {
      lua_pushcfunction(L, first[i].function);
    }
    lua_setfield(L, -2, first[i].name);
  }
}

}  // namespace

void* raise_sentinel() {
  static char sentinel;
  return &sentinel;
}

std::string check_string(lua_State* L, int index) {
  if (lua_type(L, index) != LUA_TSTRING && lua_type(L, index) != LUA_TNUMBER)
    bad_argument(L, index, "a string");
  lua_pushvalue(L, index);  // lua_tolstring would turn a number in place
  std::size_t size = 0;
  const char* text = lua_tolstring(L, -1, &size);
  std::string result(text, size);
  lua_pop(L, 1);
  return result;
}

double check_number(lua_State* L, int index) {
  if (lua_type(L, index) != LUA_TNUMBER) bad_argument(L, index, "a number");
  const double number = lua_tonumber(L, index);
  if (std::isnan(number)) bad_argument(L, index, "a number that is not NaN");
  return number;
}

std::int64_t check_integer(lua_State* L, int index) {
  const double number = check_number(L, index);
  if (number != std::floor(number) || std::fabs(number) > 9007199254740992.0)
    bad_argument(L, index, "a whole number");
  return static_cast<std::int64_t>(number);
}

bool check_boolean(lua_State* L, int index) {
  if (!lua_isboolean(L, index)) bad_argument(L, index, "a boolean");
  return lua_toboolean(L, index) != 0;
}

void check_function(lua_State* L, int index) {
  if (!lua_isfunction(L, index)) bad_argument(L, index, "a function");
}

std::vector<std::string> check_strings(lua_State* L, int index) {
  const auto value = check_value(L, index);
  if (!value.is_array()) bad_argument(L, index, "a list of strings");
  std::vector<std::string> strings;
  for (const auto& item : value) {
    if (item.is_string()) {
      strings.push_back(item.get<std::string>());
    } else if (item.is_number()) {
      strings.push_back(item.dump());
    } else {
      bad_argument(L, index, "a list of strings");
    }
  }
  return strings;
}

core::Value options(lua_State* L, int index, std::string_view function, const std::vector<Option>& known) {
  core::Value result = core::Value::object();
  for (const auto& option : known) {
    if (!option.fallback.is_null()) result[option.name] = option.fallback;
  }
  if (lua_isnoneornil(L, index)) return result;
  if (!lua_istable(L, index)) bad_argument(L, index, "a table of options");
  auto given = check_value(L, index);
  if (given.is_array() && !given.empty())
    throw core::UsageError(std::string(function) + ": options need names");
  for (auto& [key, value] : given.items()) read_option(result, key, std::move(value), function, known);
  return result;
}

int fail(lua_State* L, const core::Error& error) {
  lua_pushnil(L);
  push(L, error);
  return 2;
}

int detail::raise_message(lua_State* L, const char* message) {
  lua_Debug info{};
  int level = 1;
  while (lua_getstack(L, level, &info) != 0) {  // blame the script, not the shim of a waiting function
    lua_getinfo(L, "S", &info);
    if (std::strcmp(info.short_src, "(host)") != 0) break;
    ++level;
  }
  luaL_where(L, level);
  lua_pushstring(L, message);
  lua_concat(L, 2);
  return 1;
}

int module(lua_State* L, const char*, const Function* first, std::size_t count) {
  lua_createtable(L, 0, static_cast<int>(count));
  set_functions(L, first, count, false);
  return 1;
}

void metatable(lua_State* L, const char* name, const Function* first, std::size_t count) {
  if (luaL_newmetatable(L, name) == 0) return;
  set_functions(L, first, count, true);
  lua_createtable(L, 0, static_cast<int>(count));
  set_functions(L, first, count, false);
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, "methods");  // also found when `__index` is replaced by a function
  lua_setfield(L, -2, "__index");
  lua_pushstring(L, name);
  lua_setfield(L, -2, "__name");
}

}  // namespace script
