---Reports of a benchmark: one file per stage in the published format (docs/reports.md), and what the terminal
---shows.
---@class bench.report
local M = {}

local fs = require "host.fs"
local headline = require "bench.report.headline"
local hidden = require "bench.hidden"
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

---The files of a job's reports, in order; what is said about them beside it.
---@class bench.report.Files
---@field [integer] string path of a report
---@field stages bench.report.Headline[]
---@field manifest? string its digest, once everything is there
---@field problem? bench.Error the first report that its own check refuses

---Writes the rendered profile, its secrets hidden, as `config.yaml` into the folder of a job, before anything is measured.
---@param job bench.Job
---@return bench.report.Files? files none yet
---@return bench.Error? err
function M.begin(job)
  local ok, err = fs.write(job.dir .. "/config.yaml", hidden.yaml(job.profile_text or ""))
  if not ok then return nil, err end
  return { stages = {} }
end

---Writes the report of one stage as YAML and JSON.
---@param ctx bench.Context
---@param stack bench.plan.Stack
---@param job bench.Job
---@param result bench.harness.Result so far
---@param stage table one of its stages
---@param files bench.report.Files gets the paths
---@return true? ok
---@return bench.Error? err
function M.write_stage(ctx, stack, job, result, stage, files)
  local tree = hidden.copy(M.build(ctx, stack, job, result, stage))
  local written, err = write_stage(job, tree, stage.index)
  if not written then return nil, err end
  for _, path in ipairs(written) do files[#files + 1] = path end
  table.insert(files.stages, headline.of(stage))
  files.problem = files.problem or check(tree, stage.index)
  return true
end

---Writes the manifest, which says that the folder of a job is complete.
---@param ctx bench.Context
---@param stack bench.plan.Stack
---@param job bench.Job
---@param result bench.harness.Result
---@param files bench.report.Files
---@return true? ok
---@return bench.Error? err also if a report was refused by its own check
function M.finish(ctx, stack, job, result, files)
  local err
  files.manifest, err = require("bench.report.seal").write(ctx, stack, job, result)
  if not files.manifest then return nil, err end
  if files.problem then return nil, files.problem end
  return true
end

---Writes all of a result at once.
---@param ctx bench.Context
---@param stack bench.plan.Stack
---@param job bench.Job
---@param result bench.harness.Result
---@return bench.report.Files? files
---@return bench.Error? err
function M.write(ctx, stack, job, result)
  local files, err = M.begin(job)
  if not files then return nil, err end
  local ok
  for _, stage in ipairs(result.stages) do
    ok, err = M.write_stage(ctx, stack, job, result, stage, files)
    if not ok then return nil, err end
  end
  ok, err = M.finish(ctx, stack, job, result, files)
  if not ok then return nil, err end
  return files
end

---Prints what was measured: a line per stage, and why a stage is not valid.
---@param ctx bench.Context
---@param results { treatments: table[] } as the run phase fills it
function M.print_summary(ctx, results)
  require("bench.report.terminal").print(ctx, results)
end

return M
