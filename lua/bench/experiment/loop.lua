-- The experiment itself: setup treatment by setup treatment, every transition in the journal before the next.
local clock = require "host.clock"
local exec = require "host.exec"
local show = require "bench.experiment.show"
local task = require "host.task"

local M = {}

---@class bench.experiment.Driver how treatments are brought about; the shipped one is bench.experiment.driver
---@field open fun(self, setup: bench.doe.Setup): table?, bench.Error? a context in the setup's own folder
---@field standup fun(self, ctx: table): true?, bench.Error?
---@field smoketest fun(self, ctx: table): true?, bench.Error?
---@field begin_runs fun(self, ctx: table): true?, bench.Error? what all runs have in common
---@field run fun(self, ctx: table, cell: bench.doe.Cell): bench.experiment.Result[]?, bench.Error?
---@field finish_runs fun(self, ctx: table): true?, bench.Error?
---@field teardown fun(self, ctx: table): true?, bench.Error?
---@field leave? fun(self, ctx: table): true?, bench.Error? instead of a teardown, with `--skip-teardown`
---@field close? fun(self) at the end of the experiment

---@class bench.experiment.Run everything one invocation works with
---@field dir string
---@field schedule bench.doe.Schedule
---@field driver bench.experiment.Driver
---@field journal bench.journal.Journal
---@field state bench.experiment.State
---@field summary bench.summary.Summary
---@field opts { stop_on_error?: boolean, skip_teardown?: boolean }
---@field say { info: fun(text: string), warn: fun(text: string), error: fun(text: string) }
---@field events? { write: fun(self, event: string, fields: table) }
---@field timing bench.experiment.Timing
---@field secrets_note? string what a resumption must be told again

---@param setup string
---@return string folder of a setup treatment, relative to the experiment's
function M.folder(setup) return "setup-treatment-" .. setup end

local function note(run, event, fields)
  local ok, err = run.journal:write(event, fields)
  fields.event = event
  run.state:apply(fields)
  if run.events then run.events:write(event, fields) end
  return ok, err
end

-- A transition that is not in the journal must not be built upon.
local function record(run, event, fields)
  local ok, err = note(run, event, fields)
  if not ok then error(err, 0) end
end

local function message_of(err)
  if type(err) == "table" and err.message then return err.message end
  return tostring(err)
end

local function is_cancelled(err) return type(err) == "table" and err.code == "cancelled" end

-- What an error that was raised makes of a setup treatment.
local function outcome_of(raised) return is_cancelled(raised) and "interrupted" or "failed_run", raised end

-- One phase between its two entries.
local function phase(run, name, what, call)
  record(run, what .. "_started", { setup = name })
  local begun = clock.monotonic()
  local ok, err = call()
  record(run, what .. "_finished", { setup = name, ok = ok and true or false,
    seconds = clock.monotonic() - begun,
    error = not ok and message_of(err) or nil })
  return ok, err
end

-- Also runs while everything is being given up, so it does not insist on its journal.
local function teardown(run, ctx, name)
  note(run, "teardown_started", { setup = name })
  local begun = clock.monotonic()
  local ok, err = run.driver:teardown(ctx)
  note(run, "teardown_finished", { setup = name, ok = ok and true or false,
    seconds = clock.monotonic() - begun,
    error = not ok and message_of(err) or nil })
  return ok, err
end

