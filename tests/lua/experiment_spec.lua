local doe = require "bench.doe"
local experiment = require "bench.experiment"
local fake_driver = require "support.fake_driver"
local fs = require "host.fs"
local info = require "host.info"
local json = require "host.json"
local t = require "bench.test"
local task = require "host.task"
local yaml = require "host.yaml"

local codes = info.exit_codes

local function design(more)
  local spec = { name = "demo", setup = { a = { 1, 2 } }, run = { rate = { 1, 2 } }, order = "listed" }
  for key, value in pairs(more or {}) do spec[key] = value end
  return doe.full_factorial(spec)
end

-- Collects what is said instead of printing it.
local function listener()
  local lines = {}
  local function say(line) lines[#lines + 1] = line end
  return { info = say, warn = say, error = say, plain = say, lines = lines }
end

local function run(driver, opts, which)
  local all = { driver = driver, say = listener() }
  for key, value in pairs(opts or {}) do all[key] = value end
  local code, err = experiment.run(all, which or design())
  return code, err, all.say.lines
end

local function summary(driver) return t.ok(yaml.load(driver.dir .. "/experiment-summary.yaml")) end

local function new(opts)
  local all = { root = t.tempdir() }
  for key, value in pairs(opts or {}) do all[key] = value end
  return fake_driver.new(all)
end

t.describe("an experiment", function()
  t.it("stands each setup up once and measures every run in it", function()
    local driver = new()
    t.eq(codes.success, (run(driver)))
    t.eq({
      "open a1", "standup a1", "smoketest a1", "run a1/rate1", "run a1/rate2", "teardown a1",
      "open a2", "standup a2", "smoketest a2", "run a2/rate1", "run a2/rate2", "teardown a2",
    }, driver.log)
  end)

  t.it("leaves a summary, a journal and a comparison", function()
    local driver = new()
    local _, _, lines = run(driver)
    local tree = summary(driver)
    t.eq({ "demo", 2, 2, 4, 2, 0 }, { tree.experiment, tree.total_setup_treatments, tree.total_run_treatments,
      tree.total_matrix,
      tree.succeeded, tree.failed })
    t.eq({ ok = 4, not_valid = 0, failed = 0, missing = 0 }, tree.cells)
    local first = tree.treatments[1]
    t.eq({ "a1", "success", "2/2" }, { first.setup_treatment, first.status, first.run_treatments })
    t.eq({ a = 1 }, first.overrides)
    t.eq(driver.dir .. "/setup-treatment-a1", first.workspace_dir)
    t.eq("rate2", first.runs[2].run_treatment)
    t.ok(fs.exists(driver.dir .. "/" .. first.runs[2].results[1].results_dir))
    t.ne(first.runs[1].data_seed, tree.treatments[2].runs[1].data_seed)
    t.contains("experiment_finished", t.ok(fs.read(driver.dir .. "/journal.jsonl")))
    local csv = t.ok(fs.read(driver.dir .. "/treatments.csv"))
    t.match("^setup_treatment,run_treatment,repetition,stack,a,run%.rate,stage,verdict", csv)
    t.eq(5, select(2, csv:gsub("\n", "")))
    t.contains("DoE EXPERIMENT SUMMARY", table.concat(lines, "\n"))
    t.contains("[2/2] Setup treatment: a2", table.concat(lines, "\n"))
    t.contains("Result: 2/2 succeeded, 0 failed", table.concat(lines, "\n"))
  end)

  t.it("goes on after failures, takes everything down, and says so in its exit code", function()
    local driver = new { fail = { ["standup:a1"] = "no room", ["run:a2/rate1"] = "server died" } }
    t.eq(codes.partial, (run(driver)))
    t.eq({ "open a1", "standup a1", "teardown a1", "open a2", "standup a2", "smoketest a2", "run a2/rate1",
      "run a2/rate2",
      "teardown a2" }, driver.log)
    local tree = summary(driver)
    t.eq({ "failed_standup", "no room", "0/2" }, { tree.treatments[1].status, tree.treatments[1].error,
      tree.treatments[1].run_treatments })
    t.eq({ "failed_run", "run treatment 'rate1': server died", "1/2" },
      { tree.treatments[2].status, tree.treatments[2].error,
      tree.treatments[2].run_treatments })
    t.eq("failed", tree.treatments[2].runs[1].status)
  end)

  t.it("tells all failed from some failed from not valid", function()
    t.eq(codes.failed, (run(new { fail = { ["open:a1"] = "bad", ["smoketest:a2"] = "ill" } })))
    t.eq(codes.partial, (run(new { fail = { ["teardown:a2"] = "stuck" } })))
    local driver = new()
    driver.verdicts.rate2 = "client-limited"
    t.eq(codes.not_valid, (run(driver)))
    t.eq(2, summary(driver).cells.not_valid)
  end)

  t.it("stops at the first failure when asked to, and keeps a failed stack when asked to", function()
    local driver = new { fail = { ["run:a1/rate1"] = "x" } }
    t.eq(codes.failed, (run(driver, { stop_on_error = true })))
    t.eq("teardown a1", driver.log[#driver.log])
    driver = new { fail = { ["run:a1/rate1"] = "x" } }
    run(driver, { stop_on_error = true, skip_teardown = true })
    t.eq("run a1/rate1", driver.log[#driver.log])
    driver = new()
    run(driver, { skip_teardown = true })
    t.eq("run a2/rate2", driver.log[#driver.log])
    t.eq("teardown a1", driver.log[6])
  end)

  t.it("turns a raised error into a failed treatment", function()
    local driver = new()
    function driver:smoketest() error "bug in a script" end
    t.eq(codes.failed, (run(driver)))
    t.contains("bug in a script", summary(driver).treatments[1].error)
    t.eq("teardown a2", driver.log[#driver.log])
  end)

  t.it("refuses bad and identical treatments before anything is deployed", function()
    local driver = new()
    local bad = doe.list { name = "x", run = { { name = "r", zzz = 1 } } }
    local code, err = run(driver, {}, bad)
    t.eq(nil, code)
    t.contains("unknown key 'zzz'", err.message)
    local twins = doe.list { name = "x", run = { { name = "r", rate = 1 }, { name = "s", rate = 1 } } }
    code, err = run(driver, {}, twins)
    t.eq(nil, code)
    t.eq("conflict", err.code)
    t.contains("run treatments 'r' and 's' come out identical", err.message)
    t.eq({}, driver.log)
    t.eq(codes.success, (run(driver, { allow_identical = true }, twins)))
  end)

  t.it("repeats with other data each time", function()
    local driver = new()
    t.eq(codes.success, (run(driver, { repeats = 2 })))
    local runs = summary(driver).treatments[1].runs
    t.eq(4, #runs)
    t.eq({ 1, 2 }, { runs[1].repetition, runs[3].repetition })
    t.ne(runs[1].data_seed, runs[3].data_seed)
  end)

  t.it("cleans up when it is cancelled and can be resumed", function()
    local driver = new { pause_s = 0.02, root = t.tempdir() .. "/a folder" }
    local say = listener()
    local kept = { secret_keys = { "local.env.API_TOKEN" } }
    local running = task.spawn(function() return experiment.run({ driver = driver, say = say, kept = kept }, design()) end)
    repeat task.sleep(0.005) until table.concat(driver.log, ","):find "run a1/rate2"
    running:cancel()
    local result, err = running:join()
    t.eq(nil, result)
    t.eq("cancelled", err.code)
    t.eq("teardown a1", driver.log[#driver.log])
    t.contains("--resume '" .. driver.dir .. "'", table.concat(say.lines, "\n"))
    t.contains("give them again: --set local.env.API_TOKEN=...", table.concat(say.lines, "\n"))
    t.eq({ "1/2", "interrupted" },
      { summary(driver).treatments[1].run_treatments, summary(driver).treatments[1].status })
    driver.log = {}
    t.eq(codes.success, (run(driver, { resume = driver.dir })))
    t.eq({ "open a1", "standup a1", "smoketest a1", "run a1/rate2", "teardown a1", "open a2" },
      { unpack(driver.log, 1, 6) })
    t.eq({ ok = 4, not_valid = 0, failed = 0, missing = 0 }, summary(driver).cells)
  end)
end)

-- Runs the design until it begins the cell, and interrupts it there.
local function interrupted_in(cell, opts)
  local driver, all = new { pause_s = 0.02 }, { say = listener() }
  all.driver = driver
  for key, value in pairs(opts) do all[key] = value end
  local running = task.spawn(function() return experiment.run(all, design()) end)
  repeat task.sleep(0.005) until driver.log[#driver.log] == "run " .. cell
  running:cancel()
  t.eq("cancelled", select(2, running:join()).code)
  return driver, all.say.lines
end

t.describe("what an experiment measured", function()
  local answer = require "bench.report.answer"

  t.it("is told when it is interrupted, behind the cleanup", function()
    local told
    local driver, lines = interrupted_in("a1/rate2", { finished = function(measured, which)
      told = answer.experiment(measured, which)
    end })
    t.eq("teardown a1", driver.log[#driver.log])
    local statuses = {}
    for i, treatment in ipairs(t.ok(told).treatments) do statuses[i] = treatment.status end
    t.eq({ "ok", "interrupted", "missing", "missing" }, statuses)
    t.eq(driver.dir .. "/treatments.csv", told.comparison)
    t.eq(2, select(2, t.ok(fs.read(told.comparison)):gsub("\n", "")))
    t.contains("rate1", table.concat(lines, "\n"))
  end)

  t.it("blames a run that was not begun on nothing but its setup", function()
    local function errors(fail)
      local told
      run(new { fail = fail }, { stop_on_error = true, finished = function(...) told = answer.experiment(...) end })
      local list = {}
      for i, treatment in ipairs(told.treatments) do list[i] = treatment.error or "-" end
      return list
    end
    t.eq({ "server died", "-", "-", "-" }, errors { ["run:a1/rate1"] = "server died" })
    t.eq({ "no room", "no room", "-", "-" }, errors { ["standup:a1"] = "no room" })
  end)

  t.it("is in the event file from its first to its last entry", function()
    local events = {}
    run(new(), { events = { write = function(_, event) events[#events + 1] = event end } })
    t.eq({ "experiment_started", "setup_started" }, { events[1], events[2] })
    t.eq("experiment_finished", events[#events])
  end)
end)

t.describe("resuming", function()
  local function finished()
    local driver = new()
    t.eq(codes.success, (run(driver)))
    driver.log = {}
    return driver
  end

  t.it("a finished experiment does nothing", function()
    local driver = finished()
    t.eq(codes.success, (run(driver, { resume = driver.dir })))
    t.eq({}, driver.log)
  end)

  t.it("measures again what failed, and what was damaged since", function()
    local driver = new { fail = { ["run:a2/rate1"] = "x" } }
    run(driver)
    driver.log, driver.opts.fail = {}, nil
    local dir = driver.dir .. "/" .. summary(driver).treatments[1].runs[1].results[1].results_dir
    t.ok(fs.write(dir .. "/seed.txt", "changed"))
    t.eq(codes.success, (run(driver, { resume = driver.dir })))
    t.eq({ "open a1", "standup a1", "smoketest a1", "run a1/rate1", "teardown a1",
      "open a2", "standup a2", "smoketest a2", "run a2/rate1", "teardown a2" }, driver.log)
    t.eq(false, fs.exists(dir))
  end)

  t.it("refuses another experiment and names what is different", function()
    local driver = finished()
    local _, err = run(driver, { resume = driver.dir }, design { setup = { a = { 1, 3 } }, seed = 4 })
    t.eq("conflict", err.code)
    t.eq({ "setup treatment 'a2' is gone", "setup treatment 'a3' is new" }, err.differences)
    _, err = run(driver, { resume = driver.dir, seed = 4 })
    t.eq({ "seed was 1, is 4" }, err.differences)
    t.contains("undo the change", err.hint)
    local path = driver.dir .. "/experiment.json"
    local record = t.ok(json.load(path))
    record.options.secret_keys = { "local.env.API_TOKEN" }
    t.ok(fs.write(path, json.encode(record)))
    _, err = run(driver, { resume = driver.dir, seed = 4 })
    t.contains("secret values of --set are not kept, give them again: --set local.env.API_TOKEN=...", err.hint)
    driver.opts.profile_digest = "p1"
    _, err = run(driver, { resume = driver.dir })
    t.eq({ 'the profile file "p.yaml" changed' }, err.differences)
    t.eq({}, driver.log)
  end)

  t.it("needs a folder with an experiment, and has it alone", function()
    local driver = finished()
    local _, err = run(driver, { resume = t.tempdir() })
    t.eq("not_found", err.code)
    local lock = t.ok(fs.lock(driver.dir .. "/.lock", { purpose = "another" }))
    _, err = run(driver, { resume = driver.dir })
    lock:release()
    t.eq("conflict", err.code)
  end)

  t.it("keeps the seeds and the order that the experiment began with", function()
    local driver = new { fail = { ["run:a1/rate1"] = "x" } }
    run(driver, { seed = 77, order = "random" })
    local before = t.ok(json.load(driver.dir .. "/experiment.json"))
    driver.opts.fail = nil
    t.eq(codes.success, (run(driver, { resume = driver.dir })))
    t.eq({ 77, "random" }, { before.seed, before.order })
    t.eq(77, summary(driver).seed)
  end)
end)
