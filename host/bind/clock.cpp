// host.clock: what time it is. (Waiting is host.task's.)
#include "core/clock.hpp"

#include "script/stack.hpp"
#include "script/task.hpp"

namespace bind {

namespace {

constexpr double kNsPerS = 1e9;

int l_now(lua_State* L) {
  lua_pushnumber(L, static_cast<double>(script::world(L).clock->wall_ns()) / kNsPerS);
  return 1;
}

int l_monotonic(lua_State* L) {
  lua_pushnumber(L, static_cast<double>(script::world(L).clock->monotonic_ns()) / kNsPerS);
  return 1;
}

// The moment at argument 1 (seconds since 1970), or now.
std::int64_t moment(lua_State* L) {
  if (lua_isnoneornil(L, 1)) return script::world(L).clock->wall_ns();
  const double seconds = script::check_number(L, 1);
  if (seconds < 0 || seconds > 9e9) throw core::UsageError("argument 1: expected seconds since 1970");
  return static_cast<std::int64_t>(seconds * 1000 + 0.5) * 1'000'000;
}

int l_rfc3339(lua_State* L) {
  script::push_text(L, core::rfc3339(moment(L)));
  return 1;
}

int l_stamp(lua_State* L) {
  script::push_text(L, core::compact_stamp(moment(L)));
  return 1;
}

constexpr script::Function kFunctions[] = {
    {"now", script::guard<l_now>},
    {"monotonic", script::guard<l_monotonic>},
    {"rfc3339", script::guard<l_rfc3339>},
    {"stamp", script::guard<l_stamp>},
};

}  // namespace

int open_clock(lua_State* L) { return script::module(L, "host.clock", kFunctions); }

}  // namespace bind
