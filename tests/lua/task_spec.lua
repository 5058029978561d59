local t = require "bench.test"
local env = require "host.env"
local exec = require "host.exec"
local task = require "host.task"
local info = require "host.info"

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
    t.match("%(done%)$", tostring(child))
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

t.describe("task.deadline", function()
  t.it("gives the results of a function that is fast enough", function()
    local a, b, c = task.deadline(10, function(x, y) return x, nil, y end, 1, 3)
    t.eq({ 1, 3 }, { a, c })
    t.eq(nil, b)
  end)

  t.it("gives nil and `timeout` otherwise, with the time as a fact", function()
    t.virtual_clock()
    local err = t.fails("timeout", task.deadline(90, never))
    t.eq(90, err.after_s)
    t.match("90 s", err.message)
  end)

  t.it("raises the error of the function", function()
    t.raises(function() task.deadline(10, error, { code = "invalid" }) end, { code = "invalid" })
  end)

  t.it("raises an error of the function's cleaning up instead of the timeout", function()
    t.virtual_clock()
    t.raises(function()
      task.deadline(1, function()
        pcall(never)
        error "undo failed"
      end)
    end, "undo failed")
  end)

  t.it("gives what a function returns that finishes after all", function()
    t.virtual_clock()
    t.eq("kept", task.deadline(1, function()
      pcall(never)
      return "kept"
    end))
  end)

  t.it("can be nested: the inner one ends first", function()
    t.virtual_clock()
    local inner
    local value = task.deadline(10, function()
      inner = { task.deadline(1, never) }
      return "outer"
    end)
    t.eq("outer", value)
    t.eq("timeout", inner[2].code)
    local err = t.fails("timeout", task.deadline(1, function() task.deadline(10, never) end))
    t.eq(1, err.after_s)
  end)

  t.it("refuses wrong arguments", function()
    t.raises(function() task.deadline(never) end, "argument 1: expected a number, got function")
    t.raises(function() task.deadline(1) end, "argument 2: expected a function, got nothing")
  end)
end)

t.describe("task.scope", function()
  t.it("gives the results", function()
    t.eq({ 1, "x" }, { task.scope(function(...) return ... end, 1, "x") })
  end)

  t.it("turns a failure of any task inside into an error that can be caught", function()
    local fine, err = pcall(task.scope, function()
      task.spawn(error, { code = "exit" })
      never()
    end)
    t.eq(false, fine)
    t.eq("exit", err.code)
    t.eq(false, task.cancelled())
  end)

  t.it("when cancelled, raises only after everything inside has ended", function()
    local ended = false
    local order
    local child = task.spawn(function()
      pcall(task.scope, function()
        pcall(never)
        task.shielded(task.sleep, 0.002)
        ended = true
      end)
      order = ended
    end)
    task.sleep(0.001)
    child:cancel()
    child:join()
    t.eq(true, order)
  end)

  t.it("refuses what is not a function", function()
    t.raises(function() task.scope() end, "argument 1: expected a function, got nothing")
  end)
end)

