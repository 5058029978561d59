// host.json: JSON text, JSON schemas, and how tables stand for JSON.
#include "core/json.hpp"

#include "core/schema.hpp"
#include "script/stack.hpp"

namespace bind {

namespace {

core::JsonReading reading(const core::Value& opts) {
  core::JsonReading reading;
  reading.nan = opts["nan"];
  return reading;
}

int l_decode(lua_State* L) {
  const auto text = script::check_string(L, 1);
  const auto opts = script::options(L, 2, "json.decode", {{"nan", false}, {"file", ""}});
  auto how = reading(opts);
  how.file = opts["file"];
  return script::push_result(L, core::decode_json(text, how));
}

int l_load(lua_State* L) {
  const auto path = script::check_string(L, 1);
  const auto opts = script::options(L, 2, "json.load", {{"nan", false}});
  return script::push_result(L, core::load_json(path, reading(opts)));
}

int l_encode(lua_State* L) {
  const auto value = script::check_value(L, 1);
  const auto opts = script::options(
      L, 2, "json.encode",
      {{"indent", 0}, {"spaced", false}, {"sort_keys", false}, {"ascii", false}, {"nan", "error"}});
  const std::string nan = opts["nan"];
  if (nan != "error" && nan != "null" && nan != "literal")
    throw core::UsageError("json.encode: option 'nan' is 'error', 'null' or 'literal'");
  if (nan == "error") {
    const auto place = core::find_not_finite(value);
    if (!place.empty())
      throw core::UsageError("json.encode: JSON has no NaN and no infinity (at " + place +
                             "); choose nan = 'null' or nan = 'literal'");
  }
  core::JsonStyle style;
  style.indent = static_cast<int>(opts["indent"].get<double>());
  style.spaced = opts["spaced"];
  style.sort_keys = opts["sort_keys"];
  style.ascii = opts["ascii"];
  style.nan_literals = nan == "literal";
  script::push_text(L, core::encode_json(value, style));
  return 1;
}

int l_validate(lua_State* L) {
  auto problems = core::check_schema(script::check_value(L, 1), script::check_value(L, 2));
  if (!problems) return script::fail(L, problems.error());
  if (problems->empty()) {
    lua_pushboolean(L, 1);
    return 1;
  }
  core::Value errors = core::Value::array();
  for (const auto& problem : *problems)
    errors.push_back({{"path", problem.path}, {"message", problem.message}});
  const auto& first = problems->front();
  std::string message = (first.path.empty() ? "" : first.path + ": ") + first.message;
  if (errors.size() > 1) message += " (and " + std::to_string(errors.size() - 1) + " more)";
  return script::fail(L, core::Error{"invalid", message, ""}.with("errors", errors));
}

// The argument, or a new table, alone on the stack.
void table_argument(lua_State* L) {
  lua_settop(L, 1);
  if (lua_isnil(L, 1)) {
    lua_settop(L, 0);
    lua_newtable(L);
  }
  if (!lua_istable(L, 1)) throw core::UsageError("argument 1: expected a table");
}

int l_list(lua_State* L) {
  table_argument(L);
  script::mark_list(L);
  return 1;
}

int l_object(lua_State* L) {
  const bool ordered = !lua_isnoneornil(L, 2);
  const auto order = ordered ? script::check_strings(L, 2) : std::vector<std::string>();
  table_argument(L);
  script::mark_object(L);
  if (ordered) script::order_keys(L, order);
  return 1;
}

int l_keys(lua_State* L) {
  if (!lua_istable(L, 1)) throw core::UsageError("argument 1: expected a table");
  script::push_ordered_keys(L, 1);
  script::mark_list(L);
  return 1;
}

// A copy through the tree keeps all that tables know beside their values.
int l_copy(lua_State* L) {
  if (!lua_istable(L, 1)) {
    lua_settop(L, 1);
    return 1;
  }
  script::push(L, script::check_value(L, 1));
  return 1;
}

int l_take(lua_State* L) {
  const auto key = script::check_string(L, 2);
  if (!lua_istable(L, 1) || !lua_istable(L, 3)) throw core::UsageError("json.take: expected two tables");
  lua_settop(L, 3);
  script::push_text(L, key);
  lua_rawget(L, 3);
  if (lua_istable(L, -1)) script::push(L, script::check_value(L, lua_gettop(L)));
  script::push_text(L, key);
  lua_pushvalue(L, -2);
  lua_rawset(L, 1);
  script::take_number_kind(L, 1, 3, key.c_str());
  return 0;
}

constexpr script::Function kFunctions[] = {
    {"copy", script::guard<l_copy>},     {"take", script::guard<l_take>},
    {"decode", script::guard<l_decode>}, {"load", script::guard<l_load>},
    {"encode", script::guard<l_encode>}, {"validate", script::guard<l_validate>},
    {"list", script::guard<l_list>},     {"object", script::guard<l_object>},
    {"keys", script::guard<l_keys>},
};

}  // namespace

int open_json(lua_State* L) {
  const int count = script::module(L, "host.json", kFunctions);
  script::push_null(L);
  lua_setfield(L, -2, "null");
  return count;
}

}  // namespace bind
