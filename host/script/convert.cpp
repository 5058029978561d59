#include "script/convert.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "core/redact.hpp"
#include "script/stack.hpp"

namespace script {

namespace {

// Hidden in the metatables of decoded tables: the list of an object's keys, in order, and by key or position
// the numbers that were written with a fraction although they are whole (`1.0`), which Lua's numbers cannot
// say. An entry speaks of that number only: another one in its place is what it looks like.
constexpr const char* kKeys = "keys";
constexpr const char* kFloats = "floats";
constexpr const char* kKind = "kind";
constexpr int kDeepest = 200;
constexpr double kLargestExact = 9007199254740992.0;  // 2^53

char list_key;

void push_list_metatable(lua_State* L) {
  lua_pushlightuserdata(L, &list_key);
  lua_rawget(L, LUA_REGISTRYINDEX);
  if (!lua_isnil(L, -1)) return;
  lua_pop(L, 1);
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "list");
  lua_setfield(L, -2, kKind);
  lua_pushlightuserdata(L, &list_key);
  lua_pushvalue(L, -2);
  lua_rawset(L, LUA_REGISTRYINDEX);
}

enum class Mark { none, list, object };

Mark mark_of(lua_State* L, int index) {
  if (!lua_getmetatable(L, index)) return Mark::none;
  lua_getfield(L, -1, kKind);
  Mark mark = Mark::none;
  if (lua_type(L, -1) == LUA_TSTRING) {
    const std::string kind = lua_tostring(L, -1);
    if (kind == "list") mark = Mark::list;
    if (kind == "object") mark = Mark::object;
  }
  lua_pop(L, 2);
  return mark;
}

core::Value read(lua_State* L, int index, int depth, std::string& path);

[[noreturn]] void bad_value(const std::string& path, const std::string& why) {
  throw core::UsageError((path.empty() ? "value" : "value at '" + path + "'") + ": " + why);
}

bool is_whole(double number) { return number == std::floor(number) && std::fabs(number) <= kLargestExact; }

core::Value read_number(double number) {
  if (is_whole(number)) return static_cast<std::int64_t>(number);
  return number;
}

/// Pushes the whole floats of the table at `index`, or nil.
void push_floats(lua_State* L, int index) {
  if (!lua_getmetatable(L, index)) return lua_pushnil(L);
  lua_pushstring(L, kFloats);
  lua_rawget(L, -2);
  lua_remove(L, -2);
}

/// Whether `floats` (a table, or nil) says of the key at `key` that the value at `value` is a float.
bool is_float(lua_State* L, int floats, int key, int value) {
  if (!lua_istable(L, floats)) return false;
  lua_pushvalue(L, key);
  lua_rawget(L, floats);
  const bool same = lua_type(L, -1) == LUA_TNUMBER && lua_rawequal(L, -1, value) != 0;
  lua_pop(L, 1);
  return same;
}

/// The member with the key at the top of the stack, of the table at `index`; takes the key off.
core::Value read_member(lua_State* L, int index, int floats, int depth, std::string& path) {
  const int key = lua_gettop(L);
  lua_pushvalue(L, key);
  lua_rawget(L, index);
  core::Value member = is_float(L, floats, key, key + 1) ? core::Value(lua_tonumber(L, key + 1))
                                                         : read(L, key + 1, depth + 1, path);
  lua_pop(L, 2);
  return member;
}

core::Value read_list(lua_State* L, int index, int depth, std::string& path, std::size_t size) {
  core::Value list = core::Value::array();
  push_floats(L, index);
  const int floats = lua_gettop(L);
  const auto length = path.size();
  for (std::size_t i = 1; i <= size; ++i) {
    path += '[' + std::to_string(i) + ']';
    lua_pushinteger(L, static_cast<lua_Integer>(i));
    list.push_back(read_member(L, index, floats, depth, path));
    path.resize(length);
  }
  lua_pop(L, 1);
  return list;
}

core::Value read_object(lua_State* L, int index, int depth, std::string& path) {
  core::Value object = core::Value::object();
  core::Value::object_t::Container& members = object.get_ref<core::Value::object_t&>();
  push_ordered_keys(L, index);
  const int keys = lua_gettop(L);
  push_floats(L, index);
  const int floats = lua_gettop(L);
  const std::size_t count = lua_objlen(L, keys);
  members.reserve(count);
  for (std::size_t i = 1; i <= count; ++i) {
    lua_rawgeti(L, keys, static_cast<int>(i));
    std::size_t size = 0;
    const char* text = lua_tolstring(L, -1, &size);
    std::string key(text, size);
    const auto length = path.size();
    if (!path.empty()) path += '.';
    path += key;
    // Keys of a table are unique, so the linear look-up of `operator[]` can be skipped.
    members.emplace_back(std::move(key), read_member(L, index, floats, depth, path));
    path.resize(length);
  }
  lua_pop(L, 2);
  return object;
}

core::Value read_table(lua_State* L, int index, int depth, std::string& path) {
  if (depth > kDeepest)
    bad_value(path, "nested deeper than " + std::to_string(kDeepest) + " levels, or a cycle");
  if (!lua_checkstack(L, 8)) bad_value(path, "too deep for the stack");
  const auto mark = mark_of(L, index);
  const std::size_t size = lua_objlen(L, index);
  if (mark == Mark::object) return read_object(L, index, depth, path);
  bool has_other_keys = false;
  std::size_t entries = 0;
  for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
    ++entries;
    if (lua_type(L, -2) != LUA_TNUMBER) has_other_keys = true;
  }
  if (!has_other_keys && entries == size) return read_list(L, index, depth, path, size);
  if (!has_other_keys && size > 0) bad_value(path, "a list with holes");
  return read_object(L, index, depth, path);
}

