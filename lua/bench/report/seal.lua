-- What makes a result folder traceable: the rendered configuration, and the manifest over everything.
local fs = require "host.fs"
local info = require "host.info"
local log = require "host.log"
local manifest = require "bench.manifest"
local text = require "host.text"

local M = {}

-- Every Lua file that is loaded: the scripts that made the result.
local function loaded_scripts()
  local paths = {}
  for name in pairs(package.loaded) do
    local path = type(name) == "string" and package.searchpath and package.searchpath(name, package.path)
    if path then paths[#paths + 1] = path end
  end
  table.sort(paths)
  return paths
end

local function command_line()
  local words = {}
  for i, word in ipairs(info.arguments or {}) do words[i] = log.redact(word) end
  return words
end

---@param ctx bench.Context
---@param stack bench.plan.Stack
---@param job bench.Job
---@param result table
---@return string? digest of the manifest
---@return bench.Error? err
function M.write(ctx, stack, job, result)
  local ok, err = fs.write(job.dir .. "/config.yaml", job.profile_text or "")
  if not ok then return nil, err end
  return manifest.write(job.dir, {
    experiment_id = job.id, stack = stack.name, spec = ctx.spec and ctx.spec.name, harness = job.harness
      or ctx.harness,
    profile = job.profile_name, config_sha256 = text.sha256(job.profile_text or ""), plan_digest = ctx.plan
      and ctx.plan.digest,
    treatment = job.treatment and job.treatment.name, seed = job.treatment and job.treatment.seed,
    started_at = result.started_at, ended_at = result.ended_at, command_line = command_line(),
    scripts = loaded_scripts(),
  })
end

return M
