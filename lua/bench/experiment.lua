---Experiments: a design, measured treatment by treatment, in a way that survives being killed.
---
---    local experiment = require "bench.experiment"
---    local design = assert(require("bench.treatment").load "my_sweep.yaml")
---    local code = assert(experiment.run({ spec = "local/quickstart" }, design))
---@class bench.experiment
local M = {}

local fs = require "host.fs"
local info = require "host.info"
local journal = require "bench.journal"
local log = require "host.log"
local loop = require "bench.experiment.loop"
local moment = require "bench.moment"
local record = require "bench.experiment.record"
local schedule = require "bench.doe.schedule"
local show = require "bench.experiment.show"
local state = require "bench.experiment.state"
local summary = require "bench.summary"
local survey = require "bench.experiment.survey"
local task = require "host.task"
local timing = require "bench.experiment.timing"

local codes = info.exit_codes

---@class bench.experiment.Options
---@field resume? string folder of an experiment to finish
---@field seed? integer instead of the design's
---@field repeats? integer instead of the design's
---@field order? string instead of the design's
---@field allow_identical? boolean treatments that come out the same are measured all the same
---@field stop_on_error? boolean
---@field skip_teardown? boolean
---@field dry_run? boolean
---@field driver? bench.experiment.Driver instead of the shipped phases
---@field events? table writer of the event file
---@field finished? fun(run: bench.experiment.Run, design: bench.doe.Design) told what was measured, at the end, also
---  when it was interrupted
---@field kept? table<string, any> options to be stored for `--resume`

-- The order and the seeds: of the command line, else of the experiment being resumed, else of the design.
local function plan_schedule(design, opts, before)
  before = before or {}
  return schedule.of(design, { order = opts.order or before.order, seed = opts.seed or before.seed,
    repeats = opts.repeats or before.repeats })
end
M.schedule = plan_schedule

local function exit_code(run)
  local cells, broken = run.state:count(run.schedule), false
  for _, group in ipairs(run.schedule.groups) do
    broken = broken or run.state:setup(group.setup.name).status ~= "success"
  end
  if cells.ok + cells.not_valid == 0 then return codes.failed end
  if broken or cells.failed + cells.missing > 0 then return codes.partial end
  return cells.not_valid > 0 and codes.not_valid or codes.success
end

-- The lock keeps a second process out; the kernel releases it when this one dies.
local function lock(dir)
  local held, err = fs.lock(dir .. "/.lock", { purpose = "experiment" })
  if not held then
    err.hint = "wait for it, or end it, before resuming"
    return nil, err
  end
  return held
end

local function first_begin(entries)
  for _, entry in ipairs(entries) do
    if entry.event == "experiment_started" then return entry end
  end
end

-- How long earlier invocations worked, from the first to the last entry of each.
local function seconds_before(entries)
  local sum, first, last = 0, nil, nil
  for _, entry in ipairs(entries) do
    if entry.event == "experiment_started" or entry.event == "experiment_resumed" then
      sum = sum + (first and last - first or 0)
      first = moment.epoch_s(entry.at)
    end
    last = moment.epoch_s(entry.at)
  end
  return sum + (first and last - first or 0)
end

local function open_summary(run, design, surveyed, entries)
  local facts = { dir = run.dir, name = design.name, spec = surveyed.facts.spec, kind = design.kind,
    file = design.file,
    digest = surveyed.record.digest, schedule = run.schedule, plan_digests = surveyed.plan_digests,
    run_count = show.count_runs(design) }
  run.summary = summary.new(facts, run.state)
  local begun = first_begin(entries)
  if begun then run.summary:continue(begun.at, seconds_before(entries)) end
end

local function open_timing(run)
  local cells, setups = run.state:count(run.schedule), 0
  for _, group in ipairs(run.schedule.groups) do
    local left = false
    for _, cell in ipairs(group.cells) do
      left = left or not run.state:is_done(group.setup.name, cell.name)
    end
    if left then setups = setups + 1 end
  end
  run.timing = timing.new(cells.ok + cells.not_valid, run.schedule.cells, setups)
end

-- An entry of the journal that is not about one setup treatment; the event file has it, too.
local function note(run, event, fields)
  local ok, err = run.journal:write(event, fields)
  if run.events then run.events:write(event, fields) end
  return ok, err
end

-- Opens journal and summary in the folder, which is locked.
local function begin(run, design, opts, surveyed)
  if not opts.resume then
    local ok, err = record.save(run.dir, surveyed.record)
    if not ok then return err end
  end
  local entries
  run.journal, entries = journal.open(run.dir .. "/" .. journal.FILE)
  if not run.journal then return entries end
  run.state = state.from(entries)
  for _, problem in ipairs(run.state:verify(run.dir)) do run.say.warn("measured again: " .. problem) end
  open_summary(run, design, surveyed, entries)
  open_timing(run)
  local ok, err = note(run, #entries == 0 and "experiment_started" or "experiment_resumed",
    { digest = surveyed.record.digest, version = info.version })
  return not ok and err or nil
