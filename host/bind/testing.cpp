// host.testing: swaps the seams of the running program. Only the spec runner uses it.
#include <memory>

#include "core/clock.hpp"
#include "core/transcript.hpp"
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

// The transcript at argument 1: the name of a file, or the tree itself.
core::Result<core::Transcript> check_transcript(lua_State* L) {
  if (lua_type(L, 1) == LUA_TSTRING) return core::load_transcript(script::check_string(L, 1));
  return core::read_transcript(script::check_value(L, 1), "the transcript of the spec");
}

int l_replay(lua_State* L) {
  auto transcript = check_transcript(L);
  if (!transcript) return script::fail(L, transcript.error());
  auto& world = script::world(L);
  world.runner = std::make_shared<core::ReplayRunner>(world, std::move(*transcript));
  lua_pushboolean(L, 1);
  return 1;
}

int l_replay_unused(lua_State* L) {
  const auto* replay = dynamic_cast<core::ReplayRunner*>(script::world(L).runner.get());
  script::push(L, replay ? core::Value(replay->unused()) : core::Value::array());
  return 1;
}

int l_real_runner(lua_State* L) {
  auto& world = script::world(L);
  world.runner = core::make_real_runner(world);
  return 0;
}

constexpr script::Function kFunctions[] = {
    {"virtual_clock", script::guard<l_virtual_clock>},
    {"real_clock", script::guard<l_real_clock>},
    {"replay", script::guard<l_replay>},
    {"replay_unused", script::guard<l_replay_unused>},
    {"real_runner", script::guard<l_real_runner>},
};

}  // namespace

int open_testing(lua_State* L) { return script::module(L, "host.testing", kFunctions); }

}  // namespace bind
