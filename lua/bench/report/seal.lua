-- What makes a result folder traceable: the manifest over everything.
local hidden = require "bench.hidden"
local json = require "host.json"
local manifest = require "bench.manifest"
local search = require "bench.search"
local text = require "host.text"

local M = {}

-- The file that a module came from; nil for what is built in.
local function file_of(name)
  local script = name:match("^scripts%.(.+)$")
  if not script then return package.searchpath(name, package.path) end
  local shipped = script:match("^shipped%.(.+)$")
  local path = (shipped or script):gsub("%.", "/")
  if shipped then return (search.shipped(path)) end
  return (search.find(path))
end

-- Every Lua file that is loaded: the scripts that made the result.
local function loaded_scripts()
  local paths = {}
  for name in pairs(package.loaded) do
    local path = type(name) == "string" and file_of(name)
    if path then paths[#paths + 1] = path end
  end
  table.sort(paths)
  return paths
end

local function stage_seeds(result)
  local seeds = {}
  for i, stage in ipairs(result.stages) do seeds[i] = stage.metrics.seed or json.null end
  return json.list(seeds)
end

---@param ctx bench.Context
---@param stack bench.plan.Stack
---@param job bench.Job
---@param result table
---@return string? digest of the manifest
---@return bench.Error? err
function M.write(ctx, stack, job, result)
  return manifest.write(job.dir, {
    experiment_id = job.id, stack = stack.name, spec = ctx.spec and ctx.spec.name, harness = job.harness
      or ctx.harness,
    profile = job.profile_name, config_sha256 = text.sha256(hidden.yaml(job.profile_text or "")), plan_digest = ctx.plan
      and ctx.plan.digest,
    treatment = job.treatment and job.treatment.name, seed = job.treatment and job.treatment.seed,
    started_at = result.started_at, ended_at = result.ended_at, stage_seeds = stage_seeds(result),
    command_line = json.list(ctx.opts.words),
    scripts = loaded_scripts(),
  })
end

return M
