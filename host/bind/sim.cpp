// host.sim: the simulated OpenAI-compatible server.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/env.hpp"
#include "core/sim/server.hpp"
#include "script/stack.hpp"
#include "script/task.hpp"

namespace bind {

namespace {

namespace sim = core::sim;

constexpr const char* kServer = "host.sim.Server";

// A running server and who waits for its end. It lives until it is stopped, even if the script forgets it.
struct Running {
  std::unique_ptr<sim::Server> server;
  core::World* world = nullptr;
  std::uint64_t handle = 0;
  std::vector<script::Waiter> waiting;
  bool stopped = false;

  void stop() {
    if (stopped) return;
    stopped = true;
    world->handles.remove(handle);
    server->stop();
    for (const auto& waiter : waiting) {
      waiter.finish([](lua_State* L) {
        lua_pushboolean(L, 1);
        return 1;
      });
    }
    waiting.clear();
  }
};
using Handle = std::shared_ptr<Running>;

Handle& check_server(lua_State* L, int index) { return script::check_object<Handle>(L, index, kServer); }

// The options at `index`, combined with environment, file and defaults. Misuse of the table itself is thrown.
core::Result<sim::Options> read_options(lua_State* L, int index, const char* function,
                                        const sim::Environment& environment) {
  core::Value given = core::Value::object();
  if (!lua_isnoneornil(L, index)) {
    if (!lua_istable(L, index))
      throw core::UsageError(std::string(function) + ": expected a table of options");
    auto value = script::check_value(L, index);
    if (value.is_object()) given = std::move(value);
    if (value.is_array() && !value.empty())
      throw core::UsageError(std::string(function) + ": options need names");
  }
  auto options = sim::load_options(given, environment);
  if (!options && options.error().facts.value("source", "") == "option") {
    throw core::UsageError(std::string(function) + ": " + options.error().message);
  }
  return options;
}

core::Result<Handle> start(lua_State* L, int index, const char* function) {
  const auto environment = std::make_shared<core::Environment>();
  sim::Server::Surroundings surroundings;
  surroundings.environment = [environment](const std::string& name) { return environment->get(name); };
  const auto options = read_options(L, index, function, surroundings.environment);
  if (!options) return options.error();
  auto server = sim::Server::start(*options, surroundings);
  if (!server) return server.error();
  auto running = std::make_shared<Running>();
  running->server = std::move(*server);
  running->world = &script::world(L);
  running->handle =
      running->world->handles.add("simulator", running->server->url(), [running] { running->stop(); });
  return running;
}

// Parks the task until the server is stopped; `stop_with_task` also stops it when the task is cancelled.
int wait_for_end(lua_State* L, const Handle& running, bool stop_with_task) {
  return script::await(L, [&](script::Waiter waiter) -> core::Cancel {
    if (running->stopped) {
      waiter.finish([](lua_State* to) {
        lua_pushboolean(to, 1);
        return 1;
      });
      return {};
    }
    running->waiting.push_back(waiter);
    return [running, waiter, stop_with_task] {
      if (stop_with_task) running->stop();
      waiter.finish([](lua_State*) { return 0; });
    };
  });
}

int l_start(lua_State* L) {
  auto running = start(L, 1, "sim.start");
  if (!running) return script::fail(L, running.error());
  script::push_object<Handle>(L, kServer, std::move(*running));
  return 1;
}

int l_serve(lua_State* L) {
  script::Scheduler::of(L).waiting_task(L);  // before anything is started
  auto running = start(L, 1, "sim.serve");
  if (!running) return script::fail(L, running.error());
  return wait_for_end(L, *running, true);
}

int l_options(lua_State* L) {
  script::push(L, sim::describe_options());
  return 1;
}

int l_wait(lua_State* L) {
  const Handle running = check_server(L, 1);
  return wait_for_end(L, running, false);
}

int l_stats(lua_State* L) {
  script::push(L, check_server(L, 1)->server->stats());
  return 1;
}

int l_flush_truth(lua_State* L) {
  check_server(L, 1)->server->flush_truth();
  return 0;
}

int l_stop(lua_State* L) {
  const Handle running = check_server(L, 1);
  running->stop();
  return 0;
}

int l_tostring(lua_State* L) {
  const auto& running = check_server(L, 1);
  lua_pushfstring(L, "simulator %s%s", running->server->url().c_str(), running->stopped ? " (stopped)" : "");
  return 1;
}

// `url` and `port` are fields; everything else is a method. Upvalue 1 is the table of methods.
int l_index(lua_State* L) {
  const auto& running = check_server(L, 1);
  const std::string key = script::check_string(L, 2);
  if (key == "url") {
    script::push_text(L, running->server->url());
  } else if (key == "port") {
    lua_pushinteger(L, running->server->port());
  } else {
    lua_pushvalue(L, 2);
    lua_rawget(L, lua_upvalueindex(1));
  }
  return 1;
}

constexpr script::Function kMethods[] = {
    {"wait", script::guard<l_wait>, script::kWaits}, {"stats", script::guard<l_stats>},
    {"flush_truth", script::guard<l_flush_truth>},   {"stop", script::guard<l_stop>},
    {"__tostring", script::guard<l_tostring>},       {"__gc", script::collect<Handle>},
};

constexpr script::Function kFunctions[] = {
    {"start", script::guard<l_start>},
    {"serve", script::guard<l_serve>, script::kWaits},
    {"options", script::guard<l_options>},
};

}  // namespace

int open_sim(lua_State* L) {
  script::metatable(L, kServer, kMethods);
  lua_getfield(L, -1, "__index");
  lua_pushcclosure(L, script::guard<l_index>, 1);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  return script::module(L, "host.sim", kFunctions);
}

}  // namespace bind
