// Tasks: scripts that read top to bottom while the loop runs. Park and resume exist only here.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <lua.hpp>

#include "core/error.hpp"
#include "core/world.hpp"
#include "script/stack.hpp"

namespace script {

class Scheduler;
class Task;

/// Pushes the results of a wait onto the resumed coroutine and returns their number.
using Push = std::function<int(lua_State*)>;

/// One wait of one task.
struct Wait {
  std::weak_ptr<Task> task;
  core::Cancel cancel;
  bool over = false;
  /// Ignores cancellation of its task: only `task.shielded` waits like this.
  bool shielded = false;
};

/// The far end of a wait, held by the operation. Finishing always posts to the loop, so an operation
/// that completes at once is safe too; a second finish does nothing.
class Waiter {
 public:
  explicit Waiter(std::shared_ptr<Wait> wait, core::World& world) : wait_(std::move(wait)), world_(&world) {}

  core::World& world() const { return *world_; }
  /// Ends the wait with the values that `push_results` pushes.
  void finish(Push push_results) const;
  /// Ends the wait by raising `error` at the caller.
  void raise(core::Error error) const;

  /// A callback for core operations: the value through `push`, or nil and the error.
  template <class T>
  core::Callback<T> callback() const {
    return [waiter = *this](core::Result<T> result) {
      auto kept = std::make_shared<core::Result<T>>(std::move(result));
      waiter.finish([kept](lua_State* L) { return push_result(L, *kept); });
    };
  }
  /// The same with `render(L, value)`, which pushes the value its own way and returns how many it pushed.
  template <class T, class Render>
  core::Callback<T> callback(Render render) const {
    return [waiter = *this, render](core::Result<T> result) {
      auto kept = std::make_shared<core::Result<T>>(std::move(result));
      waiter.finish([kept, render](lua_State* L) {
        return kept->ok() ? render(L, kept->value()) : fail(L, kept->error());
      });
    };
  }

 private:
  std::shared_ptr<Wait> wait_;
  core::World* world_;
};

/// One coroutine that may wait. Children end with their parent: it cancels and awaits them.
class Task : public std::enable_shared_from_this<Task> {
 public:
  enum class State { ready, running, waiting, draining, done };

  lua_State* thread() const { return thread_; }
  State state() const { return state_; }
  bool is_cancelled() const { return cancelled_; }
  bool failed() const { return failed_; }
  /// How deep what it tells is nested; a task starts as deep as the one that spawned it.
  int indent() const { return indent_; }
  void set_indent(int depth) { indent_ = depth; }
  /// Where it was spawned, `file:line`.
  const std::string& origin() const { return origin_; }

  Task() = default;
  ~Task();
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

 private:
  friend class Scheduler;
  friend class Waiter;

  lua_State* thread_ = nullptr;
  int thread_ref_ = LUA_NOREF;
  Task* parent_ = nullptr;
  std::vector<std::shared_ptr<Task>> children_;
  std::shared_ptr<Wait> wait_;
  std::vector<std::function<void()>> on_done_;
  std::map<std::uint64_t, std::function<void()>> at_end_;  // in the order of `at_end`
  std::weak_ptr<lua_State*> main_;                         // gone once the Lua state is closed
  std::weak_ptr<Task> awaited_;                            // the task whose end it waits for
  std::shared_ptr<Task> cause_;                            // the failed task whose error a join raised here
  State state_ = State::ready;
  bool cancelled_ = false;
  bool shielded_ = false;
  bool outcome_taken_ = false;
  bool reports_failure_ = false;    // it runs the function that another one's `on_failure_ref_` names
  int on_failure_ref_ = LUA_NOREF;  // told of failures of children, which then do not make this one fail
  bool failed_ = false;
  int joiners_ = 0;
  int indent_ = 0;
  int results_ = 0;  // number of values (or 1: the error) on top of thread_'s stack once the body ended
  std::uint64_t handle_ = 0;
  std::string origin_;
  std::string traceback_;
};

/// Runs the tasks of one Lua state.
class Scheduler {
 public:
  Scheduler(lua_State* L, core::World& world)
      : main_(L), world_(world), anchor_(std::make_shared<lua_State*>(L)) {}
  ~Scheduler();

  /// The Lua state is about to be closed: coroutines need not be released any more.
  void forget_state() { anchor_.reset(); }

  static Scheduler& of(lua_State* L);

  core::World& world() { return world_; }
  /// The state outside of all tasks: for callbacks that come from C++ and do not wait.
  lua_State* main_state() const { return main_; }
  /// The task whose code runs right now; null outside of tasks.
  Task* running() const { return running_; }
  /// The running task if `L` is its own coroutine. Throws UsageError if waiting is impossible here.
  Task& waiting_task(lua_State* L);

