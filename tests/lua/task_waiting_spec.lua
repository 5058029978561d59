local t = require "bench.test"
local env = require "host.env"
local exec = require "host.exec"
local task = require "host.task"

local function never() task.sleep(1e6) end

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
    local message = "task_waiting_spec%.lua:%d+: cannot wait inside require, table.sort, string.gsub"
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
    t.match("task_waiting_spec%.lua:%d+: in function", text)
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
    t.match("^task: .*task_waiting_spec%.lua:%d+$", handles[#handles])
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
