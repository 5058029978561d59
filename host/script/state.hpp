// The Lua state of the program: libraries, search paths, strict globals, Ctrl-C.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <lua.hpp>

#include "core/interrupt.hpp"
#include "core/world.hpp"
#include "script/task.hpp"

namespace script {

/// One Lua state with its scheduler. Owns SIGINT and SIGTERM while it lives.
class State {
 public:
  /// `home` is the folder that holds `lua scripts config workload`.
  State(core::World& world, std::string home);
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  /// Loads the Lua module `name`, which must return a function, and runs it as the root task with the
  /// list `arguments`. Returns the exit code it returned; prints the error and returns 1 if it failed,
  /// 130 or 143 if it was interrupted.
  int run(const std::string& name, const std::vector<std::string>& arguments);

 private:
  int report(Task& root);
  void prepare();

  core::World& world_;
  std::string home_;
  lua_State* L_;
  std::unique_ptr<Scheduler> scheduler_;
  std::unique_ptr<core::Interrupts> interrupts_;
};

/// The folder that holds `lua scripts config workload`.
const std::string& home(lua_State* L);

/// The last Ctrl-C was dealt with: the next one is a first one again. Returns the signal that had come, or 0.
int rearm_interrupts(lua_State* L);

}  // namespace script
