-- What `run --json` and `experiment --json` print: docs/reports.md describes it.
local headline = require "bench.report.headline"
local json = require "host.json"

local M = {}

local FIGURES = { "requests_per_s", "output_tokens_per_s", "total_tokens_per_s", "ttft_p50_s", "ttft_p99_s",
  "tpot_p50_s", "itl_p50_s", "itl_p99_s", "e2e_p50_s", "e2e_p99_s", "cached_ratio" }
local STAGE = { "stage", "name", "load", "requests", "failures", "verdict", "reasons", unpack(FIGURES) }
local LOAD = { "requests_per_s", "concurrency" }
local RUN = { "spec", "harness", "workload", "workspace", "dry_run", "treatments" }
local EXPERIMENT = { "experiment", "spec", "workspace", "summary", "comparison", "treatments" }
local TREATMENT = { "setup", "treatment", "repetition", "stack", "model", "endpoint", "status", "verdict", "error",
  "setup_values", "run_values", "results_dir", "stages" }

-- The figures of a stage, with the units in their names; what was not measured is left out.
local function stage_of(figures, reasons)
  local stage = { stage = figures.stage, name = figures.name, verdict = figures.verdict,
    load = json.object({ requests_per_s = figures.rate, concurrency = figures.concurrency }, LOAD),
    requests = figures.requests, failures = figures.failures,
    reasons = reasons and #reasons > 0 and json.list(reasons) or nil }
  for _, name in ipairs(FIGURES) do stage[name] = figures[name] end
  stage.requests_per_s = figures.request_rate
  return json.object(stage, STAGE)
end

local function not_empty(map) return next(map) ~= nil and map or nil end

local function status_of(err, verdict)
  if err and err.code == "cancelled" then return "interrupted" end
  if err or not verdict then return "failed" end
  return verdict == "valid" and "ok" or "not_valid"
end

local function run_entry(ctx, entry)
  local stages, stack = {}, {}
  for _, each in ipairs(ctx.stacks) do
    if each.name == entry.stack then stack = each end
  end
  for i, stage in ipairs(entry.result and entry.result.stages or {}) do
    stages[i] = stage_of(headline.of(stage), stage.verdict.reasons)
  end
  return json.object({ treatment = entry.treatment, stack = entry.stack, model = stack.model and stack.model.name,
    endpoint = stack.endpoint and stack.endpoint.url, status = status_of(entry.err, entry.verdict),
    verdict = entry.verdict, error = entry.err and entry.err.message, results_dir = entry.dir,
    stages = json.list(stages) }, TREATMENT)
end

---What a run measured.
---@param ctx bench.Context
---@return table
function M.run(ctx)
  local treatments = {}
  for i, entry in ipairs(ctx.results.treatments) do treatments[i] = run_entry(ctx, entry) end
  return json.object({ spec = ctx.spec and ctx.spec.name, harness = ctx.harness, workload = ctx.workload,
    workspace = not ctx.dry_run and ctx.workspace.dir or nil, dry_run = ctx.dry_run or nil,
    treatments = json.list(treatments) }, RUN)
end

-- Why nothing was measured in a setup treatment; nil if only another run of it failed.
local function setup_error(setup)
  for _, cell in pairs(setup.cells) do
    if cell.status == "failed" then return nil end
  end
  return setup.error
end

-- A cell without results: the experiment did not come to it, or was stopped in it.
local function not_measured(setup, name)
  local stopped = setup.interrupted and setup.measuring == name
  return { status = stopped and "interrupted" or "missing", results = {}, error = setup_error(setup) }
end

-- One object for each stack of a cell, and one for a cell without results.
local function add_cell(list, run, group, planned)
  local setup = run.state:setup(group.setup.name)
  local cell = setup.cells[planned.name] or not_measured(setup, planned.name)
  for i = 1, math.max(1, #cell.results) do
    local result, stages = cell.results[i] or {}, {}
    for s, figures in ipairs(result.stages or {}) do stages[s] = stage_of(figures) end
    list[#list + 1] = json.object({ setup = group.setup.name, treatment = planned.run.name,
      repetition = planned.repetition, stack = result.stack, status = cell.status, verdict = result.verdict,
      error = cell.error, setup_values = not_empty(group.setup.values),
      run_values = not_empty(planned.run.values),
      results_dir = result.dir and run.dir .. "/" .. result.dir, stages = json.list(stages) }, TREATMENT)
  end
end

---What an experiment measured, with the treatments that it did not.
---@param run bench.experiment.Run
---@param design bench.doe.Design
---@return table
function M.experiment(run, design)
  local treatments = {}
  for _, group in ipairs(run.schedule.groups) do
    for _, planned in ipairs(group.cells) do add_cell(treatments, run, group, planned) end
  end
  local fs = require "host.fs"
  local comparison = run.dir .. "/" .. require("bench.experiment.comparison").FILE
  return json.object({ experiment = design.name, spec = run.summary.facts.spec, workspace = run.dir,
    summary = run.dir .. "/" .. require("bench.summary").FILE,
    comparison = fs.exists(comparison) and comparison or nil, treatments = json.list(treatments) }, EXPERIMENT)
end

return M
