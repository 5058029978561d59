---The plain table that every step receives.
---@class bench.context
local M = {}

local env = require "host.env"
local log = require "host.log"
local plan = require "bench.plan"
local spec = require "bench.spec"

---@class bench.Context
---@field opts bench.SessionOptions
---@field spec { name: string, path: string }? nil for an endpoint without a specification
---@field base_dir string
---@field dry_run boolean
---@field plan bench.Plan
---@field stacks bench.plan.Stack[] those to work on, in scenario order; `endpoint` is filled in when known
---@field config table configuration of the first stack; reading a missing key raises
---@field workspace bench.Workspace
---@field namespace string
---@field harness_namespace string
---@field harness string
---@field workload string
---@field treatments bench.Treatment[] empty: the profile as it is
---@field timeout_s number? of one treatment
---@field url string? endpoint given by the user
---@field access bench.endpoint.Access how to be let in by the endpoints
---@field log host.log
---@field events table? writer of the event file
---@field state table free for steps
---@field owner? string a command that measures and ends its servers, and has them for itself meanwhile
---@field results table filled by phases: `checks`, `treatments`, `teardown`

local function wait_timeout(opts, config)
  local seconds = opts.wait_timeout or plan.get(config, "harness.waitTimeout", 3600)
  if seconds == 0 then return nil end
  return seconds
end

---How the endpoints of a session let us in.
---@param opts bench.SessionOptions
---@return bench.endpoint.Access
function M.access(opts)
  return { token = env.get "LLMDBENCH_ENDPOINT_TOKEN", ca_file = opts.ca_file, insecure = opts.insecure }
end

---@param opts bench.SessionOptions
---@param built bench.Plan
---@param treatments bench.Treatment[]
---@return bench.Context
function M.new(opts, built, treatments)
  local config = built.selected[1].config
  local namespace = plan.get(config, "namespace.name")
  return {
    opts = opts,
    spec = built.spec and { name = built.spec.name, path = built.spec.path },
    base_dir = spec.base_dir(opts.base_dir),
    dry_run = opts.dry_run == true,
    plan = built,
    stacks = built.selected,
    config = config,
    namespace = namespace,
    harness_namespace = plan.get(config, "harness.namespace", namespace),
    harness = opts.harness or plan.get(config, "harness.name", "native"),
    workload = opts.workload or plan.get(config, "harness.experimentProfile")
      or plan.get(config, "harness.profile", "sanity_random.yaml"),
    treatments = treatments,
    timeout_s = wait_timeout(opts, config),
    url = opts.endpoint_url,
    access = M.access(opts),
    log = log,
    events = opts.events,
    state = { started = {}, jobs = {} },
    results = { treatments = {} },
  }
end

return M
