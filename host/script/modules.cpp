#include "script/modules.hpp"

#include <string>

namespace bind {
int open_clock(lua_State* L);
int open_env(lua_State* L);
int open_exec(lua_State* L);
int open_fs(lua_State* L);
int open_http(lua_State* L);
int open_info(lua_State* L);
int open_json(lua_State* L);
int open_load(lua_State* L);
int open_log(lua_State* L);
int open_metrics(lua_State* L);
int open_probe(lua_State* L);
int open_render(lua_State* L);
int open_report(lua_State* L);
int open_sim(lua_State* L);
int open_stats(lua_State* L);
int open_store(lua_State* L);
int open_task(lua_State* L);
int open_term(lua_State* L);
int open_testing(lua_State* L);
int open_text(lua_State* L);
int open_yaml(lua_State* L);
}  // namespace bind

namespace script {

namespace {

struct Module {
  const char* name;
  lua_CFunction open;
};

// One row per file in host/bind, in alphabetical order.
constexpr Module kModules[] = {
    {"clock", bind::open_clock},     {"env", bind::open_env},     {"exec", bind::open_exec},
    {"fs", bind::open_fs},           {"http", bind::open_http},   {"info", bind::open_info},
    {"json", bind::open_json},       {"load", bind::open_load},   {"log", bind::open_log},
    {"metrics", bind::open_metrics}, {"probe", bind::open_probe}, {"render", bind::open_render},
    {"report", bind::open_report},   {"sim", bind::open_sim},     {"stats", bind::open_stats},
    {"store", bind::open_store},     {"task", bind::open_task},   {"term", bind::open_term},
    {"testing", bind::open_testing}, {"text", bind::open_text},   {"yaml", bind::open_yaml},
};

}  // namespace

void register_modules(lua_State* L) {
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "preload");
  for (const auto& module : kModules) {
    lua_pushcfunction(L, module.open);
    lua_setfield(L, -2, (std::string("host.") + module.name).c_str());
  }
  lua_pop(L, 2);
}

}  // namespace script
