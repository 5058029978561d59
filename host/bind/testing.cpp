// host.testing: swaps the seams of the running program. Only the spec runner uses it.
#include <memory>

#include "core/clock.hpp"
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

constexpr script::Function kFunctions[] = {
    {"virtual_clock", script::guard<l_virtual_clock>},
    {"real_clock", script::guard<l_real_clock>},
};

}  // namespace

int open_testing(lua_State* L) { return script::module(L, "host.testing", kFunctions); }

}  // namespace bind
