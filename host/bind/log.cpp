// host.log: what the program tells its user, on the console and in files.
#include "core/log.hpp"

#include "core/json.hpp"
#include "core/redact.hpp"
#include "script/stack.hpp"
#include "script/task.hpp"

namespace bind {

namespace {

using core::Level;

constexpr const char* kLogger = "host.log.Logger";
constexpr int kDeepestIndent = 20;

struct Logger {
  std::string module;
};

core::Log& the_log(lua_State* L) { return *script::world(L).log; }

int current_indent(lua_State* L) {
  const auto* task = script::Scheduler::of(L).running();
  return task ? task->indent() : 0;
}

std::string tostring(lua_State* L, int index) {
  lua_getglobal(L, "tostring");
  lua_pushvalue(L, index);
  lua_call(L, 1, 1);
  std::string text = script::check_string(L, -1);
  lua_pop(L, 1);
  return text;
}

bool is_plain_table(lua_State* L, int index) {
  if (!lua_istable(L, index)) return false;
  const bool says_itself = luaL_getmetafield(L, index, "__tostring") != 0;
  if (says_itself) lua_pop(L, 1);
  return !says_itself;
}

// `code: message` of an error, of another table all it holds as JSON; empty if JSON cannot hold it.
std::string plain_table_text(lua_State* L, int index) {
  core::Value value;
  try {
    value = script::check_value(L, index);
  } catch (const core::UsageError&) {
    return "";
  }
  const auto text_at = [&value](const char* name) {
    return value.is_object() && value.contains(name) && value[name].is_string()
               ? value[name].get<std::string>()
               : "";
  };
  const std::string code = text_at("code"), message = text_at("message");
  if (message.empty()) return core::encode_json(value);
  return code.empty() ? message : code + ": " + message;
}

// The text to log, with the hint of an error.
std::string check_text(lua_State* L, int index) {
  if (lua_isnoneornil(L, index))
    throw core::UsageError("argument " + std::to_string(index) + ": there is nothing to log");
  std::string text = is_plain_table(L, index) ? plain_table_text(L, index) : "";
  if (text.empty()) text = tostring(L, index);
  if (!lua_istable(L, index)) return text;
  lua_getfield(L, index, "hint");
  if (lua_type(L, -1) == LUA_TSTRING) text += "\n  hint: " + script::check_string(L, -1);
  lua_pop(L, 1);
  return text;
}

int write(lua_State* L, Level level, int index, const std::string& module) {
  core::LogLine line;
  line.level = level;
  line.module = module;
  line.text = check_text(L, index);
  const auto opts = script::options(L, index + 1, "log." + core::level_name(level), {{"emoji", ""}});
  line.emoji = opts["emoji"];
  line.indent = current_indent(L);
  the_log(L).write(line);
  return 0;
}

int write_plain(lua_State* L, int index, const std::string& module) {
  core::LogLine line;
  line.module = module;
  line.text = check_text(L, index);
  line.plain = true;
  the_log(L).write(line);
  return 0;
}

template <Level level>
int l_write(lua_State* L) {
  return write(L, level, 1, "");
}

template <Level level>
int l_logger_write(lua_State* L) {
  return write(L, level, 2, script::check_object<Logger>(L, 1, kLogger).module);
}

int l_plain(lua_State* L) { return write_plain(L, 1, ""); }

int l_logger_plain(lua_State* L) {
  return write_plain(L, 2, script::check_object<Logger>(L, 1, kLogger).module);
}

int l_named(lua_State* L) {
  auto module = script::check_string(L, 1);
  if (module.empty()) throw core::UsageError("log.named: the name is empty");
  script::push_object(L, kLogger, Logger{std::move(module)});
  return 1;
}

int l_level(lua_State* L) {
  if (!lua_isnoneornil(L, 1)) {
    const auto name = script::check_string(L, 1);
    const auto level = core::level_named(name);
    if (!level)
      throw core::UsageError("log.level: expected debug, info, warning, error or off, got '" + name + "'");
    the_log(L).set_console_level(*level);
  }
  script::push_text(L, core::level_name(the_log(L).console_level()));
  return 1;
}

int l_open(lua_State* L) { return script::push_result(L, the_log(L).open_files(script::check_string(L, 1))); }

int l_close(lua_State* L) {
  the_log(L).close_files();
  return 0;
}

int l_status(lua_State* L) {
  const auto text = lua_isnoneornil(L, 1) ? std::string() : script::check_string(L, 1);
  const auto opts = script::options(L, 2, "log.status", {{"key", ""}});
  the_log(L).status(opts["key"], text);
  return 0;
}

int l_indent(lua_State* L) {
  auto* task = script::Scheduler::of(L).running();
  if (!lua_isnoneornil(L, 1)) {
    const auto depth = script::check_integer(L, 1);
    if (depth < 0 || depth > kDeepestIndent) throw core::UsageError("log.indent: expected 0 to 20");
    if (!task) throw core::UsageError("log.indent: needs a running task");
    task->set_indent(static_cast<int>(depth));
  }
  lua_pushnumber(L, current_indent(L));
  return 1;
}

int l_secret(lua_State* L) {
  lua_pushboolean(L, core::register_secret(script::check_string(L, 1)));
  return 1;
}

int l_redact(lua_State* L) {
  script::push_text(L, core::redact(script::check_string(L, 1)));
  return 1;
}

int l_is_secret(lua_State* L) {
  const auto name = script::check_string(L, 1);
  lua_pushboolean(L, lua_isnoneornil(L, 2) ? core::is_secret_name(name)
                                           : core::holds_secret(name, script::check_string(L, 2)));
  return 1;
}

constexpr script::Function kLoggerMethods[] = {
    {"debug", script::guard<l_logger_write<Level::kDebug>>},
    {"info", script::guard<l_logger_write<Level::kInfo>>},
    {"warn", script::guard<l_logger_write<Level::kWarning>>},
    {"error", script::guard<l_logger_write<Level::kError>>},
    {"plain", script::guard<l_logger_plain>},
    {"__gc", script::collect<Logger>},
};

constexpr script::Function kFunctions[] = {
    {"debug", script::guard<l_write<Level::kDebug>>},
    {"info", script::guard<l_write<Level::kInfo>>},
    {"warn", script::guard<l_write<Level::kWarning>>},
    {"error", script::guard<l_write<Level::kError>>},
    {"plain", script::guard<l_plain>},
    {"named", script::guard<l_named>},
    {"level", script::guard<l_level>},
    {"open", script::guard<l_open>},
    {"close", script::guard<l_close>},
    {"status", script::guard<l_status>},
    {"indent", script::guard<l_indent>},
    {"secret", script::guard<l_secret>},
    {"is_secret", script::guard<l_is_secret>},
    {"redact", script::guard<l_redact>},
};

}  // namespace

int open_log(lua_State* L) {
  script::metatable(L, kLogger, kLoggerMethods);
  lua_pop(L, 1);
  return script::module(L, "host.log", kFunctions);
}

}  // namespace bind
