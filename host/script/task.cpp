#include "script/task.hpp"

#include <algorithm>
#include <cstdlib>

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

bool has_level(lua_State* L, int level) {
  lua_Debug info{};
  return lua_getstack(L, level, &info) != 0;
}

int depth(lua_State* L) {
  if (!has_level(L, 0)) return 0;
  int known = 0;
  int beyond = 1;
  while (has_level(L, beyond)) {
    known = beyond;
    beyond *= 2;
  }
  while (beyond - known > 1) {
    const int middle = known + (beyond - known) / 2;
    (has_level(L, middle) ? known : beyond) = middle;
  }
  return beyond;
}

// The file's whole name: `short_src` keeps only the end of a long one.
std::string source_of(const lua_Debug& info) {
  return info.source[0] == '@' ? info.source + 1 : info.short_src;
}

// Where an error was raised is lost with the coroutine that it ended, but its message begins with it.
int line_in(const std::string& message, const lua_Debug& info) {
  const std::string place = std::string(info.short_src) + ":";
  return message.compare(0, place.size(), place) == 0 ? std::atoi(message.c_str() + place.size()) : 0;
}

std::string frame(lua_State* L, int level, const std::string& message) {
  lua_Debug info{};
  lua_getstack(L, level, &info);
  lua_getinfo(L, "Snl", &info);
  const std::string source = source_of(info);
  const int line = info.currentline > 0 || level > 0 ? info.currentline : line_in(message, info);
  std::string text = "\n\t" + source + ":";
  if (line > 0) text += std::to_string(line) + ":";
  if (*info.namewhat != '\0') return text + " in function '" + info.name + "'";
  if (*info.what == 'm') return text + " in main chunk";
  if (*info.what == 'C') return text + " in ?";
  return text + " in function <" + source + ":" + std::to_string(info.linedefined) + ">";
}

constexpr int kFirstFrames = 12;
constexpr int kLastFrames = 10;

// As luaL_traceback writes it, but with whole names of files.
std::string stack_of(lua_State* L, int level, const std::string& message) {
  std::string text = "stack traceback:";
  const int end = depth(L);
  const int gap = level + kFirstFrames < end - kLastFrames ? level + kFirstFrames : end;
  for (; level < gap; ++level) text += frame(L, level, message);
  if (gap < end) text += "\n\t...";
  for (level = gap < end ? end - kLastFrames : end; level < end; ++level) text += frame(L, level, message);
  return text;
}

}  // namespace

core::Error cancelled_error() { return {"cancelled", "the task was cancelled", "", core::Value::object()}; }

core::World& world(lua_State* L) { return Scheduler::of(L).world(); }

Task::~Task() {
  if (const auto main = main_.lock()) {
    luaL_unref(*main, LUA_REGISTRYINDEX, thread_ref_);
    luaL_unref(*main, LUA_REGISTRYINDEX, on_failure_ref_);
  }
}

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
    if (task->wait_) {
      task->wait_->over = true;
      task->wait_->cancel = {};
    }
    world_.handles.remove(task->handle_);
  }
}

Task& Scheduler::waiting_task(lua_State* L) {
  if (!running_ || running_->thread_ != L) {
    throw core::UsageError(running_ ? "cannot wait in a plain coroutine; use task.spawn"
                                    : "cannot wait here: no task is running");
  }
  if (!lua_isyieldable(L)) {
    throw core::UsageError(
        "cannot wait inside require, table.sort, string.gsub or a template's filter; wait before or after");
  }
  return *running_;
}

