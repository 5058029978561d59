local t = require "bench.test"
local env = require "host.env"
local fs = require "host.fs"
local phase = require "bench.phase"
local search = require "bench.search"
local task = require "host.task"

-- A context that writes down what happens.
local function recorder(stacks)
  local lines, events, depth = {}, {}, 0
  local log = { indent = function(to)
    depth = to or depth
    return depth
  end }
  for _, level in ipairs { "debug", "info", "warn", "error" } do
    log[level] = function(text) lines[#lines + 1] = ("  "):rep(depth) .. level .. " " .. text end
  end
  local ctx = {
    log = log, stacks = {}, did = {},
    events = {
      write = function(_, event, fields) events[#events + 1] = { event = event, fields = fields } end,
    },
  }
  for i, name in ipairs(stacks or {}) do ctx.stacks[i] = { name = name } end
  return ctx, lines, events
end

local function note(name, more)
  local step = { name = name, run = function(ctx, stack)
    table.insert(ctx.did, stack and name .. "@" .. stack.name or name)
  end, undo = function(ctx, stack)
    table.insert(ctx.did, "undo " .. (stack and name .. "@" .. stack.name or name))
  end }
  for key, value in pairs(more or {}) do step[key] = value end
  return step
end

local function failing(name, more)
  local step = note(name, more)
  local run = step.run
  step.run = function(ctx, stack)
    run(ctx, stack)
    return nil, { code = "exit", message = name .. " broke", hint = "look" }
  end
  return step
end

local function names(the_phase)
  local found = {}
  for i, row in ipairs(the_phase:list()) do found[i] = row.number .. " " .. row.name end
  return found
end

local function three()
  return phase.new { name = "demo", steps = { { 0, note "a" }, { 2, note "b" }, { 3, note "c" } } }
end

local function statuses(result)
  local found = {}
  for i, record in ipairs(result.steps) do
    found[i] = ("%s%s %s"):format(record.name, record.stack and "@" .. record.stack or "", record.status)
  end
  return found
end

t.describe("phase.new", function()
  t.it("makes a phase with its steps in order", function()
    local demo = three()
    t.eq({ "0 a", "2 b", "3 c" }, names(demo))
    t.ok(phase.is_phase(demo))
    t.ok(not phase.is_phase({}))
  end)

  t.it("refuses what is no phase", function()
    local function refuses(pattern, description)
      t.raises(function() phase.new(description) end, pattern)
    end
    refuses("phase_spec.*phase.new { name = ...", { steps = {} })
    refuses("unknown field 'stpes'", { name = "x", stpes = {} })
    refuses("entry 1 of steps must be { number, step }", { name = "x", steps = { "a" } })
    refuses("needs a run function", { name = "x", steps = { { 1, { name = "a" } } } })
    refuses("already has a step 'a'", { name = "x", steps = { { 1, note "a" }, { 2, note "a" } } })
  end)
end)

t.describe("editing a phase", function()
  t.it("remove, before, after and replace", function()
    local demo = three()
    demo:remove "b"
    demo:before("a", note "first")
    demo:after("a", note "second")
    demo:replace("c", note "d")
    t.eq({ "0 first", "0 a", "0 second", "3 d" }, names(demo))
  end)

  t.it("replace with a function keeps the rest of the step", function()
    local demo = phase.new { name = "demo", steps = { { 1, note("a", { doc = "does a" }) } } }
    demo:replace("a", function(ctx) table.insert(ctx.did, "other") end)
    local ctx = recorder()
    demo:run(ctx)
    t.eq({ "other" }, ctx.did)
    t.eq("does a", demo:find("a").doc)
  end)

  t.it("wrap hands over what was there, wraps can be nested", function()
    local demo = three()
    for _, mark in ipairs { "inner", "outer" } do
      demo:wrap("b", function(base, ctx, stack)
        table.insert(ctx.did, mark .. " in")
        local result, err = base(ctx, stack)
        table.insert(ctx.did, mark .. " out")
        return result, err
      end)
    end
    local ctx = recorder()
    t.ok(demo:run(ctx, { steps = "2" }).ok)
    t.eq({ "outer in", "inner in", "b", "inner out", "outer out" }, ctx.did)
  end)

  t.it("find gives the step as it would run, or nil", function()
    t.eq("b", three():find("b").name)
    t.eq(nil, three():find("x"))
  end)

  t.it("blames the caller for an unknown or double step, with the nearest name", function()
    local demo = phase.new { name = "demo", steps = { { 1, note "namespace" } } }
    t.raises(function() demo:remove "namespce" end,
      "phase_spec.*demo has no step 'namespce' %(did you mean 'namespace'%?%)")
    t.raises(function() demo:after("zzzzzzz", note "x") end, "phase_spec.*it has namespace")
    t.raises(function() demo:after("namespace", note "namespace") end, "phase_spec.*already has a step")
    t.raises(function() demo:wrap("namespace", 1) end, "phase_spec.*wrap%(name, function")
    t.raises(function() demo:before("namespace", { name = "x" }) end, "needs a run function")
  end)
end)

t.describe("steps from files", function()
  t.it("are read when they are needed, and must be called like their file", function()
    local dir = t.tempdir()
    search.install()
    search.configure(dir)
    t.cleanup(function()
      search.configure(nil)
      search.forget()
    end)
    t.ok(fs.mkdir(dir .. "/steps/demo"))
    local demo = phase.new { name = "demo", steps = { { 1, "good" }, { 2, "bad" } } }
    local _, err = pcall(demo.list, demo)
    t.match("phase_spec%.lua: the phase 'demo' has no step 'good'$", t.fails("not_found", nil, err).message)
    t.contains("no script 'steps/demo/good' in", err.hint)
    local steps = dir .. "/steps/demo/"
    fs.write(steps .. "good.lua", "return { name = 'good', run = function(ctx) ctx.seen = true end }")
    fs.write(steps .. "bad.lua", "return { name = 'other', run = print }")
    t.raises(function() demo:list() end, "the step calls itself 'other'; its name is that of its file")
    demo:remove "bad"
    local ctx = recorder()
    t.ok(demo:run(ctx).ok)
    t.eq(true, ctx.seen)
  end)

  t.it("and phases from files name their file when they are wrong", function()
    local dir = t.tempdir()
    search.install()
    search.configure(dir)
    search.forget()
    t.cleanup(function()
      search.configure(nil)
      search.forget()
    end)
    t.ok(fs.write(dir .. "/demo.lua", "return 5"))
    local err = t.fails("invalid", phase.load "demo")
    t.eq(dir .. "/demo.lua: the file must return a phase, but returns 5", err.message)
    search.forget()
    t.ok(fs.write(dir .. "/demo.lua", "return require('bench.phase').new { name = 'standup', steps = { { 1, 'local_deploi' } } }"))
    local _, raised = pcall(function() t.ok(phase.load "demo"):list() end)
    t.eq(dir .. "/demo.lua: the phase 'standup' has no step 'local_deploi' (did you mean 'local_deploy'?)", raised.message)
  end)
end)

t.describe("phase:run", function()
  t.it("runs global steps, then stacks, then the other global steps", function()
    local demo = phase.new { name = "demo", steps = {
      { 0, note "g0" }, { 1, note("s1", { scope = "stack" }) }, { 2, note "g2" },
      { 3, note("s3", { scope = "stack" }) }, { 4, note "g4" },
    } }
    local ctx = recorder { "x", "y" }
    local result = demo:run(ctx)
    t.eq(true, result.ok)
    t.eq("demo", result.phase)
    t.eq({ "g0", "s1@x", "s3@x", "s1@y", "s3@y", "g2", "g4" }, ctx.did)
    t.eq(7, #result.steps)
  end)

  t.it("does not move a global step because of a filter", function()
    local demo = phase.new { name = "demo", steps = {
      { 0, note("s0", { scope = "stack" }) }, { 1, note "g1" }, { 2, note("s2", { scope = "stack" }) },
    } }
    local ctx = recorder { "x" }
    t.ok(demo:run(ctx, { steps = "1-2" }).ok)
    t.eq({ "s2@x", "g1" }, ctx.did)
  end)

  t.it("runs stacks at the same time, up to the limit", function()
    t.virtual_clock()
    local running, most = 0, 0
    local function run()
      running = running + 1
      most = math.max(most, running)
      task.sleep(10)
      running = running - 1
    end
    local step = { name = "s", scope = "stack", run = run }
    local demo = phase.new { name = "demo", limit = 2, steps = { { 0, step } } }
    t.ok(demo:run((recorder { "a", "b", "c", "d" })).ok)
    t.eq(2, most)
    most = 0
    t.ok(demo:run((recorder { "a", "b", "c", "d" }), { limit = 3 }).ok)
    t.eq(3, most)
  end)

  t.it("stops at a failed global step: no stacks, nothing after it", function()
    local demo = phase.new { name = "demo", steps = {
      { 0, failing "g0" }, { 1, note("s", { scope = "stack" }) }, { 2, note "g2" },
    } }
    local ctx, lines = recorder { "x" }
    local result = demo:run(ctx)
    t.eq(false, result.ok)
    t.eq({ "g0 failed" }, statuses(result))
    t.eq({ "g0" }, ctx.did)
    local text = table.concat(lines, "\n")
    t.contains("error [00] FAILED: g0 - g0 broke", text)
    t.contains("hint: look", text)
  end)

  t.it("lets the other stacks and later global steps go on when one stack fails", function()
    local demo = phase.new { name = "demo", steps = {
      { 1, { name = "s1", scope = "stack", run = function(_, stack)
        if stack.name == "x" then return nil, { code = "exit", message = "broke" } end
      end } },
      { 2, note("s2", { scope = "stack" }) }, { 3, note "g3" }, { 4, failing "g4" }, { 5, note "g5" },
    } }
    local ctx = recorder { "x", "y" }
    local result = demo:run(ctx)
    t.eq(false, result.ok)
    t.eq({ "s2@y", "g3", "g4" }, ctx.did)
    t.eq({ "s1@x failed", "s1@y ok", "s2@y ok", "g3 ok", "g4 failed" }, statuses(result))
  end)

  t.it("nests what a step logs, and comes back after a failure", function()
    local demo = phase.new { name = "demo", steps = { { 0, { name = "a", doc = "Does it.", run = function(ctx)
      ctx.log.info "inside"
      error("oops", 0)
    end } } } }
    local ctx, lines = recorder()
    demo:run(ctx)
    t.eq({ "info >> [00] Does it.", "  info inside", "error [00] FAILED: a - oops" },
      { lines[1], lines[2], lines[3] })
  end)

  t.it("reports skipped steps", function()
    local skipped = note("a", { when = function() return nil, "why" end })
    local demo = phase.new { name = "demo", steps = { { 0, skipped } } }
    local ctx, lines = recorder()
    local result = demo:run(ctx)
    t.eq(true, result.ok)
    t.eq({ "a skipped" }, statuses(result))
    t.eq({ "info -- [00] Skipping: a - why" }, lines)
  end)

  t.it("writes start and end of phase and steps as events", function()
    local last = failing("b", { scope = "stack" })
    local demo = phase.new { name = "demo", steps = { { 0, note "a" }, { 1, last } } }
    local ctx, _, events = recorder { "x" }
    demo:run(ctx)
    local seen = {}
    for i, entry in ipairs(events) do
      local fields = entry.fields
      local what = fields.step or fields.steps or "-"
      seen[i] = ("%s %s %s"):format(entry.event, what, tostring(fields.status or fields.ok))
    end
    t.eq({ "phase_start 2 nil", "step_start a nil", "step_end a ok", "step_start b nil", "step_end b failed",
      "phase_end - false" }, seen)
    t.eq("x", events[5].fields.stack)
    t.eq("exit", events[5].fields.code)
  end)

  t.it("refuses to run stack steps without stacks, before anything has run", function()
    local last = note("b", { scope = "stack" })
    local demo = phase.new { name = "demo", steps = { { 0, note "a" }, { 1, last } } }
    local ctx = recorder()
    t.match("no stack to work on", t.fails("invalid", demo:run(ctx)).message)
    t.eq({}, ctx.did)
    t.ok(demo:run(ctx, { steps = "0" }).ok)
  end)
end)

t.describe("the step filter", function()
  local function ran(wanted)
    local demo = phase.new { name = "demo", steps = {
      { 0, note "a" }, { 2, note "b" }, { 3, note "c" }, { 3, note "d" }, { 10, note "namespace" },
    } }
    local ctx = recorder()
    local result, err = demo:run(ctx, { steps = wanted })
    return result and table.concat(ctx.did, " "), err
  end

  t.it("takes numbers, ranges and names, in the order of the phase", function()
    t.eq("a c d", (ran "0,3-5"))
    t.eq("b c d", (ran "3, 2"))
    t.eq("a namespace", (ran "namespace,0"))
    t.eq("a b c d", (ran "0 - 3"))
    t.eq("a b c d namespace", (ran ""))
    t.eq("a b c d namespace", (ran(nil)))
  end)

  t.it("refuses mistakes and shows what there is", function()
    local function refused(wanted, pattern) t.match(pattern, t.fails("invalid", ran(wanted)).message) end
    refused("7", "'7' is the number of no step; there are 0 a, 2 b, 3 c")
    refused("5-3", "'5%-3' counts downwards")
    refused("4-9", "selects no step of demo; there are")
    refused("namespce", "names no step %(did you mean 'namespace'%?%)")
    refused("1-", "is neither a number, a range nor the name of a step")
    refused("-1", "is neither a number")
    refused(",", "selects no step")
  end)
end)

t.describe("undo", function()
  local function demo_phase(last, undo_on_failure)
    return phase.new { name = "demo", undo_on_failure = undo_on_failure, limit = 4, steps = {
      { 0, note "a" }, { 1, note("b", { scope = "stack" }) }, { 2, last }, { 9, note "never" },
    } }
  end

  t.it("does not happen on failure unless the phase says so", function()
    local ctx = recorder { "x" }
    t.eq(false, demo_phase(failing "c"):run(ctx).ok)
    t.eq({ "a", "b@x", "c" }, ctx.did)
  end)

  t.it("takes everything that was begun back, newest first, when a global step fails", function()
    local ctx = recorder { "x" }
    local result = demo_phase(failing "c", true):run(ctx)
    t.eq({ "a", "b@x", "c", "undo c", "undo b@x", "undo a" }, ctx.did)
    t.eq({ "a undone", "b@x undone", "c failed" }, statuses(result))
    t.eq(true, result.steps[3].undone)
  end)

  t.it("takes only a failed stack's steps back", function()
    local ctx = recorder { "x", "y" }
    local last = note("c", { scope = "stack", run = function(_, stack)
      if stack.name == "x" then error("bug", 0) end
    end })
    t.eq(false, demo_phase(last, true):run(ctx, { limit = 1 }).ok)
    t.eq({ "a", "b@x", "undo c@x", "undo b@x", "b@y", "never" }, ctx.did)
  end)

  t.it("takes back what served all stacks once the last of them has failed", function()
    for _, stacks in ipairs { { "x" }, { "x", "y" } } do
      local ctx = recorder(stacks)
      local last = note("c", { scope = "stack", run = function() error("bug", 0) end })
      t.eq(false, demo_phase(last, true):run(ctx, { limit = 1 }).ok)
      t.eq("undo a", ctx.did[#ctx.did])
      t.eq(false, table.concat(ctx.did, " "):find("never", 1, true) ~= nil)
    end
  end)

  t.it("on cancellation runs shielded, in reverse, and then `cancelled` is raised with the result", function()
    local ctx, _, events = recorder { "x", "y" }
    local hang = note("c", { scope = "stack", run = function(_, stack)
      table.insert(ctx.did, "c@" .. stack.name)
      task.sleep(1e6)
    end, undo = function(_, stack)
      task.sleep(0.002)
      table.insert(ctx.did, "undo c@" .. stack.name)
    end })
    local err
    local child = task.spawn(function()
      local _
      _, err = pcall(demo_phase(hang).run, demo_phase(hang), ctx)
    end)
    task.sleep(0.02)
    child:cancel()
    child:join()
    t.eq("cancelled", err.code)
    t.eq({ "a", "b@x", "c@x", "b@y", "c@y", "undo c@y", "undo b@y", "undo c@x", "undo b@x", "undo a" },
      ctx.did)
    t.eq(false, err.result.ok)
    t.eq({ "a undone", "b@x undone", "b@y undone", "c@x cancelled", "c@y cancelled" }, statuses(err.result))
    t.eq("phase_end", events[#events].event)
  end)

  t.it("goes on when one undo fails, and says so", function()
    local ctx, lines = recorder { "x" }
    local broken = failing("c", { undo = function() error("cannot", 0) end })
    demo_phase(broken, true):run(ctx)
    t.eq({ "a", "b@x", "c", "undo b@x", "undo a" }, ctx.did)
    t.contains("warn [02] could not be undone: cannot", table.concat(lines, "\n"))
  end)

  t.it("never touches steps that did not run", function()
    local ctx = recorder { "x" }
    local skipped = note("s", { when = function() return false end })
    local demo = phase.new { name = "demo", undo_on_failure = true, steps = {
      { 0, skipped }, { 1, failing "f" }, { 2, note "z" },
    } }
    demo:run(ctx)
    t.eq({ "f", "undo f" }, ctx.did)
  end)
end)

t.describe("without a log", function()
  t.it("a phase prints its lines", function()
    t.ok(env.pid() > 0)
    local result = phase.new({ name = "demo", steps = {} }):run({ stacks = {} })
    t.eq({ true, "demo", 0 }, { result.ok, result.phase, #result.steps })
  end)
end)
