local t = require "bench.test"
local task = require "host.task"

local function never() task.sleep(1e6) end

t.describe("task.spawn and join", function()
  t.it("passes arguments and gives all results, nils too", function()
    local child = task.spawn(function(...) return select("#", ...), nil, ... end, 1, nil, "x", nil)
    local results = { n = select("#", child:join()), child:join() }
    t.eq(6, results.n)
    t.eq(4, results[1])
    t.eq("x", results[5])
  end)

  t.it("does not start before the spawner waits", function()
    local started = false
    local child = task.spawn(function() started = true end)
    t.eq(false, started)
    t.eq(false, child:is_done())
    child:join()
    t.eq(true, started)
    t.eq(true, child:is_done())
  end)

  t.it("runs tasks in the order in which they were spawned", function()
    local order = {}
    for i = 1, 5 do task.spawn(function() order[#order + 1] = i end) end
    task.sleep(0)
    t.eq({ 1, 2, 3, 4, 5 }, order)
  end)

  t.it("can be joined by several tasks, and again afterwards", function()
    local child = task.spawn(function()
      task.sleep(0.001)
      return "result"
    end)
    local first = task.spawn(function() return child:join() end)
    local second = task.spawn(task.join, child)
    t.eq("result", first:join())
    t.eq("result", second:join())
    t.eq("result", child:join())
  end)

  t.it("raises the very error table of the child", function()
    local thrown = { code = "denied", message = "no" }
    local child = task.spawn(function()
      task.sleep(0)
      error(thrown)
    end)
    for _ = 1, 2 do
      local fine, err = pcall(child.join, child)
      t.eq(false, fine)
      t.ok(rawequal(thrown, err))
    end
  end)

  t.it("keeps string errors with their place", function()
    local child = task.spawn(function() error "boom" end)
    t.raises(function() child:join() end, "task_spec%.lua:%d+: boom$")
  end)

  t.it("refuses what is not a function, and a foreign object", function()
    t.raises(function() task.spawn(1) end, "task_spec%.lua:%d+: argument 1: expected a function, got number")
    t.raises(function() task.spawn() end, "got nothing")
    t.raises(function() task.join({}) end, "expected a host.task.Task")
    t.raises(function() task.cancel() end, "expected a host.task.Task")
  end)

  t.it("refuses to join oneself", function()
    local me
    me = task.spawn(function() me:join() end)
    t.raises(function() me:join() end, "cannot join itself")
  end)

  t.it("refuses joins that wait for each other", function()
    local a, b
    a = task.spawn(function() return b:join() end)
    b = task.spawn(function() return a:join() end)
    t.raises(function() a:join() end, "wait for each other")
  end)

  t.it("refuses to join a parent from its child", function()
    local parent
    parent = task.spawn(function()
      local child = task.spawn(function() parent:join() end)
      child:join()
    end)
    t.raises(function() parent:join() end, "wait for each other")
  end)

  t.it("prints where it was spawned and how it is", function()
    local child = task.spawn(never)
    t.match("^task .*task_spec%.lua:%d+ %(ready%)$", tostring(child))
    task.sleep(0)
    t.match("%(waiting%)$", tostring(child))
    child:cancel()
    child:join()
    t.match("%(cancelled%)$", tostring(child))
  end)

  t.it("prints whether it ended well", function()
    local failed, done = task.spawn(error, "x"), task.spawn(function() end)
    pcall(failed.join, failed)
    done:join()
    t.match("%(failed%)$", tostring(failed))
    t.match("%(done%)$", tostring(done))
  end)
end)

t.describe("task.sleep", function()
  t.it("lets time pass on the clock of the world", function()
    t.virtual_clock()
    local order = {}
    local slow = task.spawn(function() task.sleep(3600) order[#order + 1] = "hour" end)
    local fast = task.spawn(function() task.sleep(60) order[#order + 1] = "minute" end)
    slow:join()
    fast:join()
    t.eq({ "minute", "hour" }, order)
  end)

  t.it("takes zero and negative times as `as soon as possible`", function()
    task.sleep(0)
    task.sleep(-5)
  end)

  t.it("refuses what is not a time", function()
    t.raises(function() task.sleep "1" end, "task_spec%.lua:%d+: argument 1: expected a number, got string")
    t.raises(function() task.sleep(0 / 0) end, "NaN")
    t.raises(function() task.sleep() end, "got nothing")
  end)
end)

t.describe("task.cancel", function()
  t.it("makes the wait raise `cancelled`; the join gives nil and that error", function()
    local seen
    local child = task.spawn(function()
      local fine, err = pcall(never)
      seen = { fine = fine, code = err.code }
      error(err, 0)
    end)
    task.sleep(0)
    child:cancel()
    local value, err = child:join()
    t.eq({ fine = false, code = "cancelled" }, seen)
    t.fails("cancelled", value, err)
  end)

  t.it("reaches each later wait too", function()
    local count = 0
    local child = task.spawn(function()
      for _ = 1, 3 do
        if not pcall(never) then count = count + 1 end
      end
      return "ended"
    end)
    task.sleep(0)
    child:cancel()
    t.eq("ended", child:join())
    t.eq(3, count)
  end)

  t.it("before the start lets the body run to its first wait", function()
    local reached, passed = false, false
    local child = task.spawn(function()
      reached = true
      never()
      passed = true
    end)
    child:cancel()
    t.fails("cancelled", child:join())
    t.eq(true, reached)
    t.eq(false, passed)
  end)

  t.it("reaches children, at any depth", function()
    local ended = {}
    local function body(depth)
      if depth > 0 then task.spawn(body, depth - 1) end
      pcall(never)
      ended[#ended + 1] = depth
    end
    local top = task.spawn(body, 3)
    task.sleep(0.001)
    top:cancel()
    top:join()
    t.eq(4, #ended)
  end)

  t.it("reaches a join, a deadline and a sleep alike", function()
    local waits = {
      join = function() task.spawn(never):join() end,
      deadline = function() task.deadline(1e6, never) end,
      sleep = never,
    }
    for name, wait in pairs(waits) do
      local child = task.spawn(wait)
      task.sleep(0.001)
      child:cancel()
      local value, err = child:join()
      t.eq(nil, value, name)
      t.eq("cancelled", err.code, name)
    end
  end)

  t.it("of a finished task, or twice, does nothing", function()
    local child = task.spawn(function() return 1 end)
    t.eq(1, child:join())
    child:cancel()
    t.eq(1, child:join())
    local other = task.spawn(never)
    other:cancel()
    other:cancel()
    t.fails("cancelled", other:join())
  end)

  t.it("does not hide another error of the cancelled task", function()
    local child = task.spawn(function()
      pcall(never)
      error "cleaning up failed"
    end)
    task.sleep(0)
    child:cancel()
    t.raises(function() child:join() end, "cleaning up failed")
  end)

  t.it("of oneself takes effect at the next wait", function()
    local me
    local after = false
    me = task.spawn(function()
      me:cancel()
      t.eq(true, task.cancelled())
      after = true
      never()
    end)
    t.fails("cancelled", me:join())
    t.eq(true, after)
  end)

  t.it("is visible to the cancelled task", function()
    local states = {}
    local child = task.spawn(function()
      states[1] = task.cancelled()
      pcall(never)
      states[2] = task.cancelled()
    end)
    task.sleep(0)
    child:cancel()
    child:join()
    t.eq({ false, true }, states)
    t.eq(false, task.cancelled())
  end)
end)

t.describe("parents and children", function()
  t.it("children end with their parent, which waits for them", function()
    local child_ended
    local parent = task.spawn(function()
      task.spawn(function()
        pcall(never)
        task.shielded(task.sleep, 0.002)
        child_ended = true
      end)
      task.sleep(0)
      return "parent"
    end)
    t.eq("parent", parent:join())
    t.eq(true, child_ended)
  end)

  t.it("an unjoined child that fails cancels its parent, which fails with that error", function()
    local caught
    local parent = task.spawn(function()
      task.spawn(function() error({ code = "exit", message = "child" }) end)
      local fine, err = pcall(never)
      caught = not fine and err.code
      error(err, 0)
    end)
    t.raises(function() parent:join() end, { code = "exit", message = "child" })
    t.eq("cancelled", caught)
  end)

  t.it("the first of several failing children decides", function()
    local parent = task.spawn(function()
      task.spawn(function() error("first", 0) end)
      task.spawn(function() error("second", 0) end)
      never()
    end)
    t.eq("first", t.raises(function() parent:join() end))
  end)

  t.it("a child failing while its parent ends fails the parent too", function()
    local parent = task.spawn(function()
      task.spawn(function()
        pcall(never)
        error("late", 0)
      end)
      task.sleep(0)
      return "fine"
    end)
    t.eq("late", t.raises(function() parent:join() end))
  end)

  t.it("a failed parent keeps its own error", function()
    local parent = task.spawn(function()
      task.spawn(function()
        pcall(never)
        error("late", 0)
      end)
      task.sleep(0)
      error("own", 0)
    end)
    t.eq("own", t.raises(function() parent:join() end))
  end)

  t.it("a failure that somebody joins is theirs to handle", function()
    local parent = task.spawn(function()
      local child = task.spawn(function()
        task.sleep(0)
        error("handled", 0)
      end)
      local fine, err = pcall(child.join, child)
      task.sleep(0)
      return fine, err
    end)
    local fine, err = parent:join()
    t.eq(false, fine)
    t.eq("handled", err)
  end)

  t.it("a join that was given up does not handle anything", function()
    local parent = task.spawn(function()
      local child = task.spawn(function()
        task.sleep(0.01)
        error("unhandled", 0)
      end)
      task.deadline(0.001, child.join, child)
      never()
    end)
    t.eq("unhandled", t.raises(function() parent:join() end))
  end)

  t.it("cancelled children do not fail their parent", function()
    local parent = task.spawn(function()
      local watch = task.spawn(never)
      task.sleep(0)
      watch:cancel()
      task.sleep(0.001)
      return "fine"
    end)
    t.eq("fine", parent:join())
  end)
end)

t.describe("task.supervise", function()
  t.it("is told of failures that nobody joins, and goes on", function()
    local told, after = {}, nil
    local parent = task.spawn(function()
      task.supervise(function(err, traceback)
        task.sleep(0)
        told[#told + 1] = { err = err, traceback = traceback }
      end)
      task.spawn(error, { code = "denied" })
      local joined = task.spawn(error, "joined", 0)
      t.eq({ false, "joined" }, { pcall(joined.join, joined) })
      task.spawn(task.sleep, 1e6):cancel()
      task.sleep(0.01)
      after = true
    end)
    parent:join()
    t.eq({ true, 1, "denied" }, { after, #told, told[1].err.code })
    t.match("^stack traceback:", told[1].traceback)
  end)

  t.it("fails with what fails in being told", function()
    local parent = task.spawn(function()
      task.supervise(function(err) error("cannot tell: " .. err, 0) end)
      task.spawn(error, "x", 0)
      never()
    end)
    t.raises(function() parent:join() end, "^cannot tell: x$")
    t.raises(function() task.supervise(1) end, "expected a function")
  end)
end)

t.describe("task.hand_over", function()
  t.it("lets children outlive the task that spawned them", function()
    local heir, child = task.spawn(never), nil
    local parent = task.spawn(function()
      child = task.spawn(function()
        task.sleep(0.01)
        return "went on"
      end)
      return task.hand_over(heir)
    end)
    t.eq(true, parent:join())
    t.eq("went on", child:join())
    heir:cancel()
    heir:join()
  end)

  t.it("makes them end with the heir, and its failures the heir's", function()
    local child
    local heir = task.spawn(never)
    task.spawn(function()
      child = task.spawn(never)
      task.hand_over(heir)
    end):join()
    heir:cancel()
    t.eq("cancelled", select(2, heir:join()).code)
    t.eq(true, child:is_done())
    t.raises(function()
      task.scope(function()
        local other = task.spawn(never)
        task.spawn(function()
          task.spawn(error, "late", 0)
          task.hand_over(other)
        end):join()
        never()
      end)
    end, "^late$")
  end)

  t.it("keeps them when the heir has ended, and refuses itself and what is below", function()
    local ended = task.spawn(function() end)
    ended:join()
    t.eq(false, task.hand_over(ended))
    local child = task.spawn(never)
    t.raises(function() task.hand_over(child) end, "to itself or to one of them")
    child:cancel()
    child:join()
  end)
end)
