local t = require "bench.test"
local step = require "bench.step"
local task = require "host.task"

local function execute(definition, ctx, stack) return step.execute(definition, 4, ctx or {}, stack) end

t.describe("step.check", function()
  local function refuses(definition, pattern)
    t.match(pattern, t.raises(function() step.check(definition, "x.lua") end))
  end

  t.it("accepts a whole step", function()
    local whole = { name = "a", doc = "d", scope = "stack", when = print, run = print, undo = print,
      timeout_s = 5 }
    t.ok(rawequal(whole, step.check(whole, "x.lua")))
  end)

  t.it("names what is wrong", function()
    refuses(7, "^x.lua: a step is a table, got a number$")
    refuses({ run = print }, "^x.lua: a step needs a name$")
    refuses({ name = "a" }, "step 'a' needs a run function")
    refuses({ name = "a", run = print, udno = print }, "unknown field 'udno' %(did you mean 'undo'%?%)")
    refuses({ name = "a", run = "x" }, "run is a function, got a string")
    refuses({ name = "a", run = print, scope = "each" }, "scope is 'global' or 'stack', got 'each'")
    refuses({ name = "a", run = print, timeout_s = "5" }, "timeout_s is a number")
  end)
end)

t.describe("step.execute", function()
  t.it("gives a record of success", function()
    local function run() return { message = "12 pods" } end
    local record = execute({ name = "a", run = run }, {}, { name = "s1" })
    t.eq({ 4, "a", "s1", "ok", "12 pods" },
      { record.number, record.name, record.stack, record.status, record.message })
    t.eq("ok", execute({ name = "a", run = function() end }).status)
    t.eq("ok", execute({ name = "a", run = function() return true end }).status)
  end)

  t.it("passes context and stack", function()
    local ctx, stack = {}, { name = "s" }
    local got
    execute({ name = "a", run = function(...) got = { ... } end, when = function(...)
      t.ok(rawequal(ctx, (...)))
      return true
    end }, ctx, stack)
    t.ok(rawequal(ctx, got[1]) and rawequal(stack, got[2]))
  end)

  t.it("measures the time", function()
    t.virtual_clock()
    t.near(90, execute({ name = "a", run = function() task.sleep(90) end }).seconds, 0.001)
  end)

  t.it("takes nil, err as failure", function()
    local function run() return nil, { code = "denied", message = "no" } end
    local record = execute { name = "a", run = run }
    t.eq("failed", record.status)
    t.eq("denied", record.err.code)
    t.eq("no", record.message)
  end)

  t.it("takes text and false as failures too", function()
    t.eq("just text", execute({ name = "a", run = function() return nil, "just text" end }).err.message)
    t.eq("failed", execute({ name = "a", run = function() return false end }).status)
  end)

  t.it("takes a raised error as failure, with a traceback if it is a bug", function()
    local record = execute { name = "a", run = function() error("bug here") end }
    t.match("step_spec.lua:%d+: bug here", record.err.message)
    t.match("stack traceback", record.err.traceback)
    t.eq("invalid", record.err.code)
    record = execute { name = "a", run = function() error { pods = 3 } end }
    t.eq({ "invalid", "{ pods = 3 }" }, { record.err.code, record.message })
    record = execute { name = "a", run = function() error { code = "exit", message = "kubectl" } end }
    t.eq("exit", record.err.code)
    t.eq(nil, record.err.traceback)
  end)

  t.it("fails with a step that calls itself without end", function()
    local function deeper() return 1 + deeper() end
    local record = execute { name = "a", run = deeper }
    t.eq({ "failed", "stack overflow" }, { record.status, record.message })
  end)

  t.it("skips when `when` says no, and says why", function()
    local started = false
    local function when() return false, "not on local" end
    local function on_start() started = true end
    local record = step.execute({ name = "a", run = error, when = when }, 1, {}, nil, on_start)
    t.eq("skipped", record.status)
    t.eq("not on local", record.message)
    t.eq(false, started)
  end)

  t.it("fails when `when` fails", function()
    local record = execute { name = "a", run = print, when = function(ctx) return ctx.config.method end }
    t.eq("failed", record.status)
    t.match("config", record.message)
  end)

  t.it("keeps its time limit", function()
    t.virtual_clock()
    local record = execute { name = "deploy", timeout_s = 60, run = function() task.sleep(1e6) end }
    t.eq("failed", record.status)
    t.eq("timeout", record.err.code)
    t.eq("deploy: not finished after 60 s", record.message)
    t.near(60, record.seconds, 0.001)
    record = execute { name = "a", timeout_s = function(ctx) return ctx.limit end, run = function()
      task.sleep(1)
      return { message = "fine" }
    end }
    t.eq("fine", record.message)
  end)

  t.it("says `cancelled` when its task is", function()
    local record
    local child = task.spawn(function()
      record = execute { name = "a", run = function() task.sleep(1e6) end }
    end)
    task.sleep(0.001)
    child:cancel()
    child:join()
    t.eq("cancelled", record.status)
  end)

  t.it("takes a `cancelled` of another task as a failure", function()
    local record = execute { name = "a", run = function()
      local other = task.spawn(task.sleep, 1e6)
      other:cancel()
      return other:join()
    end }
    t.eq("failed", record.status)
    t.eq("cancelled", record.err.code)
  end)
end)

t.describe("step.undo", function()
  t.it("notes success in the record", function()
    local record = { status = "ok" }
    t.eq(true, step.undo({ name = "a", undo = function() end }, record, {}))
    t.eq({ status = "undone", undone = true }, record)
    record = { status = "failed" }
    step.undo({ name = "a", undo = function() end }, record, {})
    t.eq({ status = "failed", undone = true }, record)
  end)

  t.it("notes its own failure", function()
    local record = { status = "ok" }
    local function undo() return nil, { code = "exit", message = "x" } end
    t.eq(false, step.undo({ name = "a", undo = undo }, record, {}))
    t.eq("ok", record.status)
    t.eq("x", record.undo_err.message)
  end)
end)