t.describe("task.shielded", function()
  t.it("runs to its end although the task is cancelled", function()
    local log = {}
    local child = task.spawn(function()
      pcall(never)
      local result = task.shielded(function(word)
        log[#log + 1] = tostring(task.cancelled())
        task.sleep(0.002)
        task.spawn(task.sleep, 0.001):join()
        log[#log + 1] = word
        return "undone"
      end, "undo")
      log[#log + 1] = result
      never()
    end)
    task.sleep(0)
    child:cancel()
    t.fails("cancelled", child:join())
    t.eq({ "false", "undo", "undone" }, log)
  end)

  t.it("is not reached by a cancellation that comes in the middle", function()
    local finished = false
    local child = task.spawn(function()
      task.shielded(function()
        task.sleep(0.005)
        finished = true
      end)
      never()
    end)
    task.sleep(0.001)
    child:cancel()
    t.fails("cancelled", child:join())
    t.eq(true, finished)
  end)

  t.it("raises the error of its function", function()
    t.raises(function() task.shielded(error, { code = "conflict" }) end, { code = "conflict" })
  end)
end)

t.describe("waiting", function()
  t.it("works inside pcall, metamethods and iterators", function()
    local object = setmetatable({}, { __index = function(_, key)
      task.sleep(0)
      return key .. "!"
    end })
    t.eq("name!", object.name)
    local function countdown(_, n)
      task.sleep(0)
      if n > 1 then return n - 1 end
    end
    local seen = {}
    for n in countdown, nil, 4 do seen[#seen + 1] = n end
    t.eq({ 3, 2, 1 }, seen)
    t.eq({ true, 7 }, { pcall(function()
      task.sleep(0)
      return 7
    end) })
  end)

  t.it("is refused inside table.sort, string.gsub and require, at the caller's line", function()
    local message = "task_spec%.lua:%d+: cannot wait inside require, table.sort or string.gsub"
    t.raises(function() table.sort({ 2, 1 }, function() task.sleep(0) end) end, message)
    t.raises(function() string.gsub("a", "a", function() task.sleep(0) end) end, message)
    package.preload["task_spec_waits"] = function() task.sleep(0) end
    t.raises(function() require "task_spec_waits" end, "cannot wait inside require")
    package.preload["task_spec_waits"] = nil
  end)

  t.it("is refused in a plain coroutine, and nothing is left behind", function()
    local before = #task.handles()
    local run = coroutine.wrap(function() task.sleep(0) end)
    t.raises(run, "cannot wait in a plain coroutine; use task.spawn")
    t.raises(coroutine.wrap(function() task.deadline(1, never) end), "plain coroutine")
    t.raises(coroutine.wrap(function() task.shielded(never) end), "plain coroutine")
    t.eq(before, #task.handles())
  end)

  t.it("leaves plain coroutines alone otherwise", function()
    local generate = coroutine.wrap(function()
      for i = 1, 3 do coroutine.yield(i) end
    end)
    t.eq(1, generate())
    task.sleep(0)
    t.eq(2, generate())
    t.eq(3, generate())
  end)

  t.it("refuses a plain yield of the task itself", function()
    local child = task.spawn(function() coroutine.yield(1) end)
    t.raises(function() child:join() end, "yield")
  end)
end)

t.describe("task.foreground", function()
  local function interrupt()
    local result = t.ok(exec.run { "kill", "-INT", tostring(env.pid()) })
    t.eq(0, result.exit_code)
  end

  t.it("lets Ctrl-C cancel that task only, time after time", function()
    for _ = 1, 3 do
      local line = task.spawn(never)
      task.foreground(line)
      interrupt()
      t.fails("cancelled", line:join())
      task.foreground(nil)
      task.sleep(0.01)
      t.eq(false, task.cancelled())
    end
  end)

  t.it("stops a loop that never waits", function()
    local count = 0
    local line = task.spawn(function()
      task.sleep(0.05)
      while true do count = count + 1 end
    end)
    task.foreground(line)
    local killer = t.ok(exec.start { "sh", "-c", "sleep 0.3; kill -INT " .. env.pid() })
    t.fails("cancelled", line:join())
    task.foreground(nil)
    t.ok(count > 0)
    t.ok(killer:wait())
    t.eq(false, task.cancelled())
  end)

  t.it("wants a task or nil", function()
    t.raises(function() task.foreground(1) end, "expected a host.task.Task")
  end)
end)

t.describe("task.traceback", function()
  local function failing_child()
    local function deep() error({ code = "invalid" }) end
    task.sleep(0.001)
    deep()
  end

  t.it("shows the stack here", function()
    local _, text = xpcall(function() error "x" end, function(err) return task.traceback(err) end)
    t.match("^stack traceback:\n", text)
    t.match("task_spec%.lua:%d+: in function", text)
    t.ok(not text:find "joined by")
  end)

  t.it("also shows where an error that came through joins was raised", function()
    local child = task.spawn(failing_child)
    local middle = task.spawn(function() child:join() end)
    local _, text = xpcall(middle.join, function(err) return task.traceback(err) end, middle)
    t.match("in function 'deep'.*\njoined by\n.*\njoined by\n", text)
    local _, other = xpcall(error, function(err) return task.traceback(err) end, "another")
    t.ok(not other:find "joined by")
  end)
end)

t.describe("task.handles", function()
  t.it("lists live tasks with the place where they were spawned", function()
    local before = #task.handles()
    local child = task.spawn(never)
    local handles = task.handles()
    t.eq(before + 1, #handles)
    t.match("^task: .*task_spec%.lua:%d+$", handles[#handles])
    child:cancel()
    child:join()
    t.eq(before, #task.handles())
  end)

  t.it("ended tasks are forgotten: memory stays flat", { timeout_s = 120 }, function()
    local function burst()
      for _ = 1, 2000 do
        local child = task.spawn(function(...) return ... end, ("x"):rep(100))
        child:join()
        pcall(task.deadline, 1, error, "failed")
      end
      collectgarbage()
      collectgarbage()
      return collectgarbage "count"
    end
    local first = burst()
    t.ok(burst() < first + 500, "memory grows with each task")
  end)

  t.it("a failed task that knows its own handle is forgotten too", function()
    local function burst()
      for _ = 1, 500 do
        local me
        local ballast = ("y"):rep(10000) .. tostring(_)
        me = task.spawn(function()
          task.sleep(0)
          error({ code = "x", me and #ballast })
        end)
        pcall(me.join, me)
      end
      collectgarbage()
      collectgarbage()
      return collectgarbage "count"
    end
    local first = burst()
    t.ok(burst() < first + 1000, "memory grows with each failed task")
  end)
end)

t.describe("host.info", function()
  t.it("says what this program is", function()
    t.eq("llmdbenchmark", info.name)
    t.match("^%d+%.%d+%.%d+$", info.version)
    t.eq(1, info.api)
    t.ok(io.open(info.home .. "/lua/bench/main.lua")):close()
  end)

  t.it("lists each exit code once, with a meaning", function()
    local seen = {}
    for _, entry in ipairs(info.exit_code_list) do
      t.eq(info.exit_codes[entry.name], entry.code)
      t.eq(nil, seen[entry.code])
      t.ok(#entry.meaning > 10)
      seen[entry.code] = true
    end
    t.eq(0, info.exit_codes.success)
    t.eq(2, info.exit_codes.usage)
    t.eq(130, info.exit_codes.interrupted)
  end)
end)