std::shared_ptr<Task> Scheduler::spawn(lua_State* L, int argument_count, Task* parent, bool shielded) {
  auto task = std::make_shared<Task>();
  task->main_ = anchor_;
  task->origin_ = where(L, 0);
  task->thread_ = lua_newthread(L);
  task->thread_ref_ = luaL_ref(L, LUA_REGISTRYINDEX);
  luaL_checkstack(task->thread_, argument_count + 1, "too many arguments for a task");
  lua_xmove(L, task->thread_, argument_count + 1);
  task->parent_ = parent;
  task->shielded_ = shielded;
  if (parent) {
    parent->children_.push_back(task);
    task->indent_ = parent->indent_;
    task->cancelled_ = parent->cancelled_ && !shielded;
  }
  live_.emplace(task.get(), task);
  task->handle_ = world_.handles.add("task", task->origin_, {});
  world_.loop.post([this, weak = std::weak_ptr(task), argument_count] {
    auto self = weak.lock();
    if (self && self->state_ == Task::State::ready)
      resume(self, [argument_count](lua_State*) { return argument_count; });
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
  const core::Cancel released = std::exchange(wait->cancel, {});  // it may hold a Waiter, and that this wait
  task->awaited_.reset();
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
  if (status == LUA_YIELD && task->wait_) return;
  if (status == LUA_YIELD)
    lua_pushliteral(task->thread_, "coroutine.yield outside of a coroutine of your own");
  body_ended(task, status);
}

std::string Scheduler::traceback(lua_State* L, int error_index, int level) const {
  const auto found = live_of(L);
  const auto cause = found ? found->cause_ : nullptr;
  bool through_join = false;
  if (cause) {
    luaL_checkstack(cause->thread_, 1, "error");
    luaL_checkstack(L, 1, "error");
    lua_pushvalue(L, error_index);
    lua_pushvalue(cause->thread_, -1);
    lua_xmove(cause->thread_, L, 1);
    through_join = lua_rawequal(L, -1, -2) != 0;
    lua_pop(L, 2);
  }
  const std::string message = lua_type(L, error_index) == LUA_TSTRING ? lua_tostring(L, error_index) : "";
  const std::string own = stack_of(L, level, message);
  return through_join ? cause->traceback_ + "\njoined by" + own.substr(std::min(own.find('\n'), own.size()))
                      : own;
}

Task* Scheduler::live_of(lua_State* L) const {
  const auto found =
      std::find_if(live_.begin(), live_.end(), [&](const auto& row) { return row.first->thread_ == L; });
  return found == live_.end() ? nullptr : found->first;
}

// A failed coroutine keeps its whole stack, and with it maybe a handle of its own task: move the error out.
void Scheduler::keep_only_results(Task& task) {
  lua_State* fresh = lua_newthread(main_);
  const int ref = luaL_ref(main_, LUA_REGISTRYINDEX);
  luaL_checkstack(fresh, task.results_ + 1, "results");
  lua_xmove(task.thread_, fresh, task.results_);
  luaL_unref(main_, LUA_REGISTRYINDEX, task.thread_ref_);
  task.thread_ = fresh;
  task.thread_ref_ = ref;
}

void Scheduler::body_ended(const std::shared_ptr<Task>& task, int status) {
  task->failed_ = status != 0;
  task->results_ = task->failed_ ? 1 : lua_gettop(task->thread_);
  if (task->failed_) {
    task->traceback_ = traceback(task->thread_, -1, 0);
    task->cause_.reset();
    keep_only_results(*task);
  }
  task->state_ = Task::State::draining;
  const auto children = task->children_;
  for (const auto& child : children) cancel(*child);
  if (task->children_.empty()) finish(task);
}

void Scheduler::child_ended(Task& parent, const std::shared_ptr<Task>& child) {
  auto& siblings = parent.children_;
  siblings.erase(std::remove(siblings.begin(), siblings.end(), child), siblings.end());
  const bool handled = child->joiners_ > 0 || child->outcome_taken_;
  if (child->failed_ && !handled && !ended_cancelled(*child)) adopt_failure(parent, *child);
  if (parent.state_ == Task::State::draining && siblings.empty()) finish(parent.shared_from_this());
}

// A child that failed while nobody joined it: its parent must not end as if all were well.
void Scheduler::adopt_failure(Task& parent, Task& child) {
  if (parent.state_ == Task::State::draining) {
    if (!parent.failed_) end_with_failure_of(parent, child);
    return;
  }
  if (parent.on_failure_ref_ != LUA_NOREF && !child.reports_failure_) return tell_failure(parent, child);
  orphaned_.emplace(&parent, child.shared_from_this());
  cancel(parent);
}

void Scheduler::tell_failure(Task& parent, Task& child) {
  luaL_checkstack(main_, 3, "error");
  luaL_checkstack(child.thread_, 1, "error");
  lua_rawgeti(main_, LUA_REGISTRYINDEX, parent.on_failure_ref_);
  lua_pushvalue(child.thread_, -1);
  lua_xmove(child.thread_, main_, 1);
  lua_pushlstring(main_, child.traceback_.data(), child.traceback_.size());
  spawn(main_, 2, &parent)->reports_failure_ = true;
}

void Scheduler::supervise(lua_State* L, Task& task) {
  luaL_unref(L, LUA_REGISTRYINDEX, task.on_failure_ref_);
  task.on_failure_ref_ = luaL_ref(L, LUA_REGISTRYINDEX);
}

bool Scheduler::hand_over(Task& heir) {
  for (const Task* above = &heir; above; above = above->parent_) {
    if (above == running_)
      throw core::UsageError("a task cannot hand its children over to itself or to one of them");
  }
  if (heir.cancelled_ || heir.state_ == Task::State::draining || heir.state_ == Task::State::done)
    return false;
  for (auto& child : std::exchange(running_->children_, {})) {
    child->parent_ = &heir;
    heir.children_.push_back(child);
  }
  return true;
}

void Scheduler::end_with_failure_of(Task& task, const Task& child) {
  task.failed_ = true;
  task.results_ = 1;
  task.traceback_ = child.traceback_;
  luaL_checkstack(task.thread_, 2, "error");
  lua_pushvalue(child.thread_, -1);
  lua_xmove(child.thread_, task.thread_, 1);
}

void Scheduler::finish(const std::shared_ptr<Task>& task) {
  if (auto orphan = orphaned_.find(task.get()); orphan != orphaned_.end()) {
    // It ends with its child's failure, not with the cancellation that this caused, but an error of its own
    // came later and matters more.
    if (!task->failed_ || ended_cancelled(*task)) end_with_failure_of(*task, *orphan->second);
    orphaned_.erase(orphan);
  }
  task->state_ = Task::State::done;
  world_.handles.remove(task->handle_);
  live_.erase(task.get());
  for (auto& done : std::exchange(task->on_done_, {})) world_.loop.post(std::move(done));
  for (auto& [number, end] : std::exchange(task->at_end_, {})) world_.loop.post(std::move(end));
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

// Follows who waits for whom: through joins, and from a task to its parent, which ends only after it.
void Scheduler::check_joinable(const Task& task) const {
  const Task* next = &task;
  for (std::size_t steps = 0; next && steps <= live_.size(); ++steps) {
    if (next == running_) throw core::UsageError("the two tasks would wait for each other forever");
    next = next->awaited_.lock().get();
  }
  for (const Task* parent = running_ ? running_->parent_ : nullptr; parent; parent = parent->parent_) {
    if (parent == &task) throw core::UsageError("a task and its parent would wait for each other forever");
  }
}

void Scheduler::when_done(Task& task, std::function<void()> done) {
  check_joinable(task);
  ++task.joiners_;
  if (task.state_ == Task::State::done) {
    world_.loop.post(std::move(done));
    return;
  }
  if (running_) running_->awaited_ = task.weak_from_this();
  task.on_done_.push_back(std::move(done));
}

core::Cancel Scheduler::at_end(Task& task, std::function<void()> end) {
  const auto number = next_at_end_++;
  task.at_end_.emplace(number, std::move(end));
  return [weak = task.weak_from_this(), number] {
    if (const auto alive = weak.lock()) alive->at_end_.erase(number);
  };
}

void Scheduler::give_up_join(Task& task) { --task.joiners_; }

bool Scheduler::ended_cancelled(const Task& task) const {
  if (!task.cancelled_ || !task.failed_ || !lua_istable(task.thread_, -1)) return false;
  lua_getfield(task.thread_, -1, "code");
  const bool is_cancellation = lua_type(task.thread_, -1) == LUA_TSTRING &&
                               std::string_view(lua_tostring(task.thread_, -1)) == cancelled_error().code;
  lua_pop(task.thread_, 1);
  return is_cancellation;
}

int Scheduler::push_outcome(lua_State* L, Task& task) {
  task.outcome_taken_ = true;
  luaL_checkstack(L, task.results_ + 2, "too many results");
  luaL_checkstack(task.thread_, task.results_, "too many results");
  const int top = lua_gettop(task.thread_);
  for (int i = top - task.results_ + 1; i <= top; ++i) lua_pushvalue(task.thread_, i);
  lua_xmove(task.thread_, L, task.results_);
  if (task.failed_ && running_ && running_->thread_ == L) running_->cause_ = task.shared_from_this();
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
  world_.loop.run_until([&] { return kept->state_ == Task::State::done; },
                        [this] { return world_.clock->idle(); });
}

}  // namespace script
