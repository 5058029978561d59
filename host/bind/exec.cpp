// host.exec: child processes.
#include <cmath>
#include <limits>
#include <memory>
#include <utility>

#include "core/log.hpp"
#include "core/process.hpp"
#include "core/runner.hpp"
#include "core/transcript.hpp"
#include "script/stack.hpp"
#include "script/task.hpp"

namespace bind {

namespace {

using core::Command;
using core::Stream;
using core::Value;
using ChildHandle = std::shared_ptr<core::Child>;

constexpr const char* kChild = "host.exec.Child";
constexpr const char* kLines = "host.exec.line_iterator";
constexpr double kForever = std::numeric_limits<double>::infinity();

std::uint64_t check_bytes(const Value& opts, const char* name) {
  const double bytes = opts[name];
  if (bytes < 0 || bytes > 1e15) throw core::UsageError(std::string("option '") + name + "' is out of range");
  return static_cast<std::uint64_t>(bytes);
}

double check_seconds(const Value& opts, const char* name) {
  const double seconds = opts[name];
  if (!(seconds >= 0)) throw core::UsageError(std::string("option '") + name + "' must not be negative");
  return seconds;
}

core::EnvChanges check_env(const Value& table) {
  core::EnvChanges changes;
  for (const auto& [name, value] : table.items()) {
    if (!core::is_env_name(name)) throw core::UsageError("option 'env': '" + name + "' cannot be a variable");
    if (value.is_boolean() && !value.get<bool>())
      changes[name] = std::nullopt;
    else if (value.is_string())
      changes[name] = value.get<std::string>();
    else if (value.is_number())
      changes[name] = value.dump();
    else
      throw core::UsageError("option 'env': " + name + " must be a string, or false to remove it");
  }
  return changes;
}

Command check_argv(lua_State* L) {
  Command command;
  command.argv = script::check_strings(L, 1);
  if (command.argv.empty()) throw core::UsageError("argument 1: the list of arguments is empty");
  return command;
}

Command check_command(lua_State* L, const Value& opts) {
  Command command = check_argv(L);
  command.stdin_text = opts["stdin"];
  command.env = check_env(opts["env"]);
  command.cwd = opts["cwd"];
  command.timeout_s = check_seconds(opts, "timeout_s");
  command.grace_s = check_seconds(opts, "grace_s");
  command.capture_bytes = check_bytes(opts, "capture_bytes");
  command.spill_bytes = check_bytes(opts, "spill_bytes");
  command.merge_stderr = opts["merge_stderr"];
  command.read = opts["read"];
  if (opts.contains("dry_stdout")) command.dry_stdout = opts["dry_stdout"].get<std::string>();
  return command;
}

void add_output(Value& result, const std::string& name, const core::Output& output) {
  result[name] = output.text;
  result[name + "_bytes"] = output.bytes;
  if (!output.file.empty()) result[name + "_file"] = output.file;
  if (!output.note.empty()) result[name + "_note"] = output.note;
}

int push_finished(lua_State* L, const core::Finished& finished) {
  Value result{{"exit_code", finished.exit_code}};
  if (!finished.signal.empty()) result["signal"] = finished.signal;
  add_output(result, "stdout", finished.out);
  add_output(result, "stderr", finished.err);
  result["seconds"] = finished.seconds;
  if (finished.dry) result["dry"] = true;
  script::push(L, result);
  return 1;
}

int l_run(lua_State* L) {
  const auto opts = script::options(L, 2, "exec.run",
                                    {{"stdin", ""},
                                     {"env", Value::object()},
                                     {"cwd", ""},
                                     {"timeout_s", 600.0},
                                     {"grace_s", 5.0},
                                     {"capture_bytes", 8 << 20},
                                     {"spill_bytes", 4294967296},
                                     {"merge_stderr", false},
                                     {"read", false},
                                     {"dry_stdout", nullptr, "string"}});
  Command command = check_command(L, opts);
  return script::await(L, [&](script::Waiter waiter) {
    return core::run(*waiter.world().runner, std::move(command),
                     waiter.callback<core::Finished>(push_finished));
  });
}

int start_detached(lua_State* L, Command command, const Value& opts) {
  const std::string log_file = opts["log_file"];
  if (log_file.empty()) throw core::UsageError("exec.start: a detached process needs the option 'log_file'");
  const auto started = script::world(L).runner->start_detached(std::move(command), log_file);
  if (!started) return script::fail(L, started.error());
  script::push(L, Value{{"pid", started->pid}, {"start_time", started->start}});
  return 1;
}

// The child ends with the task that started it, at the latest.
void tie_to_task(lua_State* L, const ChildHandle& child, double grace_s) {
  auto& scheduler = script::Scheduler::of(L);
  if (!scheduler.running()) return;
  auto untie = scheduler.at_end(*scheduler.running(), [weak = std::weak_ptr(child), grace_s] {
    if (const auto alive = weak.lock()) alive->end(grace_s, true);
  });
  child->wait([untie](const core::Result<core::Finished>&) { untie(); });
}

int l_start(lua_State* L) {
  const auto opts = script::options(L, 2, "exec.start",
                                    {{"stdin", ""},
                                     {"keep_stdin", false},
                                     {"env", Value::object()},
                                     {"cwd", ""},
                                     {"timeout_s", kForever},
                                     {"grace_s", 5.0},
                                     {"capture_bytes", 8 << 20},
                                     {"spill_bytes", 4294967296},
                                     {"merge_stderr", false},
                                     {"read", false},
                                     {"dry_stdout", nullptr, "string"},
                                     {"outlives_task", false},
                                     {"detached", false},
                                     {"log_file", ""}});
  Command command = check_command(L, opts);
  command.keep_stdin = opts["keep_stdin"];
  if (opts["detached"]) return start_detached(L, std::move(command), opts);
  const double grace_s = command.grace_s;
  auto child = script::world(L).runner->start(std::move(command));
  if (!child) return script::fail(L, child.error());
  if (!opts["outlives_task"]) tie_to_task(L, *child, grace_s);
  script::push_object<ChildHandle>(L, kChild, std::move(*child));
  return 1;
}

int l_which(lua_State* L) {
  const auto path = script::world(L).runner->which(script::check_string(L, 1));
  if (!path) return script::fail(L, path.error());
  script::push_text(L, *path);
  return 1;
}

core::Detached check_detached(lua_State* L) {
  return {static_cast<int>(script::check_integer(L, 1)), script::check_string(L, 2)};
}

int l_alive(lua_State* L) {
  const auto life = script::world(L).runner->life(check_detached(L));
  lua_pushboolean(L, life.alive);
  if (!life.exit_code) return 1;
  lua_pushnumber(L, *life.exit_code);
  return 2;
}

int l_find(lua_State* L) {
  const auto name = script::check_string(L, 1);
  if (!core::is_env_name(name)) throw core::UsageError("'" + name + "' cannot be the name of a variable");
  Value list = Value::array();
  for (const auto& [process, value] : script::world(L).runner->find_detached(name))
    list.push_back({{"pid", process.pid}, {"start_time", process.start}, {"value", value}});
  script::push(L, list);
  return 1;
}

int l_listeners(lua_State* L) {
  const auto port = script::check_integer(L, 1);
  if (port < 1 || port > 65535) throw core::UsageError("a port is a number from 1 to 65535");
  Value list = Value::array();
  for (const auto& listener : script::world(L).runner->listeners(static_cast<int>(port))) {
    Value one{{"uid", listener.uid}, {"own", listener.own}};
    if (listener.pid != 0) one.update({{"pid", listener.pid}, {"session", listener.session}});
    list.push_back(std::move(one));
  }
  script::push(L, list);
  return 1;
}

int l_stop(lua_State* L) {
  const auto process = check_detached(L);
  const auto opts = script::options(L, 3, "exec.stop", {{"grace_s", 10.0}});
  return script::await(L, [&](script::Waiter waiter) {
    return waiter.world().runner->stop(process, check_seconds(opts, "grace_s"),
                                       waiter.callback<bool>([](lua_State* to, bool ended) {
                                         lua_pushboolean(to, ended);
                                         return 1;
                                       }));
  });
}

int l_quote(lua_State* L) {
  script::push_text(L, core::command_text(script::check_strings(L, 1)));
  return 1;
}

ChildHandle& check_child(lua_State* L) { return script::check_object<ChildHandle>(L, 1, kChild); }

int l_child_pid(lua_State* L) {
  lua_pushnumber(L, check_child(L)->pid());
  return 1;
}

int l_child_running(lua_State* L) {
  lua_pushboolean(L, check_child(L)->running());
  return 1;
}

/// Starts `operation(callback)` and, on the child's clock, a limit; what comes first calls `done`.
template <class T, class Operation>
core::Cancel limited(const ChildHandle& child, double timeout_s, const std::string& what,
                     core::Callback<T> done, Operation operation) {
  struct Race {
    core::Callback<T> done;
    core::Cancel cancel, disarm;
    bool late = false;
  };
  auto race = std::make_shared<Race>();
  race->done = std::move(done);
  race->cancel = operation([race, what, timeout_s](core::Result<T> result) {
    if (race->disarm) race->disarm();
    if (race->late && !result && result.error().code == "cancelled")
      result = core::Error{"timeout", what + " within " + Value(timeout_s).dump() + " s", "raise timeout_s"};
    auto callback = std::exchange(race->done, {});
    if (callback) callback(std::move(result));
  });
  if (timeout_s < 1e9)
    race->disarm = child->clock().call_after(timeout_s, [race] {
      race->late = true;
      race->cancel();
    });
  return race->cancel;
}

int l_child_wait(lua_State* L) {
  const ChildHandle child = check_child(L);
  const auto opts = script::options(L, 2, "child:wait", {{"timeout_s", 600.0}});
  return script::await(L, [&](script::Waiter waiter) {
    return limited<core::Finished>(child, check_seconds(opts, "timeout_s"), "the command did not end",
                                   waiter.callback<core::Finished>(push_finished),
                                   [&](auto done) { return child->wait(std::move(done)); });
  });
}

int l_child_kill(lua_State* L) {
  const ChildHandle child = check_child(L);
  const auto opts = script::options(L, 2, "child:kill", {{"signal", ""}, {"grace_s", 5.0}});
  const std::string name = opts["signal"];
  if (name.empty()) {
    child->end(check_seconds(opts, "grace_s"), false);
    return 0;
  }
  const int number = core::signal_number(name);
  if (number == 0) throw core::UsageError("child:kill: there is no signal '" + name + "'");
  child->signal(number);
  return 0;
}

Stream check_stream(const Value& opts) {
  const std::string name = opts["stream"];
  if (name == "stdout") return Stream::kStdout;
  if (name == "stderr") return Stream::kStderr;
  throw core::UsageError("option 'stream': expected 'stdout' or 'stderr'");
}

int push_line(lua_State* L, const std::optional<std::string>& line) {
  if (line)
    script::push_text(L, *line);
  else
    lua_pushnil(L);
  return 1;
}

core::Cancel read_line(const ChildHandle& child, Stream stream, double timeout_s,
                       core::Callback<std::optional<std::string>> done) {
  return limited<std::optional<std::string>>(
      child, timeout_s, "the command printed no line", std::move(done),
      [&](auto callback) { return child->read_line(stream, std::move(callback)); });
}

int l_child_line(lua_State* L) {
  const ChildHandle child = check_child(L);
  const auto opts = script::options(L, 2, "child:line", {{"stream", "stdout"}, {"timeout_s", 600.0}});
  const Stream stream = check_stream(opts);
  return script::await(L, [&](script::Waiter waiter) {
    return read_line(child, stream, check_seconds(opts, "timeout_s"),
                     waiter.callback<std::optional<std::string>>(push_line));
  });
}

// The state of one `for line in child:lines()`.
struct Lines {
  ChildHandle child;
  Stream stream;
  double timeout_s;
};

int l_child_lines(lua_State* L) {
  const ChildHandle child = check_child(L);
  const auto opts = script::options(L, 2, "child:lines", {{"stream", "stdout"}, {"timeout_s", 600.0}});
  script::push_object(L, kLines, Lines{child, check_stream(opts), check_seconds(opts, "timeout_s")});
  lua_getfield(L, -1, "next");
  lua_insert(L, -2);
  return 2;
}

// Unlike `child:line` it raises what goes wrong: a loop that just ended would hide it.
int l_lines_next(lua_State* L) {
  const Lines lines = script::check_object<Lines>(L, 1, kLines);
  return script::await(L, [&](script::Waiter waiter) {
    return read_line(lines.child, lines.stream, lines.timeout_s,
                     [waiter](core::Result<std::optional<std::string>> r) {
                       if (!r) return waiter.raise(r.error());
                       waiter.finish([line = *r](lua_State* to) { return push_line(to, line); });
                     });
  });
}

int l_child_write(lua_State* L) {
  const ChildHandle child = check_child(L);
  auto data = script::check_string(L, 2);
  return script::await(
      L, [&](script::Waiter waiter) { return child->write(std::move(data), waiter.callback<core::Done>()); });
}

int l_child_close_stdin(lua_State* L) {
  check_child(L)->close_stdin();
  return 0;
}

int l_dry_run(lua_State* L) {
  auto& world = script::world(L);
  if (dynamic_cast<core::DryRunner*>(world.runner.get())) return 0;
  auto* scheduler = &script::Scheduler::of(L);
  const auto tell = [&world, scheduler](const std::string& text) {
    core::LogLine line;
    line.text = "[dry-run] " + text;
    if (const auto* task = scheduler->running()) line.indent = task->indent();
    world.log->write(line);
  };
  world.runner = std::make_shared<core::DryRunner>(world, world.runner, tell);
  return 0;
}

int l_left_out(lua_State* L) {
  const auto* dry = dynamic_cast<core::DryRunner*>(script::world(L).runner.get());
  script::push(L, dry ? Value(dry->left_out()) : Value::array());
  return 1;
}

int l_record(lua_State* L) {
  auto& world = script::world(L);
  world.runner = core::make_recording_runner(world.runner, script::check_string(L, 1));
  return 0;
}

constexpr script::Function kChildMethods[] = {
    {"pid", script::guard<l_child_pid>},
    {"running", script::guard<l_child_running>},
    {"wait", script::guard<l_child_wait>, script::kWaits},
    {"kill", script::guard<l_child_kill>},
    {"line", script::guard<l_child_line>, script::kWaits},
    {"lines", script::guard<l_child_lines>},
    {"write", script::guard<l_child_write>, script::kWaits},
    {"close_stdin", script::guard<l_child_close_stdin>},
    {"__gc", script::collect<ChildHandle>},
};

constexpr script::Function kLinesMethods[] = {
    {"next", script::guard<l_lines_next>, script::kWaits},
    {"__gc", script::collect<Lines>},
};

constexpr script::Function kFunctions[] = {
    {"run", script::guard<l_run>, script::kWaits},
    {"start", script::guard<l_start>},
    {"which", script::guard<l_which>},
    {"alive", script::guard<l_alive>},
    {"find", script::guard<l_find>},
    {"listeners", script::guard<l_listeners>},
    {"stop", script::guard<l_stop>, script::kWaits},
    {"quote", script::guard<l_quote>},
    {"dry_run", script::guard<l_dry_run>},
    {"left_out", script::guard<l_left_out>},
    {"record", script::guard<l_record>},
};

}  // namespace

int open_exec(lua_State* L) {
  script::metatable(L, kChild, kChildMethods);
  script::metatable(L, kLines, kLinesMethods);
  lua_pop(L, 2);
  return script::module(L, "host.exec", kFunctions);
}

}  // namespace bind
