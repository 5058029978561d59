local t = require "bench.test"
local clock = require "host.clock"
local retry = require "bench.retry"

local unreachable = { code = "unreachable", message = "down" }

t.describe("retry.run", function()
  t.before_each(t.virtual_clock)

  t.it("returns the first success", function()
    local calls = 0
    t.eq("up", retry.run(function(attempt)
      calls = calls + 1
      t.eq(calls, attempt)
      if calls < 3 then return nil, unreachable end
      return "up"
    end))
    t.eq(3, calls)
  end)

  t.it("pauses longer each time, up to the longest", function()
    local start, pauses = clock.monotonic(), {}
    local value, err = retry.run(function() return nil, { code = "timeout", message = "slow" } end, {
      attempts = 5, delay_s = 1, factor = 3, longest_delay_s = 8,
      on_retry = function(_, attempt, delay_s) pauses[attempt] = delay_s end,
    })
    t.eq({ 1, 3, 8, 8 }, pauses)
    t.near(20, clock.monotonic() - start, 0.001)
    t.eq(5, t.fails("timeout", value, err).attempts)
  end)

  t.it("does not repeat what will not pass", function()
    local calls = 0
    local value, err = retry.run(function()
      calls = calls + 1
      return nil, { code = "denied", message = "no" }
    end)
    t.eq(1, t.fails("denied", value, err).attempts)
    t.eq(1, calls)
  end)

  t.it("asks `when` instead of the code", function()
    local calls = 0
    retry.run(function()
      calls = calls + 1
      return nil, { code = "exit", message = "again" }
    end, { attempts = 2, when = function(err) return err.code == "exit" end })
    t.eq(2, calls)
  end)

  t.it("takes nil without an error, and false, as results", function()
    t.eq(nil, (retry.run(function() return nil end)))
    t.eq(false, (retry.run(function() return false, "x" end)))
  end)

  t.it("lets raised errors through at once", function()
    local calls = 0
    t.raises(function()
      retry.run(function()
        calls = calls + 1
        error("bug", 0)
      end)
    end, "^bug$")
    t.eq(1, calls)
  end)

  t.it("refuses unknown options and no attempts", function()
    t.raises(function() retry.run(print, { attemps = 3 }) end, "retry_spec.*unknown option 'attemps'")
    t.raises(function() retry.run(print, { attempts = 0 }) end, "at least 1")
  end)
end)

t.describe("retry.poll", function()
  t.before_each(t.virtual_clock)

  t.it("returns the first value", function()
    local calls = 0
    t.eq("ready", retry.poll(function()
      calls = calls + 1
      return calls == 4 and "ready" or nil
    end, { timeout_s = 10, interval_s = 2 }))
    t.eq(4, calls)
  end)

  t.it("asks once more at the very end, then says what it waited for and why not", function()
    local start, calls = clock.monotonic(), 0
    local value, err = retry.poll(function()
      calls = calls + 1
      return nil, { code = "unreachable", message = "refused", hint = "start it" }
    end, { timeout_s = 5, interval_s = 2, what = "the server" })
    err = t.fails("timeout", value, err)
    t.eq("waited 5 s for the server; last: refused", err.message)
    t.eq("start it", err.hint)
    t.eq(4, calls)
    t.near(5, clock.monotonic() - start, 0.001)
  end)

  t.it("gives up when told that waiting is pointless", function()
    local value, err = retry.poll(function() return nil, { code = "exit", message = "died" } end,
      { timeout_s = 100, give_up = function(reason) return reason.code == "exit" end })
    t.eq("died", t.fails("exit", value, err).message)
  end)

  t.it("reports each pause", function()
    local waits = {}
    retry.poll(function() return nil, "pending" end, { timeout_s = 3, on_wait = function(waited_s, reason)
      waits[#waits + 1] = ("%g %s"):format(waited_s, reason)
    end })
    t.eq({ "0 pending", "1 pending", "2 pending" }, waits)
  end)

  t.it("needs a timeout", function()
    t.raises(function() retry.poll(print, {}) end, "retry_spec.*timeout_s is missing")
  end)
end)
