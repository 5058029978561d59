---Reports of a benchmark: one file per stage in the published format (docs/reports.md), and what the terminal
---shows.
---@class bench.report
local M = {}

local fs = require "host.fs"
local headline = require "bench.report.headline"
local report = require "host.report"

local function treatment_of(job)
  local treatment = job.treatment
  if not treatment then return nil end
  local overrides = {}
  for i, each in ipairs(treatment.overrides) do overrides[i] = { key = each.key, value = each.value } end
  return { name = treatment.name, overrides = overrides, setup = treatment.setup,
    repetition = treatment.repetition,
    data_seed = treatment.seed }
end

local function load_of(ctx, job)
  return { harness = job.harness or ctx.harness, harness_version = job.harness_version,
    profile_name = job.profile_name, profile_text = job.profile_text }
end

---The report of one stage as a tree.
---@param ctx bench.Context
---@param stack bench.plan.Stack
---@param job bench.Job
---@param result table what the harness returned
---@param stage table one of its stages
---@return table
function M.build(ctx, stack, job, result, stage)
  local components, label = require("bench.report.stack").of(ctx, stack, job)
  return {
    version = report.version,
    run = require("bench.report.run").of(ctx, job, result, stage),
    scenario = { stack = components, load = require("bench.report.load").of(load_of(ctx, job), stage) },
    results = require("bench.report.results").of(stage,
      { treatment = treatment_of(job), component_label = label,
        prefix_cache = stage.prefix_cache or result.prefix_cache }),
  }
end

local function write_stage(job, tree, index)
  local files = {}
  for _, format in ipairs { "yaml", "json" } do
    local path = ("%s/benchmark_report_v%s,_stage_%d.%s"):format(job.dir, report.version, index, format)
    local ok, err = fs.write(path, report.encode(tree, format))
    if not ok then return nil, err end
    files[#files + 1] = path
  end
  return files
end

-- A report that its own check refuses is written all the same, so that nothing is lost; the error says so.
local function check(tree, index)
  local ok, err = report.validate(tree)
  if ok then return nil end
  err.message = ("stage %d: %s"):format(index, err.message)
  return err
end

---Writes the reports of all stages of a result as YAML and JSON, the rendered profile as `config.yaml`, and
---the manifest.
---@param ctx bench.Context
---@param stack bench.plan.Stack
---@param job bench.Job
---@param result table what the harness returned
---@return string[]? files the reports; `manifest` is the digest of the manifest, `stages` their headlines
---@return bench.Error? err
function M.write(ctx, stack, job, result)
  local files, problem = { stages = {} }, nil
  for i, stage in ipairs(result.stages) do
    local tree = M.build(ctx, stack, job, result, stage)
    local written, err = write_stage(job, tree, stage.index)
    if not written then return nil, err end
    for _, path in ipairs(written) do files[#files + 1] = path end
    files.stages[i] = headline.of(stage)
    problem = problem or check(tree, stage.index)
  end
  local sealed, err = require("bench.report.seal").write(ctx, stack, job, result)
  if not sealed then return nil, err end
  files.manifest = sealed
  if problem then return nil, problem end
  return files
end

---Prints what was measured: a line per stage, and why a stage is not valid.
---@param ctx bench.Context
---@param results { treatments: table[] } as the run phase fills it
function M.print_summary(ctx, results)
  require("bench.report.terminal").print(ctx, results)
end

return M