core::Value read(lua_State* L, int index, int depth, std::string& path) {
  switch (lua_type(L, index)) {
    case LUA_TNIL:
      return nullptr;
    case LUA_TBOOLEAN:
      return lua_toboolean(L, index) != 0;
    case LUA_TNUMBER:
      return read_number(lua_tonumber(L, index));
    case LUA_TSTRING: {
      std::size_t size = 0;
      const char* text = lua_tolstring(L, index, &size);
      return std::string(text, size);
    }
    case LUA_TLIGHTUSERDATA:
      if (!lua_touserdata(L, index)) return nullptr;
      break;
    case LUA_TTABLE:
      return read_table(L, index, depth, path);
    default:
      break;
  }
  bad_value(path, std::string("a ") + luaL_typename(L, index) + " has no data form");
}

bool is_whole_float(const core::Value& value) {
  return value.is_number_float() && is_whole(value.get<double>());
}

/// Notes in the table at the top of the stack (made here if it is nil) that the number at `key` is a float.
void note_float(lua_State* L, int key, const core::Value& number) {
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    lua_newtable(L);
  }
  lua_pushvalue(L, key);
  lua_pushnumber(L, number.get<double>());
  lua_rawset(L, -3);
}

void push_object_table(lua_State* L, const core::Value& value) {
  const int count = static_cast<int>(value.size());
  lua_createtable(L, 0, count);
  const int table = lua_gettop(L);
  lua_createtable(L, 0, 3);
  lua_pushliteral(L, "object");
  lua_setfield(L, -2, kKind);
  lua_createtable(L, count, 0);
  lua_pushnil(L);  // the floats
  int position = 0;
  for (const auto& [key, member] : value.items()) {
    push_text(L, key);
    lua_insert(L, -2);
    if (is_whole_float(member)) note_float(L, lua_gettop(L) - 1, member);
    lua_pushvalue(L, -2);
    push(L, member);
    lua_rawset(L, table);
    lua_insert(L, -2);
    lua_rawseti(L, -3, ++position);  // keys[position] = key
  }
  lua_setfield(L, -3, kFloats);
  lua_setfield(L, -2, kKeys);
  lua_setmetatable(L, table);
}

void push_list_table(lua_State* L, const core::Value& value) {
  lua_createtable(L, static_cast<int>(value.size()), 0);
  const int table = lua_gettop(L);
  lua_pushnil(L);  // the floats
  int position = 0;
  for (const auto& item : value) {
    if (is_whole_float(item)) {
      lua_pushinteger(L, position + 1);
      lua_insert(L, -2);
      note_float(L, lua_gettop(L) - 1, item);
      lua_remove(L, -2);
    }
    push(L, item);
    lua_rawseti(L, table, ++position);
  }
  if (!lua_istable(L, -1)) {
    lua_pop(L, 1);
    return mark_list(L);
  }
  lua_createtable(L, 0, 2);  // a metatable of its own
  lua_insert(L, -2);
  lua_setfield(L, -2, kFloats);
  lua_pushliteral(L, "list");
  lua_setfield(L, -2, kKind);
  lua_setmetatable(L, table);
}

int error_to_string(lua_State* L) {
  lua_getfield(L, 1, "code");
  lua_pushliteral(L, ": ");
  lua_getfield(L, 1, "message");
  lua_concat(L, 3);
  return 1;
}

}  // namespace

core::Value check_value(lua_State* L, int index) {
  if (index < 0) index = lua_gettop(L) + index + 1;
  std::string path;
  return read(L, index, 0, path);
}

void push_null(lua_State* L) { lua_pushlightuserdata(L, nullptr); }

void push_text(lua_State* L, std::string_view text) { lua_pushlstring(L, text.data(), text.size()); }

