// host.term: the terminal, and lines that a user edits on it.
#include <memory>

#include "core/line_editor.hpp"
#include "script/stack.hpp"
#include "script/task.hpp"

namespace bind {

namespace {

char editor_key;

// The editor lives as long as the Lua state: libedit has one state per program.
core::LineEditor& editor(lua_State* L) {
  lua_pushlightuserdata(L, &editor_key);
  lua_rawget(L, LUA_REGISTRYINDEX);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    lua_pushlightuserdata(L, &editor_key);
    script::push_object(L, "host.term.Editor", std::make_unique<core::LineEditor>(script::world(L).loop));
    lua_pushvalue(L, -1);
    lua_insert(L, -3);
    lua_rawset(L, LUA_REGISTRYINDEX);
  }
  auto& kept = script::check_object<std::unique_ptr<core::LineEditor>>(L, -1, "host.term.Editor");
  lua_pop(L, 1);
  return *kept;
}

int l_facts(lua_State* L) {
  const auto facts = core::terminal_facts();
  script::push(L, core::Value({{"input", facts.input},
                               {"output", facts.output},
                               {"errors", facts.errors},
                               {"width", facts.width}}));
  return 1;
}

int push_line(lua_State* L, const core::LineEditor::Line& line) {
  if (!line) {
    lua_pushnil(L);
    return 1;
  }
  script::push_text(L, *line);
  return 1;
}

int l_read_line(lua_State* L) {
  const std::string prompt = script::check_string(L, 1);
  auto& lines = editor(L);
  return script::await(L, [&](script::Waiter waiter) {
    return lines.read_line(prompt, waiter.callback<core::LineEditor::Line>(push_line));
  });
}

// The Lua function is kept in the registry for good: there is one editor in a program.
int l_on_complete(lua_State* L) {
  script::check_function(L, 1);
  const std::string breaks = script::check_string(L, 2);
  lua_pushvalue(L, 1);
  const int reference = luaL_ref(L, LUA_REGISTRYINDEX);
  auto* main = script::Scheduler::of(L).main_state();
  editor(L).set_completion(
      [main, reference](const std::string& line) {
        std::vector<std::string> words;
        lua_rawgeti(main, LUA_REGISTRYINDEX, reference);
        script::push_text(main, line);
        if (lua_pcall(main, 1, 1, 0) == 0 && lua_istable(main, -1))
          words = script::check_strings(main, lua_gettop(main));
        lua_pop(main, 1);
        return words;
      },
      breaks);
  return 0;
}

int l_remember(lua_State* L) {
  editor(L).remember(script::check_string(L, 1));
  return 0;
}

int l_load_history(lua_State* L) {
  lua_pushboolean(L, editor(L).load_history(script::check_string(L, 1)));
  return 1;
}

int l_save_history(lua_State* L) {
  const std::string path = script::check_string(L, 1);
  const auto opts = script::options(L, 2, "term.save_history", {{"limit", 1000}});
  return script::push_result(L, editor(L).save_history(path, opts["limit"].get<int>()));
}

constexpr script::Function kMethods[] = {{"__gc", script::collect<std::unique_ptr<core::LineEditor>>}};

constexpr script::Function kFunctions[] = {
    {"facts", script::guard<l_facts>},
    {"read_line", script::guard<l_read_line>, script::kWaits},
    {"on_complete", script::guard<l_on_complete>},
    {"remember", script::guard<l_remember>},
    {"load_history", script::guard<l_load_history>},
    {"save_history", script::guard<l_save_history>},
};

}  // namespace

int open_term(lua_State* L) {
  script::metatable(L, "host.term.Editor", kMethods);
  lua_pop(L, 1);
  return script::module(L, "host.term", kFunctions);
}

}  // namespace bind
