// host.env: environment variables, the user and the machine.
#include "core/env.hpp"

#include <unistd.h>

#include "script/stack.hpp"
#include "script/task.hpp"

namespace bind {

namespace {

core::Environment& environment(lua_State* L) { return *script::world(L).env; }

std::string check_name(lua_State* L, int index) {
  auto name = script::check_string(L, index);
  if (!core::is_env_name(name)) throw core::UsageError("'" + name + "' cannot be the name of a variable");
  return name;
}

int l_get(lua_State* L) {
  const auto value = environment(L).get(check_name(L, 1));
  if (value)
    script::push_text(L, *value);
  else
    lua_settop(L, 2);  // the fallback, or nil
  return 1;
}

int l_set(lua_State* L) {
  const auto name = check_name(L, 1);
  if (lua_isnoneornil(L, 2)) {
    environment(L).unset(name);
    return 0;
  }
  const auto value = script::check_string(L, 2);
  if (value.find('\0') != std::string::npos) throw core::UsageError("a variable cannot hold a NUL byte");
  environment(L).set(name, value);
  return 0;
}

int l_all(lua_State* L) {
  core::Value all = core::Value::object();
  for (const auto& [name, value] : environment(L).all()) all[name] = value;
  script::push(L, all);
  return 1;
}

int l_home(lua_State* L) {
  script::push_text(L, core::home_dir(environment(L)));
  return 1;
}

int l_expand(lua_State* L) {
  script::push_text(L, core::expand_home(environment(L), script::check_string(L, 1)));
  return 1;
}

int l_user(lua_State* L) {
  script::push_text(L, core::user_name());
  return 1;
}

int l_hostname(lua_State* L) {
  script::push_text(L, core::host_name());
  return 1;
}

int l_cpu_count(lua_State* L) {
  lua_pushnumber(L, core::cpu_count());
  return 1;
}

int l_pid(lua_State* L) {
  lua_pushnumber(L, ::getpid());
  return 1;
}

int l_is_terminal(lua_State* L) {
  const auto stream = script::check_string(L, 1);
  const int fd = stream == "stdin" ? 0 : stream == "stdout" ? 1 : stream == "stderr" ? 2 : -1;
  if (fd < 0) throw core::UsageError("env.is_terminal: expected 'stdin', 'stdout' or 'stderr'");
  lua_pushboolean(L, ::isatty(fd));
  return 1;
}

constexpr script::Function kFunctions[] = {
    {"get", script::guard<l_get>},           {"set", script::guard<l_set>},
    {"all", script::guard<l_all>},           {"home", script::guard<l_home>},
    {"expand", script::guard<l_expand>},     {"user", script::guard<l_user>},
    {"hostname", script::guard<l_hostname>}, {"cpu_count", script::guard<l_cpu_count>},
    {"pid", script::guard<l_pid>},           {"is_terminal", script::guard<l_is_terminal>},
};

}  // namespace

int open_env(lua_State* L) { return script::module(L, "host.env", kFunctions); }

}  // namespace bind
