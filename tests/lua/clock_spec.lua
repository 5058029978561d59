local clock = require "host.clock"
local t = require "bench.test"
local task = require "host.task"

t.describe("clock", function()
  t.it("goes on", function()
    local wall, monotonic = clock.now(), clock.monotonic()
    task.sleep(0.001)
    t.ok(clock.now() > 1.7e9)
    t.ok(clock.now() >= wall)
    t.ok(clock.monotonic() >= monotonic + 0.001)
  end)

  t.it("is virtual when the spec says so", function()
    t.virtual_clock(1000)
    t.eq(1000, clock.now())
    task.sleep(3600)
    t.eq(4600, clock.now())
    t.eq("1970-01-01T01:16:40.000Z", clock.rfc3339())
  end)

  t.it("writes moments as text", function()
    t.eq("2023-11-14T22:13:20.123Z", clock.rfc3339(1700000000.123))
    t.match("^2023111[45]%-%d%d%d%d20%-500$", clock.stamp(1700000000.5))
    t.raises(function() clock.rfc3339(-1) end, "since 1970")
    t.raises(function() clock.stamp "now" end, "number")
  end)
end)