end

-- The comparison, and what the caller wants to know.
local function tell_results(run, design)
  require("bench.experiment.comparison").of(run, design)
  if run.opts.finished then run.opts.finished(run, design) end
end

-- What was measured until it was interrupted, or could not go on; the treatments have been cleaned up.
local function tell_what_there_is(run, design)
  local fine, err = pcall(task.shielded, tell_results, run, design)
  if not fine then run.say.warn("what was measured cannot be shown: " .. tostring(err)) end
end

local function finish(run, design)
  local cells = run.state:count(run.schedule)
  assert(note(run, "experiment_finished", { ok = cells.ok, not_valid = cells.not_valid, failed = cells.failed,
    missing = cells.missing }))
  assert(run.summary:write { now = true, ended = true })
  run.say.info("Summary: " .. run.dir .. "/" .. summary.FILE)
  for _, line in ipairs(show.finish(run, design)) do run.say.info(line) end
  task.shielded(tell_results, run, design)
  return exit_code(run)
end

local function measure_locked(run, design, opts, surveyed)
  local err = begin(run, design, opts, surveyed)
  if err then return nil, err end
  for _, line in ipairs(show.start(design, run.schedule, { harness = surveyed.facts.harness,
    profile = surveyed.facts.profile, opts = run.opts, done = run.timing.done })) do run.say.info(line) end
  run.say.info("Workspace: " .. run.dir)
  local fine, problem = pcall(loop.run, run)
  if not fine then
    tell_what_there_is(run, design)
    error(problem, 0)
  end
  return finish(run, design)
end

-- In a folder that nobody else works in. What is raised is raised on, with the lock released.
local function measure(run, design, opts, surveyed)
  local place, err = run.driver:open_workspace(opts.resume)
  if not place then return nil, err end
  run.dir = place.dir
  local held
  held, err = lock(run.dir)
  if not held then return nil, err end
  local fine, code, problem = pcall(measure_locked, run, design, opts, surveyed)
  if run.journal then run.journal:close() end
  if run.driver.close then run.driver:close() end
  held:release()
  if not fine then error(code, 0) end
  return code, problem
end

-- Every treatment through the dry phases; nothing is written.
local function rehearse(run)
  for index, group in ipairs(run.schedule.groups) do
    run.say.info(show.setup_line(run, index, group, #group.cells))
    local ctx, err = run.driver:open(group.setup)
    if not ctx then return nil, err end
    for _, call in ipairs { "standup", "smoketest", "begin_runs" } do
      local ok
      ok, err = run.driver[call](run.driver, ctx)
      if not ok then return nil, err end
    end
    for _, cell in ipairs(group.cells) do
      _, err = run.driver:run(ctx, cell)
      if err then return nil, err end
    end
    run.driver:teardown(ctx)
  end
  return codes.success
end

local function resumed_record(opts)
  if not opts.resume then return nil end
  return record.load(opts.resume)
end

---Measures a design, or finishes one that was interrupted. Raises `cancelled` after cleaning up if the task
---is cancelled.
---@param opts bench.experiment.Options|bench.SessionOptions
---@param design bench.doe.Design
---@return integer? exit_code success, partial (some treatments failed), failed (all did) or not_valid
---@return bench.Error? err nothing was deployed: bad treatments, identical ones, `conflict` with the folder
---  to resume
function M.run(opts, design)
  local before, err = resumed_record(opts)
  if err then return nil, err end
  local driver = opts.driver
  if not driver then
    driver, err = require("bench.experiment.driver").new(opts, design)
    if not driver then return nil, err end
  end
  local run = { driver = driver, opts = { stop_on_error = opts.stop_on_error,
    skip_teardown = opts.skip_teardown, finished = opts.finished },
    say = opts.say or log, events = opts.events, schedule = plan_schedule(design, opts, before),
    secrets_note = record.secrets_note(opts.kept) }
  for _, warning in ipairs(design.warnings or {}) do run.say.warn(warning) end
  local surveyed
  surveyed, err = survey.of(driver, design, run.schedule, opts)
  if not surveyed then return nil, err end
  if before then
    err = record.conflict(opts.resume, before, surveyed.record,
      survey.plan_details(opts.resume, before, surveyed, driver, design))
    if err then return nil, err end
  end
  if opts.dry_run then
    run.timing, run.state = timing.new(0, run.schedule.cells, #run.schedule.groups), state.new()
    return rehearse(run)
  end
  return measure(run, design, opts, surveyed)
end

return M
