// host.testing: swaps the seams of the running program. Only the spec runner uses it.
#include <memory>

#include "core/clock.hpp"
#include "core/http/replay_http.hpp"
#include "core/transcript.hpp"
#include "core/yaml.hpp"
#include "script/stack.hpp"
#include "script/task.hpp"

namespace bind {

namespace {

constexpr double kStartOfTests = 1'700'000'000.0;

int l_virtual_clock(lua_State* L) {
  const double start_s = lua_isnoneornil(L, 1) ? kStartOfTests : script::check_number(L, 1);
  auto& world = script::world(L);
  world.clock = std::make_shared<core::VirtualClock>(world.loop, static_cast<std::int64_t>(start_s * 1e9));
  return 0;
}

int l_real_clock(lua_State* L) {
  auto& world = script::world(L);
  world.clock = core::make_real_clock(world.loop);
  return 0;
}

// The transcript at argument 1, the name of a file or the tree itself, and what messages call it.
core::Result<std::pair<core::Value, std::string>> check_transcript(lua_State* L) {
  if (lua_type(L, 1) != LUA_TSTRING)
    return std::pair(script::check_value(L, 1), std::string("the transcript of the spec"));
  const auto path = script::check_string(L, 1);
  auto document = core::load_yaml(path);
  if (!document) return std::move(document).error();
  return std::pair(std::move(document->value), path);
}

int l_replay(lua_State* L) {
  const auto source = check_transcript(L);
  if (!source) return script::fail(L, source.error());
  const auto& [tree, name] = *source;
  auto commands = core::read_transcript(tree, name);
  if (!commands) return script::fail(L, commands.error());
  auto requests = core::read_http_transcript(tree, name);
  if (!requests) return script::fail(L, requests.error());
  auto& world = script::world(L);
  world.runner = std::make_shared<core::ReplayRunner>(world, std::move(*commands));
  if (tree.contains("requests")) world.http = std::make_shared<core::ReplayHttp>(world, std::move(*requests));
  lua_pushboolean(L, 1);
  return 1;
}

int l_replay_unused(lua_State* L) {
  auto& world = script::world(L);
  core::Value unused = core::Value::array();
  if (const auto* runner = dynamic_cast<core::ReplayRunner*>(world.runner.get()))
    for (const auto& command : runner->unused()) unused.push_back(command);
  if (const auto* http = dynamic_cast<core::ReplayHttp*>(world.http.get()))
    for (const auto& request : http->unused()) unused.push_back(request);
  script::push(L, unused);
  return 1;
}

int l_real_runner(lua_State* L) {
  auto& world = script::world(L);
  world.runner = core::make_real_runner(world);
  return 0;
}

int l_real_http(lua_State* L) {
  auto& world = script::world(L);
  world.http = core::make_real_http(world);
  return 0;
}

constexpr script::Function kFunctions[] = {
    {"virtual_clock", script::guard<l_virtual_clock>},
    {"real_clock", script::guard<l_real_clock>},
    {"replay", script::guard<l_replay>},
    {"replay_unused", script::guard<l_replay_unused>},
    {"real_runner", script::guard<l_real_runner>},
    {"real_http", script::guard<l_real_http>},
};

}  // namespace

int open_testing(lua_State* L) { return script::module(L, "host.testing", kFunctions); }

}  // namespace bind
