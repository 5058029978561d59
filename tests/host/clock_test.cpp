#include "core/clock.hpp"
#include "catch.hpp"
#include "core/loop.hpp"

TEST_CASE("a virtual clock jumps to the next timer and keeps their order") {
  core::Loop loop;
  core::VirtualClock clock(loop, 0);
  std::string order;
  bool done = false;
  clock.call_after(3600, [&] {
    order += 'b';
    done = true;
  });
  clock.call_after(1, [&] { order += 'a'; });
  auto cancel = clock.call_after(2, [&] { order += 'x'; });
  cancel();
  cancel();  // twice is harmless
  loop.run_until([&] { return done; }, [&] { return clock.idle(); });
  CHECK(order == "ab");
  CHECK(clock.monotonic_ns() == 3'600'000'000'000);
}

TEST_CASE("a virtual timer may be cancelled between being due and being run") {
  core::Loop loop;
  core::VirtualClock clock(loop, 0);
  bool fired = false, done = false;
  auto cancel = clock.call_after(1, [&] { fired = true; });
  REQUIRE(clock.idle());
  cancel();
  loop.post([&] { done = true; });
  loop.run_until([&] { return done; });
  CHECK_FALSE(fired);
}

TEST_CASE("a real timer fires once and not after its cancellation") {
  core::Loop loop;
  auto clock = core::make_real_clock(loop);
  int fired = 0;
  bool done = false;
  auto cancel = clock->call_after(0.001, [&] { fired += 100; });
  cancel();
  clock->call_after(0.005, [&] {
    ++fired;
    done = true;
  });
  loop.run_until([&] { return done; });
  CHECK(fired == 1);
}

TEST_CASE("wall time prints as RFC 3339") {
  CHECK(core::rfc3339(0) == "1970-01-01T00:00:00.000Z");
  CHECK(core::rfc3339(1'700'000'000'123'000'000) == "2023-11-14T22:13:20.123Z");
}
