---Runs phases for commands: banners before, boxes after, and what to tell the shell.
---@class bench.lifecycle
local M = {}

local banner = require "bench.banner"
local info = require "host.info"
local log = require "host.log"
local task = require "host.task"

local codes = info.exit_codes

local function say(lines)
  for _, line in ipairs(lines) do log.info(line) end
end

---@class bench.lifecycle.Opts
---@field steps? string filter, as of `--step`
---@field limit? integer stacks at the same time
---@field phase? bench.Phase instead of the one that the scripts give
---@field banner? boolean say first what is about to be worked on

---Runs one phase of the shipped or the user's scripts.
---@async
---@param ctx bench.Context
---@param name "standup"|"smoketest"|"run"|"teardown"
---@param opts? bench.lifecycle.Opts
---@return bench.PhaseResult? outcome
---@return bench.Error? err a bad step filter, no stacks, a script that returns no phase
function M.phase(ctx, name, opts)
  opts = opts or {}
  local phase, problem = opts.phase, nil
  if not phase then phase, problem = require("bench.phase").load(name) end
  if not phase then return nil, problem end
  ctx.phase = name
  if opts.banner then say(banner.start(ctx, name)) end
  local outcome, err = phase:run(ctx, { steps = opts.steps, limit = opts.limit })
  if not outcome and opts.steps then err.usage = true end
  return outcome, err
end

---Standup, and the smoketest behind it unless it is skipped.
---@async
---@param ctx bench.Context
---@param opts { steps?: string, limit?: integer, phase?: bench.Phase, skip_smoketest?: boolean }
---@return integer? exit_code
---@return bench.Error? err
function M.standup(ctx, opts)
  local outcome, err = M.phase(ctx, "standup", { steps = opts.steps, limit = opts.limit or M.PARALLEL,
    phase = opts.phase, banner = true })
  if not outcome then return nil, err end
  if not outcome.ok then return codes.failed end
  say(banner.standup(ctx, outcome))
  log.info("Workspace: " .. ctx.workspace.dir)
  log.info(ctx.dry_run and "Dry run: nothing was started." or "All standup steps are complete.")
  if opts.skip_smoketest or opts.steps then return codes.success end
  return M.smoketest(ctx, {})
end

---Stacks that a standup works on at the same time unless told otherwise.
M.PARALLEL = 4

---@async
---@param ctx bench.Context
---@param opts { steps?: string, phase?: bench.Phase }
---@return integer? exit_code
---@return bench.Error? err
function M.smoketest(ctx, opts)
  local outcome, err = M.phase(ctx, "smoketest", { steps = opts.steps, phase = opts.phase, limit = 1 })
  if not outcome then return nil, err end
  if not outcome.ok then return codes.failed end
  log.info(ctx.dry_run and "Dry run: nothing was asked." or "Smoketest passed.")
  return codes.success
end

-- The worst that happened to a treatment.
local function run_code(ctx, outcome)
  if not outcome.ok then return codes.failed end
  for _, entry in ipairs(ctx.results.treatments) do
    if entry.verdict ~= "valid" then return codes.not_valid end
  end
  return codes.success
end

-- What was measured; without an outcome, until the run was cancelled.
local function tell_results(ctx, outcome)
  if ctx.dry_run then
    log.info "Dry run: nothing was sent."
    return
  end
  if #ctx.results.treatments > 0 then
    require("bench.report").print_summary(ctx, ctx.results)
    say(banner.run(ctx))
  end
  if outcome and outcome.ok then
    log.info(("Run complete (mode=%s, harness=%s)"):format(ctx.url and "run-only" or "full", ctx.harness))
  end
end

---@async
---@param ctx bench.Context
---@param opts { steps?: string, phase?: bench.Phase }
---@return integer? exit_code
---@return bench.Error? err
function M.run(ctx, opts)
  log.info(("Run phase: harness %s, workload %s"):format(ctx.harness, ctx.workload))
  local fine, outcome, err = pcall(M.phase, ctx, "run", { steps = opts.steps, phase = opts.phase, limit = 1 })
  if not fine then
    tell_results(ctx)
    error(outcome, 0)
  end
  if not outcome then return nil, err end
  tell_results(ctx, outcome)
  return run_code(ctx, outcome)
end

---@async
---@param ctx bench.Context
---@param opts { steps?: string, phase?: bench.Phase }
---@return integer? exit_code
---@return bench.Error? err
function M.teardown(ctx, opts)
  local outcome, err = M.phase(ctx, "teardown", { steps = opts.steps, phase = opts.phase, banner = true })
  if not outcome then return nil, err end
  if not outcome.ok then return codes.failed end
  log.info(("Teardown %s (namespace %s)"):format(
    ctx.dry_run and "dry run: nothing was removed" or "complete", ctx.namespace))
  return codes.success
end

-- What e2e does between standup and teardown.
local function measure(ctx, opts)
  if not opts.skip_smoketest then
    local code, err = M.smoketest(ctx, {})
    if code ~= codes.success then return code, err end
  end
  return M.run(ctx, {})
end

---A whole benchmark: standup, smoketest, run, and teardown whatever happened since the standup. A standup
---that
---fails takes back what it started; what stood before is left alone.
---@async
---@param ctx bench.Context
---@param opts { limit?: integer, skip_smoketest?: boolean, skip_teardown?: boolean }
---@return integer? exit_code of the first phase that went wrong
---@return bench.Error? err
function M.all(ctx, opts)
  if not opts.skip_teardown then ctx.owner = "e2e" end
  local code, err = M.standup(ctx, { limit = opts.limit, skip_smoketest = true })
  if code ~= codes.success then return code, err end
  local fine
  fine, code, err = pcall(measure, ctx, opts)
  local after, problem = codes.success, nil
  if not opts.skip_teardown then after, problem = task.shielded(M.teardown, ctx, {}) end
  require("bench.local_servers").release(ctx.namespace)
  if not fine then error(code, 0) end
  if code ~= codes.success then return code, err end
  return after, problem
end

return M