  /// Starts a task from the function and `argument_count` arguments on top of `L` (popped). `parent` may
  /// be null. A shielded task is not reached by its parent's cancellation.
  std::shared_ptr<Task> spawn(lua_State* L, int argument_count, Task* parent, bool shielded = false);

  /// Cancels the task and its children: every wait they are in or enter raises `cancelled`.
  void cancel(Task& task);

  /// A failure of a child of `task` that nobody joins no longer makes it fail: the function on top of `L`
  /// (popped) is called with the error and its traceback, in a child of its own.
  void supervise(lua_State* L, Task& task);
  /// Makes the children of the running task children of `heir`. False, and nothing is done, if that is about
  /// to end. Throws UsageError if it is the running task or below it.
  bool hand_over(Task& heir);

  /// Calls `done` from the loop once the task has ended. The running task is from now on the one that
  /// deals with a failure. Throws UsageError if the two would wait for each other forever.
  void when_done(Task& task, std::function<void()> done);
  /// For what a task owns: calls `end` from the loop once the task has ended, unless the returned function
  /// was called before.
  core::Cancel at_end(Task& task, std::function<void()> end);
  /// The running task's wait for the end of `task` is given up (it was cancelled).
  void give_up_join(Task& task);
  /// Pushes what the task returned; for a failed one returns -1 and pushes the error value.
  int push_outcome(lua_State* L, Task& task);
  /// True if the task ended with the error that cancelling it raises, not with another one.
  bool ended_cancelled(const Task& task) const;
  /// The traceback of a failed task.
  const std::string& traceback(const Task& task) const { return task.traceback_; }
  /// The stack of the task `L` from `level` on; above it, if the error at `error_index` came through a
  /// join, the stacks of the tasks from which it came.
  std::string traceback(lua_State* L, int error_index, int level) const;

  /// Parks the running task on a new wait.
  std::shared_ptr<Wait> park(Task& task, bool shielded);
  void unpark(Task& task);

  /// Ctrl-C: cancels the foreground task, or the root. Returns what was cancelled, or null.
  Task* interrupt();
  void set_root(std::shared_ptr<Task> root) { root_ = std::move(root); }
  /// The task that Ctrl-C cancels instead of the root; null: the root again.
  void set_foreground(std::shared_ptr<Task> task) { foreground_ = std::move(task); }

  /// Runs the loop until the task is done.
  void run_until_done(Task& task);

 private:
  friend class Waiter;
  void resume(const std::shared_ptr<Task>& task, const Push& push_results);
  void body_ended(const std::shared_ptr<Task>& task, int status);
  void child_ended(Task& parent, const std::shared_ptr<Task>& child);
  void finish(const std::shared_ptr<Task>& task);
  void adopt_failure(Task& parent, Task& child);
  void tell_failure(Task& parent, Task& child);
  void end_with_failure_of(Task& task, const Task& child);
  void keep_only_results(Task& task);
  Task* live_of(lua_State* L) const;
  void check_joinable(const Task& task) const;
  void end_wait(const std::shared_ptr<Wait>& wait, const Push& push_results);

  lua_State* main_;
  core::World& world_;
  std::shared_ptr<lua_State*> anchor_;
  Task* running_ = nullptr;
  std::uint64_t next_at_end_ = 1;
  std::map<Task*, std::shared_ptr<Task>> live_;
  std::map<Task*, std::shared_ptr<Task>> orphaned_;  // parent -> the child whose failure it will end with
  std::shared_ptr<Task> root_;
  std::weak_ptr<Task> foreground_;
};

/// Makes `scheduler` the one that `Scheduler::of` finds.
void install_scheduler(lua_State* L, Scheduler* scheduler);

/// The seams of the state that `L` belongs to.
core::World& world(lua_State* L);

/// The error that every wait of a cancelled task raises.
core::Error cancelled_error();

/// Parks the running task until `start`'s operation finishes. `start(Waiter)` begins the operation and
/// returns a core::Cancel. It is called only after all checks: a refused wait leaves no work behind.
template <class Start>
int await(lua_State* L, Start start, bool shielded = false) {
  Scheduler& scheduler = Scheduler::of(L);
  Task& task = scheduler.waiting_task(L);
  if (task.is_cancelled() && !shielded) throw Raise{cancelled_error()};
  auto wait = scheduler.park(task, shielded);
  try {
    core::Cancel cancel = start(Waiter(wait, scheduler.world()));
    wait->cancel = std::move(cancel);
  } catch (...) {
    scheduler.unpark(task);
    throw;
  }
  return lua_yield(L, 0);
}

}  // namespace script
