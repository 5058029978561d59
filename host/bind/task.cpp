// host.task: spawn, join, cancel, sleep, and what is built from them.
#include <csignal>
#include <functional>
#include <memory>
#include <utility>

#include "script/convert.hpp"
#include "script/stack.hpp"
#include "script/state.hpp"
#include "script/task.hpp"

namespace bind {

namespace {

using script::Scheduler;
using script::Task;
using script::Waiter;

constexpr const char* kHandle = "host.task.Task";
using Handle = std::shared_ptr<Task>;

Handle& check_task(lua_State* L, int index) { return script::check_object<Handle>(L, index, kHandle); }

Task& running_task(lua_State* L, const char* function) {
  Task* task = Scheduler::of(L).running();
  if (!task) throw core::UsageError(std::string(function) + " needs a running task");
  return *task;
}

int l_spawn(lua_State* L) {
  script::check_function(L, 1);
  auto& scheduler = Scheduler::of(L);
  auto task = scheduler.spawn(L, lua_gettop(L) - 1, &running_task(L, "task.spawn"));
  script::push_object<Handle>(L, kHandle, std::move(task));
  return 1;
}

// What a join gives: the results, the raised error, or nil and `cancelled`.
int push_joined(lua_State* L, const Handle& task) {
  const int top = lua_gettop(L);
  const int count = Scheduler::of(L).push_outcome(L, *task);
  if (count >= 0) return count;
  if (Scheduler::of(L).ended_cancelled(*task)) {
    lua_settop(L, top);
    return script::fail(L, script::cancelled_error());
  }
  lua_pushlightuserdata(L, script::raise_sentinel());
  lua_insert(L, -2);
  return 2;
}

int wait_for(lua_State* L, const Handle& task, bool shielded) {
  return script::await(
      L,
      [&](Waiter waiter) -> core::Cancel {
        auto& scheduler = Scheduler::of(L);
        scheduler.when_done(*task, [waiter, task] {
          waiter.finish([task](lua_State* to) { return push_joined(to, task); });
        });
        if (shielded) return {};
        return [&scheduler, waiter, task, given_up = false]() mutable {
          if (!std::exchange(given_up, true)) scheduler.give_up_join(*task);
          waiter.finish([](lua_State*) { return 0; });
        };
      },
      shielded);
}

int l_join(lua_State* L) {
  const Handle task = check_task(L, 1);
  auto& scheduler = Scheduler::of(L);
  if (scheduler.running() == task.get()) throw core::UsageError("a task cannot join itself");
  return wait_for(L, task, false);
}

int l_cancel(lua_State* L) {
  const Handle task = check_task(L, 1);
  Scheduler::of(L).cancel(*task);
  return 0;
}

int l_is_done(lua_State* L) {
  lua_pushboolean(L, check_task(L, 1)->state() == Task::State::done);
  return 1;
}

int l_sleep(lua_State* L) {
  const double seconds = script::check_number(L, 1);
  return script::await(L, [&](Waiter waiter) -> core::Cancel {
    auto disarm =
        waiter.world().clock->call_after(seconds, [waiter] { waiter.finish([](lua_State*) { return 0; }); });
    return [disarm, waiter] {
      disarm();
      waiter.finish([](lua_State*) { return 0; });
    };
  });
}

// What a deadline gives: `timeout` if it had to end the child, else what a join gives.
int push_within(lua_State* L, const Handle& child, bool expired, double timeout_s) {
  if (!expired || !Scheduler::of(L).ended_cancelled(*child)) return push_joined(L, child);
  core::Error error{"timeout", lua_pushfstring(L, "not finished after %f s", timeout_s)};
  lua_pop(L, 1);
  error.facts["after_s"] = timeout_s;
  return script::fail(L, error);
}

// Runs the function with its arguments, on top of the stack, in a child and waits for its end, also when
// cancelled. Without a time, `arm` is empty.
int run_child(lua_State* L, int argument_count, double timeout_s,
              const std::function<core::Cancel(const Handle&, const std::shared_ptr<bool>&)>& arm) {
  auto& scheduler = Scheduler::of(L);
  scheduler.waiting_task(L);
  const Handle child = scheduler.spawn(L, argument_count, scheduler.running());
  return script::await(L, [&](Waiter waiter) -> core::Cancel {
    auto expired = std::make_shared<bool>(false);
    const core::Cancel disarm = arm ? arm(child, expired) : core::Cancel{};
    scheduler.when_done(*child, [waiter, child, expired, disarm, timeout_s] {
      if (disarm) disarm();
      waiter.finish(
          [child, expired, timeout_s](lua_State* to) { return push_within(to, child, *expired, timeout_s); });
    });
    return [&scheduler, child] { scheduler.cancel(*child); };
  });
}

// At 1 the time, at 2 the function, its arguments after it.
int l_deadline(lua_State* L) {
  const double timeout_s = script::check_number(L, 1);
  script::check_function(L, 2);
  auto& scheduler = Scheduler::of(L);
  const auto arm = [&scheduler, timeout_s](const Handle& child, const std::shared_ptr<bool>& expired) {
    return scheduler.world().clock->call_after(timeout_s, [&scheduler, child, expired] {
      *expired = true;
      scheduler.cancel(*child);
    });
  };
  return run_child(L, lua_gettop(L) - 2, timeout_s, arm);
}

int l_scope(lua_State* L) {
  script::check_function(L, 1);
  return run_child(L, lua_gettop(L) - 1, 0, {});
}

int l_shielded(lua_State* L) {
  script::check_function(L, 1);
  auto& scheduler = Scheduler::of(L);
  scheduler.waiting_task(L);
  const Handle child = scheduler.spawn(L, lua_gettop(L) - 1, scheduler.running(), true);
  return wait_for(L, child, true);
}

int l_supervise(lua_State* L) {
  script::check_function(L, 1);
  lua_settop(L, 1);
  Scheduler::of(L).supervise(L, running_task(L, "task.supervise"));
  return 0;
}

int l_hand_over(lua_State* L) {
  const Handle heir = check_task(L, 1);
  running_task(L, "task.hand_over");
  lua_pushboolean(L, Scheduler::of(L).hand_over(*heir));
  return 1;
}

int l_cancelled(lua_State* L) {
  Task* task = Scheduler::of(L).running();
  lua_pushboolean(L, task && task->is_cancelled());
  return 1;
}

int l_traceback(lua_State* L) {
  lua_settop(L, 1);
  script::push_text(L, Scheduler::of(L).traceback(L, 1, 1));
  return 1;
}

int l_handles(lua_State* L) {
  script::push(L, core::Value(script::world(L).handles.list()));
  return 1;
}

int l_foreground(lua_State* L) {
  auto& scheduler = Scheduler::of(L);
  if (lua_isnoneornil(L, 1)) {
    scheduler.set_foreground(nullptr);
    const int signal = script::rearm_interrupts(L);
    if (signal == 0) return 0;
    lua_pushstring(L, signal == SIGINT ? "INT" : signal == SIGTERM ? "TERM" : "HUP");
    return 1;
  }
  scheduler.set_foreground(check_task(L, 1));
  return 0;
}

const char* state_of(lua_State* L, const Task& task) {
  static constexpr const char* names[] = {"ready", "running", "waiting", "ending", "done"};
  if (task.state() != Task::State::done || !task.failed()) return names[static_cast<int>(task.state())];
  return Scheduler::of(L).ended_cancelled(task) ? "cancelled" : "failed";
}

int l_tostring(lua_State* L) {
  const auto& task = check_task(L, 1);
  lua_pushfstring(L, "task %s (%s)", task->origin().c_str(), state_of(L, *task));
  return 1;
}

constexpr script::Function kMethods[] = {
    {"join", script::guard<l_join>, script::kWaits},
    {"cancel", script::guard<l_cancel>},
    {"is_done", script::guard<l_is_done>},
    {"__tostring", script::guard<l_tostring>},
    {"__gc", script::collect<Handle>},
};

constexpr script::Function kFunctions[] = {
    {"spawn", script::guard<l_spawn>},
    {"join", script::guard<l_join>, script::kWaits},
    {"cancel", script::guard<l_cancel>},
    {"sleep", script::guard<l_sleep>, script::kWaits},
    {"deadline", script::guard<l_deadline>, script::kWaits},
    {"scope", script::guard<l_scope>, script::kWaits},
    {"shielded", script::guard<l_shielded>, script::kWaits},
    {"supervise", script::guard<l_supervise>},
    {"hand_over", script::guard<l_hand_over>},
    {"cancelled", script::guard<l_cancelled>},
    {"traceback", script::guard<l_traceback>},
    {"handles", script::guard<l_handles>},
    {"foreground", script::guard<l_foreground>},
};

}  // namespace

int open_task(lua_State* L) {
  script::metatable(L, kHandle, kMethods);
  lua_pop(L, 1);
  return script::module(L, "host.task", kFunctions);
}

}  // namespace bind
