#include "script/task.hpp"

#include <algorithm>

#include "script/convert.hpp"

namespace script {

namespace {

char scheduler_key;

std::string where(lua_State* L, int level) {
  lua_Debug info{};
  for (; lua_getstack(L, level, &info) != 0; ++level) {
    lua_getinfo(L, "Sl", &info);
    if (info.currentline > 0) return std::string(info.short_src) + ":" + std::to_string(info.currentline);
  }
  return "host";
}

}  // namespace

core::Error cancelled_error() { return {"cancelled", "the task was cancelled", "", core::Value::object()}; }

core::World& world(lua_State* L) { return Scheduler::of(L).world(); }

// ---- Waiter -------------------------------------------------------------------------------------

void Waiter::finish(Push push_results) const {
  world_->loop.post([wait = wait_, push = std::move(push_results)] {
    if (auto task = wait->task.lock()) Scheduler::of(task->thread()).end_wait(wait, push);
  });
}

void Waiter::raise(core::Error error) const {
  finish([error = std::move(error)](lua_State* L) {
    lua_pushlightuserdata(L, raise_sentinel());
    push(L, error);
    return 2;
  });
}

// ---- Scheduler ----------------------------------------------------------------------------------

Scheduler& Scheduler::of(lua_State* L) {
  lua_pushlightuserdata(L, &scheduler_key);
  lua_rawget(L, LUA_REGISTRYINDEX);
  auto* scheduler = static_cast<Scheduler*>(lua_touserdata(L, -1));
  lua_pop(L, 1);
  if (!scheduler) throw std::logic_error("this Lua state has no scheduler");
  return *scheduler;
}

void install_scheduler(lua_State* L, Scheduler* scheduler) {
  lua_pushlightuserdata(L, &scheduler_key);
  lua_pushlightuserdata(L, scheduler);
  lua_rawset(L, LUA_REGISTRYINDEX);
}

Scheduler::~Scheduler() {
  for (auto& [key, task] : live_) {
    if (task->wait_) task->wait_->over = true;
    world_.handles.remove(task->handle_);
  }
}

Task& Scheduler::waiting_task(lua_State* L) {
  if (!running_ || running_->thread_ != L) {
    throw core::UsageError(running_ ? "cannot wait in a plain coroutine; use task.spawn"
                                    : "cannot wait here: no task is running");
  }
  if (!lua_isyieldable(L)) {
    throw core::UsageError("cannot wait inside require, table.sort or string.gsub; wait before or after");
  }
  return *running_;
}

std::shared_ptr<Task> Scheduler::spawn(lua_State* L, int argument_count, Task* parent, bool shielded) {
  auto task = std::make_shared<Task>();
  task->origin_ = where(L, 0);
  task->thread_ = lua_newthread(L);
  task->thread_ref_ = luaL_ref(L, LUA_REGISTRYINDEX);
  luaL_checkstack(task->thread_, argument_count + 1, "too many arguments for a task");
  lua_xmove(L, task->thread_, argument_count + 1);
  task->parent_ = parent;
  task->shielded_ = shielded;
  if (parent) {
    parent->children_.push_back(task);
    task->cancelled_ = parent->cancelled_ && !shielded;
  }
  live_.emplace(task.get(), task);
  task->handle_ = world_.handles.add("task", task->origin_, {});
  world_.loop.post([this, weak = std::weak_ptr(task), argument_count] {
    auto self = weak.lock();
    if (self && self->state_ == Task::State::ready) resume(self, [argument_count](lua_State*) { return argument_count; });
  });
  return task;
}

std::shared_ptr<Wait> Scheduler::park(Task& task, bool shielded) {
  task.wait_ = std::make_shared<Wait>();
  task.wait_->task = task.weak_from_this();
  task.wait_->shielded = shielded;
  task.state_ = Task::State::waiting;
  return task.wait_;
}

void Scheduler::unpark(Task& task) {
  task.wait_->over = true;
  task.wait_.reset();
  task.state_ = Task::State::running;
}

void Scheduler::end_wait(const std::shared_ptr<Wait>& wait, const Push& push_results) {
  auto task = wait->task.lock();
  if (!task || wait->over) return;
  wait->over = true;
  const bool raise = task->cancelled_ && !wait->shielded;
  task->wait_.reset();
  if (!raise) return resume(task, push_results);
  resume(task, [](lua_State* L) {
    lua_pushlightuserdata(L, raise_sentinel());
    push(L, cancelled_error());
    return 2;
  });
}

void Scheduler::resume(const std::shared_ptr<Task>& task, const Push& push_results) {
  Task* const before = running_;
  running_ = task.get();
  task->state_ = Task::State::running;
  luaL_checkstack(task->thread_, 16, "task");
  const int count = push_results(task->thread_);
  const int status = lua_resume(task->thread_, count);
  running_ = before;
  if (status != LUA_YIELD) body_ended(task, status);
}

void Scheduler::body_ended(const std::shared_ptr<Task>& task, int status) {
  task->failed_ = status != 0;
  task->results_ = task->failed_ ? 1 : lua_gettop(task->thread_);
  if (task->failed_) {
    luaL_traceback(main_, task->thread_, nullptr, 0);
    const std::string fresh = lua_tostring(main_, -1);
    lua_pop(main_, 1);
    task->traceback_ = task->traceback_.empty() ? fresh : task->traceback_ + "\njoined by:" + fresh.substr(fresh.find('\n') + 1);
  }
  task->state_ = Task::State::draining;
  const auto children = task->children_;
  for (const auto& child : children) cancel(*child);
  if (task->children_.empty()) finish(task);
}

void Scheduler::child_ended(Task& parent, const std::shared_ptr<Task>& child) {
  auto& siblings = parent.children_;
  siblings.erase(std::remove(siblings.begin(), siblings.end(), child), siblings.end());
  if (child->failed_ && !child->joined_ && !child->cancelled_) adopt_failure(parent, *child);
  if (parent.state_ == Task::State::draining && siblings.empty()) finish(parent.shared_from_this());
}

// A child that failed while nobody joined it: its parent must not end as if all were well.
void Scheduler::adopt_failure(Task& parent, Task& child) {
  if (parent.state_ == Task::State::draining) {
    if (parent.failed_) return;
    parent.failed_ = true;
    parent.results_ = 1;
    parent.traceback_ = child.traceback_;
    lua_pushvalue(child.thread_, -1);
    lua_xmove(child.thread_, parent.thread_, 1);
    return;
  }
  cancel(parent);
  orphaned_[&parent] = child.shared_from_this();
}

void Scheduler::finish(const std::shared_ptr<Task>& task) {
  if (auto orphan = orphaned_.find(task.get()); orphan != orphaned_.end()) {
    Task& child = *orphan->second;
    task->failed_ = true;
    task->results_ = 1;
    task->cancelled_ = false;  // it ends with its child's failure, not with a cancellation
    task->traceback_ = child.traceback_;
    lua_pushvalue(child.thread_, -1);
    lua_xmove(child.thread_, task->thread_, 1);
    orphaned_.erase(orphan);
  }
  task->state_ = Task::State::done;
  world_.handles.remove(task->handle_);
  live_.erase(task.get());
  for (auto& done : std::exchange(task->on_done_, {})) world_.loop.post(std::move(done));
  if (task->parent_) child_ended(*task->parent_, task);
  task->parent_ = nullptr;
}

void Scheduler::cancel(Task& task) {
  if (task.state_ == Task::State::done) return;
  task.cancelled_ = true;
  const auto children = task.children_;
  for (const auto& child : children) {
    if (!child->shielded_) cancel(*child);
  }
  if (!task.wait_ || task.wait_->shielded) return;
  // An operation that can be cancelled ends by its own callback; any other wait ends here.
  const auto wait = task.wait_;
  if (wait->cancel) {
    wait->cancel();
  } else {
    Waiter(wait, world_).finish([](lua_State*) { return 0; });
  }
}

void Scheduler::when_done(Task& task, std::function<void()> done) {
  task.joined_ = true;
  if (task.state_ == Task::State::done) {
    world_.loop.post(std::move(done));
  } else {
    task.on_done_.push_back(std::move(done));
  }
}

int Scheduler::push_outcome(lua_State* L, Task& task) {
  if (L == task.thread_) throw core::UsageError("a task cannot join itself");
  luaL_checkstack(L, task.results_ + 2, "too many results");
  luaL_checkstack(task.thread_, task.results_, "too many results");
  const int top = lua_gettop(task.thread_);
  for (int i = top - task.results_ + 1; i <= top; ++i) lua_pushvalue(task.thread_, i);
  lua_xmove(task.thread_, L, task.results_);
  return task.failed_ ? -1 : task.results_;
}

Task* Scheduler::interrupt() {
  auto target = foreground_.lock();
  if (!target) target = root_;
  if (!target || target->state_ == Task::State::done) return nullptr;
  cancel(*target);
  return target.get();
}

void Scheduler::run_until_done(Task& task) {
  const auto kept = task.shared_from_this();
  world_.loop.run_until([&] { return kept->state_ == Task::State::done; }, [this] { return world_.clock->idle(); });
}

}  // namespace script