void push(lua_State* L, const core::Value& value) {
  luaL_checkstack(L, 8, "tree too deep");
  switch (value.type()) {
    case core::Value::value_t::object:
      return push_object_table(L, value);
    case core::Value::value_t::array:
      return push_list_table(L, value);
    case core::Value::value_t::string:
      return push_text(L, value.get_ref<const std::string&>());
    case core::Value::value_t::boolean:
      return lua_pushboolean(L, value.get<bool>() ? 1 : 0);
    case core::Value::value_t::number_integer:
    case core::Value::value_t::number_unsigned:
    case core::Value::value_t::number_float:
      return lua_pushnumber(L, value.get<double>());
    default:
      return push_null(L);
  }
}

void push(lua_State* L, const core::Error& given) {
  const core::Error error = core::redact(given);
  lua_createtable(L, 0, 4);
  for (const auto& [key, fact] : error.facts.items()) {
    push(L, fact);
    lua_setfield(L, -2, key.c_str());
  }
  push_text(L, error.code);
  lua_setfield(L, -2, "code");
  push_text(L, error.message);
  lua_setfield(L, -2, "message");
  if (!error.hint.empty()) {
    push_text(L, error.hint);
    lua_setfield(L, -2, "hint");
  }
  if (luaL_newmetatable(L, "bench.Error") != 0) {
    lua_pushcfunction(L, error_to_string);
    lua_setfield(L, -2, "__tostring");
  }
  lua_setmetatable(L, -2);
}

void mark_list(lua_State* L) {
  if (mark_of(L, lua_gettop(L)) == Mark::list) return;
  push_list_metatable(L);
  lua_setmetatable(L, -2);
}

void mark_object(lua_State* L) {
  push_ordered_keys(L, lua_gettop(L));
  lua_createtable(L, 0, 2);
  lua_pushliteral(L, "object");
  lua_setfield(L, -2, kKind);
  lua_insert(L, -2);
  lua_setfield(L, -2, kKeys);
  push_floats(L, lua_gettop(L) - 1);
  lua_setfield(L, -2, kFloats);
  lua_setmetatable(L, -2);
}

void take_number_kind(lua_State* L, int target, int source, const char* key) {
  push_floats(L, source);
  if (lua_istable(L, -1)) {
    lua_getfield(L, -1, key);
    lua_remove(L, -2);
  }
  const int noted = lua_gettop(L);  // the number, or nil
  push_floats(L, target);
  if (lua_isnil(L, -1) && !lua_isnil(L, noted) && lua_getmetatable(L, target)) {
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, kFloats);
  }
  if (lua_istable(L, -1)) {
    lua_pushvalue(L, noted);
    lua_setfield(L, -2, key);
  }
  lua_settop(L, noted - 1);
}

void order_keys(lua_State* L, const std::vector<std::string>& first) {
  lua_getmetatable(L, -1);
  lua_createtable(L, static_cast<int>(first.size()), 0);
  for (std::size_t i = 0; i < first.size(); ++i) {
    push_text(L, first[i]);
    lua_rawseti(L, -2, static_cast<int>(i) + 1);
  }
  lua_setfield(L, -2, kKeys);
  lua_pop(L, 1);
}

void push_ordered_keys(lua_State* L, int index) {
  std::vector<std::string> added;
  lua_newtable(L);  // result
  const int result = lua_gettop(L);
  lua_newtable(L);  // seen
  const int seen = lua_gettop(L);
  int count = 0;
  if (mark_of(L, index) == Mark::object && lua_getmetatable(L, index)) {
    lua_getfield(L, -1, kKeys);
    const int keys = lua_gettop(L);
    const int size = lua_istable(L, keys) ? static_cast<int>(lua_objlen(L, keys)) : 0;
    for (int i = 1; i <= size; ++i) {
      lua_rawgeti(L, keys, i);
      lua_pushvalue(L, -1);
      lua_rawget(L, index);
      const bool present = !lua_isnil(L, -1);
      lua_pop(L, 1);
      if (present) {
        lua_pushvalue(L, -1);
        lua_rawseti(L, result, ++count);
        lua_pushvalue(L, -1);
        lua_pushboolean(L, 1);
        lua_rawset(L, seen);
      }
      lua_pop(L, 1);
    }
    lua_pop(L, 2);
  }
  for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
    if (lua_type(L, -2) == LUA_TNUMBER) {
      throw core::UsageError("a table mixes numbered entries and names; data tables have one kind of key");
    }
    if (lua_type(L, -2) != LUA_TSTRING) throw core::UsageError("a data table can only have strings as keys");
    lua_pushvalue(L, -2);
    lua_rawget(L, seen);
    const bool known = lua_toboolean(L, -1) != 0;
    lua_pop(L, 1);
    if (!known) {
      std::size_t size = 0;
      const char* text = lua_tolstring(L, -2, &size);
      added.emplace_back(text, size);
    }
  }
  lua_pop(L, 1);  // seen
  std::sort(added.begin(), added.end());
  for (const auto& key : added) {
    push_text(L, key);
    lua_rawseti(L, result, ++count);
  }
}

}  // namespace script