local function pending_cells(run, group)
  local cells = {}
  for _, cell in ipairs(group.cells) do
    if not run.state:is_done(group.setup.name, cell.name) then cells[#cells + 1] = cell end
  end
  return cells
end

local function status_of(results)
  for _, result in ipairs(results) do
    if result.verdict and result.verdict ~= "valid" then return "not_valid" end
  end
  return "ok"
end

local function measure_cell(run, ctx, name, cell)
  record(run, "treatment_started", { name = name .. "/" .. cell.name, setup = name, cell = cell.name,
    seed = cell.seed })
  local begun = clock.monotonic()
  local results, err = run.driver:run(ctx, cell)
  local seconds = clock.monotonic() - begun
  local status = results and not err and status_of(results) or "failed"
  record(run, "treatment_finished", { name = name .. "/" .. cell.name, setup = name, cell = cell.name,
    status = status, seconds = seconds,
    results = results or {}, error = status == "failed" and message_of(err) or nil })
  run.timing:cell_done(seconds)
  run.summary:forget(name, cell.name)
  local written, problem = run.summary:write()
  if not written then error(problem, 0) end
  run.say.info(show.cell_line(run, name, cell, status, seconds))
  return status, err
end

-- The first failed cell, as the setup's error.
local function measure_cells(run, ctx, name, cells)
  local first
  for _, cell in ipairs(cells) do
    local status, err = measure_cell(run, ctx, name, cell)
    if status == "failed" then
      first = first or { message = ("run treatment '%s': %s"):format(cell.name, message_of(err)) }
      if run.opts.stop_on_error then return "failed_run", first end
    end
  end
  if first then return "failed_run", first end
  return "success"
end

local function stand_up_and_measure(run, ctx, name, cells)
  local ok, err = phase(run, name, "standup", function() return run.driver:standup(ctx) end)
  if not ok then return "failed_standup", err end
  ok, err = phase(run, name, "smoketest", function() return run.driver:smoketest(ctx) end)
  if not ok then return "failed_smoketest", err end
  ok, err = run.driver:begin_runs(ctx)
  if not ok then return "failed_run", err end
  local status
  status, err = measure_cells(run, ctx, name, cells)
  ok = run.driver:finish_runs(ctx)
  if not ok then run.say.warn("the analysis of '" .. name .. "' failed; its results are complete") end
  return status, err
end

-- `--skip-teardown` keeps what nothing will be stood up upon: the last stack, or the failed one that ends it
-- all.
local function keeps_standing(run, status, is_last)
  if not run.opts.skip_teardown then return false end
  return is_last or (run.opts.stop_on_error and status ~= "success")
end

local function take_down(run, ctx, name, status, err)
  local ok, down_err = task.shielded(teardown, run, ctx, name)
  if ok then return status, err end
  if status == "success" then return "failed_teardown", down_err end
  run.say.warn(("teardown of '%s' failed too: %s"):format(name, message_of(down_err)))
  return status, err
end

local function attempt(run, group, cells, is_last)
  local name = group.setup.name
  local ctx, err = run.driver:open(group.setup)
  if not ctx then return "failed_render", err end
  if run.state:setup(name).standing then
    run.say.info(("'%s' was interrupted: taking down what is left of it"):format(name))
    local ok
    ok, err = teardown(run, ctx, name)
    if not ok then return "failed_teardown", err end
  end
  for _, path in ipairs(run.state:remove_strays(run.dir, M.folder(name), name)) do
    run.say.info("removed the unfinished results " .. path)
  end
  if #cells == 0 then return "success" end
  local fine, status, why = pcall(stand_up_and_measure, run, ctx, name, cells)
  if not fine then status, why = outcome_of(status) end
  if status == "interrupted" or not keeps_standing(run, status, is_last) then
    return take_down(run, ctx, name, status, why)
  end
  if run.driver.leave then run.driver:leave(ctx) end
  local what = status == "failed_standup" and "what stands of '%s' is left" or "'%s' is left running"
  run.say.warn((what .. " (--skip-teardown)"):format(name))
  return status, why
end

-- A setup whose cells are all measured, but which was interrupted before it was said so.
local function is_finished(run, group, cells)
  local setup = run.state:setup(group.setup.name)
  return #cells == 0 and setup.status ~= nil and not setup.standing
end

local function measure_setup(run, group, index)
  local name, cells = group.setup.name, pending_cells(run, group)
  if is_finished(run, group, cells) then return "success" end
  run.say.info(show.setup_line(run, index, group, #cells))
  record(run, "setup_started", { setup = name, folder = M.folder(name), cells = #cells })
  local begun = clock.monotonic()
  local fine, status, err = pcall(attempt, run, group, cells, index == #run.schedule.groups)
  if not fine then status, err = outcome_of(status) end
  if status == "interrupted" then
    note(run, "interrupted", { setup = name })
    run.say.warn("interrupted; finish it with: llmdbenchmark experiment --resume " .. exec.quote { run.dir })
    if run.secrets_note then run.say.warn(run.secrets_note) end
    run.summary:write { now = true }
    error(err, 0)
  end
  record(run, "setup_finished", { setup = name, status = status, seconds = clock.monotonic() - begun,
    error = err and message_of(err) or nil })
  run.timing:setup_done(clock.monotonic() - begun, #cells)
  if err then run.say.error(("setup treatment '%s': %s: %s"):format(name, status, message_of(err))) end
  assert(run.summary:write { now = true })
  return status
end

---Measures what is not measured yet. Raises `cancelled` after cleaning up, and when the journal or the
---summary cannot be written.
---@param run bench.experiment.Run
---@return boolean stopped `--stop-on-error` ended it early
function M.run(run)
  for index, group in ipairs(run.schedule.groups) do
    local status = measure_setup(run, group, index)
    if status ~= "success" and run.opts.stop_on_error then return true end
  end
  return false
end

return M
