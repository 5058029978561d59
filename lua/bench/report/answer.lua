---What `run --json` and `experiment --json` print: one document, for other programs.
---@class bench.report.answer
local M = {}

local headline = require "bench.report.headline"
local json = require "host.json"

local function stages_of(entry)
  local stages = {}
  for i, stage in ipairs(entry.result and entry.result.stages or {}) do stages[i] = headline.of(stage) end
  return json.list(stages)
end

-- An empty table would be a list.
local function as_object(values) return next(values) == nil and json.object {} or values end

---The measured treatments of a run.
---@param ctx bench.Context
---@param exit_code integer
---@return table
function M.of_run(ctx, exit_code)
  local treatments = {}
  for i, entry in ipairs(ctx.results.treatments) do
    treatments[i] = { stack = entry.stack, treatment = entry.treatment, verdict = entry.verdict, dir = entry.dir,
      error = entry.err and entry.err.message, stages = stages_of(entry) }
  end
  return { workspace = ctx.workspace.dir, exit_code = exit_code, treatments = json.list(treatments) }
end

---The stages of all treatments of an experiment.
---@param dir string
---@param counts { ok: integer, not_valid: integer, failed: integer, missing: integer } treatments
---@param rows bench.experiment.Row[]
---@param exit_code integer
---@return table
function M.of_experiment(dir, counts, rows, exit_code)
  local stages = {}
  for i, row in ipairs(rows) do
    stages[i] = { setup = row.setup, run = row.run, repetition = row.repetition, stack = row.stack, dir = row.dir,
      setup_values = as_object(row.setup_values), run_values = as_object(row.run_values), figures = row.figures }
  end
  return { workspace = dir, exit_code = exit_code, treatments = counts, stages = json.list(stages) }
end

---@param answer table
function M.print(answer) print(json.encode(answer, { indent = 2 })) end

return M
