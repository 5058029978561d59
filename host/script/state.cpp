#include "script/state.hpp"

#include <chrono>
#include <csignal>
#include <cstdio>
#include <stdexcept>

#include "core/redact.hpp"
#include "exit_codes.hpp"
#include "script/modules.hpp"

namespace script {

namespace {

char state_key;

struct Environment {
  std::string home;
  core::Interrupts* interrupts = nullptr;
};

Environment& environment(lua_State* L) {
  lua_pushlightuserdata(L, &state_key);
  lua_rawget(L, LUA_REGISTRYINDEX);
  auto* found = static_cast<Environment*>(lua_touserdata(L, -1));
  lua_pop(L, 1);
  return *found;
}

// Reached from the signal handler: a script that computes without ever waiting can only be stopped by a
// debug hook. Hooks are why the JIT compiler stays off: compiled loops do not look at them.
lua_State* interrupted_state = nullptr;

// How long an interrupted script may compute on to reach a wait, where cancellation is expected, before it is
// stopped wherever it is.
constexpr std::chrono::milliseconds kPatience{500};
constexpr int kInstructionsBetweenLooks = 1000;
std::chrono::steady_clock::time_point interrupted_at;

void raise_if_cancelled(lua_State* L, lua_Debug*) {
  if (std::chrono::steady_clock::now() - interrupted_at < kPatience) return;
  lua_sethook(L, nullptr, 0, 0);
  Task* task = Scheduler::of(L).running();
  if (!task || !task->is_cancelled()) return;
  push(L, cancelled_error());
  lua_error(L);
}

void note_interrupt(lua_State* L, lua_Debug*) {
  Scheduler::of(L).interrupt();
  interrupted_at = std::chrono::steady_clock::now();
  lua_sethook(L, raise_if_cancelled, LUA_MASKCOUNT, kInstructionsBetweenLooks);
}

void interrupt_now() {
  if (interrupted_state) {
    lua_sethook(interrupted_state, note_interrupt, LUA_MASKCALL | LUA_MASKRET | LUA_MASKCOUNT, 1);
  }
}

int undeclared(lua_State* L) {
  const char* name = lua_tostring(L, 2);
  const bool write = lua_gettop(L) == 3;
  luaL_where(L, 1);
  lua_pushfstring(L, write ? "assignment to undeclared global '%s' (use local)" : "undeclared global '%s'",
                  name ? name : "?");
  lua_concat(L, 2);
  return lua_error(L);
}

void make_globals_strict(lua_State* L) {
  lua_createtable(L, 0, 2);
  lua_pushcfunction(L, undeclared);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, undeclared);
  lua_setfield(L, -2, "__newindex");
  lua_setmetatable(L, LUA_GLOBALSINDEX);
}

void set_search_path(lua_State* L, const std::string& home) {
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "path");
  const std::string system = lua_tostring(L, -1);
  const std::string path = home + "/lua/?.lua;" + home + "/lua/?/init.lua;" + system;
  lua_pushlstring(L, path.data(), path.size());
  lua_setfield(L, -3, "path");
  lua_pop(L, 2);
}

// Most programs here are over in a moment: memory may grow fourfold before the collector starts again, unless
// a test wants it as busy as it can be.
void tune_collector(lua_State* L) {
  lua_gc(L, LUA_GCSETPAUSE, 400);
  const char* mode = std::getenv("LLMDBENCH_TEST_GC");
  if (!mode || std::string(mode) != "aggressive") return;
  lua_gc(L, LUA_GCSETPAUSE, 0);
  lua_gc(L, LUA_GCSETSTEPMUL, 400);
}

std::string text_of_error(lua_State* L) {
  if (luaL_callmeta(L, -1, "__tostring") && lua_isstring(L, -1)) return lua_tostring(L, -1);
  if (const char* text = lua_tostring(L, -1)) return text;
  return std::string("error value of type ") + luaL_typename(L, -1);
}

}  // namespace

const std::string& home(lua_State* L) { return environment(L).home; }

int rearm_interrupts(lua_State* L) {
  auto* interrupts = environment(L).interrupts;
  const int signal = interrupts->received();
  interrupts->rearm();
  return signal;
}

State::State(core::World& world, std::string home)
    : world_(world), home_(std::move(home)), L_(luaL_newstate()) {
  if (!L_) throw std::runtime_error("LuaJIT could not get memory for a state");
  scheduler_ = std::make_unique<Scheduler>(L_, world_);
  prepare();
}

void State::prepare() {
  luaL_openlibs(L_);
  luaJIT_setmode(L_, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);
  install_scheduler(L_, scheduler_.get());
  interrupted_state = L_;
  interrupts_ = std::make_unique<core::Interrupts>(world_.loop, interrupt_now, [this](int) {
    lua_sethook(L_, nullptr, 0, 0);
    // The hook may have dealt with it already, and the script may have gone on since.
    if (interrupts_->received() != 0) scheduler_->interrupt();
  });
  lua_pushlightuserdata(L_, &state_key);
  lua_pushlightuserdata(L_, new Environment{home_, interrupts_.get()});
  lua_rawset(L_, LUA_REGISTRYINDEX);
  set_search_path(L_, home_);
  register_modules(L_);
  make_globals_strict(L_);
  tune_collector(L_);
}

State::~State() {
  interrupts_.reset();
  interrupted_state = nullptr;
  world_.handles.close_all();
  scheduler_->forget_state();
  Environment* kept = &environment(L_);
  lua_close(L_);
  delete kept;
}

int State::run(const std::string& name, const std::vector<std::string>& arguments) {
  lua_getglobal(L_, "require");
  lua_pushlstring(L_, name.data(), name.size());
  if (lua_pcall(L_, 1, 1, 0) != 0) {
    std::fprintf(stderr, "llmdbenchmark: %s\n", core::redact(text_of_error(L_)).c_str());
    return exit_codes::kFailed;
  }
  push(L_, core::Value(arguments));
  auto root = scheduler_->spawn(L_, 1, nullptr);
  scheduler_->set_root(root);
  scheduler_->run_until_done(*root);
  return report(*root);
}

int State::report(Task& root) {
  const int signal = interrupts_->received();
  const int results = scheduler_->push_outcome(L_, root);
  if (signal != 0 && root.is_cancelled()) return 128 + (signal == SIGINT ? SIGINT : SIGTERM);
  if (results < 0) {
    const std::string problem = text_of_error(L_) + "\n" + scheduler_->traceback(root);
    std::fprintf(stderr, "llmdbenchmark: %s\n", core::redact(problem).c_str());
    return exit_codes::kFailed;
  }
  return results > 0 && lua_isnumber(L_, -results) ? static_cast<int>(lua_tonumber(L_, -results)) : 0;
}

}  // namespace script
