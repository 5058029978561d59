---From command-line options to the context that every step receives.
---@class bench.session
local M = {}

local consistency = require "bench.plan.consistency"
local context = require "bench.context"
local fs = require "host.fs"
local log = require "host.log"
local manifests = require "bench.plan.manifests"
local plan = require "bench.plan"
local plan_files = require "bench.plan.files"
local spec = require "bench.spec"
local workload = require "bench.workload"
local workspace = require "bench.workspace"

---@class bench.SessionOptions the options of a command, by name
---@field spec? string
---@field base_dir? string
---@field workspace? string
---@field namespace? string
---@field models? string
---@field methods? string
---@field stack? string[]
---@field set? string|string[] what `--set` takes; several texts apply in order
---@field monitoring? boolean
---@field wva? boolean
---@field strict? boolean
---@field offline? boolean ask neither registries nor clusters
---@field kubeconfig? string
---@field trace? boolean remember what every key of the configuration has been
---@field prerender? boolean let helmfile render the chart of modelservice into the plan
---@field compare_plan? boolean tell how the plan differs from the one before; see bench.plan.record
---@field dry_run? boolean
---@field sources? table<string, string> option -> the flag or variable that gave it
---@field overrides? table those of a setup treatment: dotted keys, or a list of `{ key, value, origin }`
---@field parent_workspace? bench.Workspace
---@field workspace_name? string name of a nested workspace
---@field endpoint_url? string run: measure this endpoint
---@field ca_file? string run: authorities to trust for https
---@field insecure? boolean run: accept any certificate
---@field harness? string
---@field workload? string
---@field run_overrides? string|string[] run: `--overrides`
---@field experiments? string run: file with run treatments
---@field treatments? bench.Treatment[] run: instead of those
---@field dataset? string
---@field wait_timeout? number seconds; 0: no limit
---@field analyze? boolean
---@field no_analysis? string why there is none, if not because of --no-analyze
---@field events? bench.events.Writer
---@field words? string[] the command line
---@field check? fun(ctx: bench.Context): true?, bench.Error? asked before the workspace is made

local function no_spec()
  return { code = "invalid", usage = true, message = "no specification given",
    hint = "pass --spec NAME (for example local/quickstart) or set LLMDBENCH_SPEC" }
end

local function load_plan(opts)
  if not opts.spec then return nil, no_spec() end
  local found, err = spec.find(opts.spec, { base_dir = opts.base_dir })
  if not found then return nil, err end
  if found.note then log.warn(found.note) end
  local loaded
  loaded, err = spec.load(found)
  if not loaded then return nil, err end
  return plan.build(loaded, opts)
end

-- What makes no sense without stacks. A variable that is set for other commands is no reason to refuse.
local STACK_OPTIONS = { "set", "namespace", "methods", "stack", "wva", "strict" }

local function check_url_options(opts)
  for _, name in ipairs(STACK_OPTIONS) do
    local source = (opts.sources or {})[name] or "--" .. name
    if opts[name] ~= nil and source:sub(1, 2) == "--" then
      return { code = "invalid", usage = true, message = source .. " needs --spec: an endpoint alone has no stacks" }
    end
  end
end

-- A plan of one stack for an endpoint that we know nothing else about.
local function url_plan(opts)
  local err = check_url_options(opts)
  if err then return nil, err end
  if opts.models then return plan.for_url(opts.endpoint_url, opts.models, "--model") end
  if opts.dry_run then
    return nil, { code = "invalid", usage = true, message = "--url needs --model in a dry run, which asks no server" }
  end
  local model
  model, err = require("bench.endpoint").only_model(opts.endpoint_url, context.access(opts))
  if not model then return nil, err end
  log.info(("Model %s: the only one that %s serves"):format(model, opts.endpoint_url))
  return plan.for_url(opts.endpoint_url, model, "the endpoint's list of models")
end

local function open_workspace(opts, built)
  local where = { workspace = opts.workspace, work_dir = built.work_dir, parent = opts.parent_workspace,
    name = opts.workspace_name }
  if opts.dry_run then return workspace.imagined(where) end
  return workspace.open(where)
end

local function start_logging(ctx)
  if ctx.opts.parent_workspace then return true end
  return log.open(ctx.workspace:path "logs")
end

local function copy(opts)
  local copied = {}
  for key, value in pairs(opts) do copied[key] = value end
  return copied
end

-- Harness and profile of an experiment file, unless the command line names others.
local function take_choices(opts, design)
  opts.harness = opts.harness or design.harness
  if opts.workload or not design.profile then return end
  local found = workload.find(opts.harness or "native", design.profile, opts.base_dir, fs.parent(opts.experiments))
  opts.workload = found and found.is_file and found.path or design.profile
end

-- The run treatments: those of the caller, of an experiment file, or of `--overrides`.
local function treatments_of(opts)
  if opts.treatments then return opts.treatments end
  if opts.experiments then
    local design, err = require("bench.treatment").load(opts.experiments)
    if not design then return nil, err end
    if #design.setups > 1 then
      return nil, { code = "invalid", message = opts.experiments
        .. " has setup treatments, which need a standup each",
        hint = "use `llmdbenchmark experiment -e " .. opts.experiments .. "`" }
    end
    for _, warning in ipairs(design.warnings) do log.warn(warning) end
    take_choices(opts, design)
    return design.setups[1].runs
  end
  local single, err = workload.override_treatment(opts.run_overrides)
  if err then return nil, err end
  return single and { single } or {}
end

---Reads the specification and merges the plan. Nothing is written.
---@async
---@param opts bench.SessionOptions
---@return bench.Plan? built
---@return bench.Error? err
function M.plan(opts)
  local err = opts.endpoint_url and require("bench.endpoint").check_url(opts.endpoint_url)
  if err then return nil, err end
  if opts.endpoint_url and not opts.spec then return url_plan(opts) end
  return load_plan(opts)
end

-- Values that could not be found out, each once, with the stacks that have them.
local function tell_unresolved(built)
  local lines, stacks = {}, {}
  for _, stack in ipairs(built.stacks) do
    for _, value in ipairs(stack.unresolved) do
      local line = require("bench.plan.resolve").line(value)
      if not stacks[line] then
        stacks[line], lines[#lines + 1] = {}, line
      end
      table.insert(stacks[line], stack.name)
    end
  end
  for _, line in ipairs(lines) do log.warn("stack " .. table.concat(stacks[line], ", ") .. ": " .. line) end
end

-- What is not as it should be, but no reason to stop.
local function tell_oddities(built)
  for _, warning in ipairs(built.warnings) do log.warn(warning) end
  tell_unresolved(built)
end

-- The plan with its manifests, compared with the one before if that is wanted.
local function complete_plan(opts)
  local built, err = M.plan(opts)
  if not built then return nil, err end
  for _, warning in ipairs(consistency.between(built.stacks)) do table.insert(built.warnings, warning) end
  tell_oddities(built)
  err = manifests.render(built)
  if err or not opts.compare_plan then return not err and built or nil, err end
  local notes
  notes, err = require("bench.plan.record").compare(workspace.root(opts.workspace, built.work_dir), built)
  if err then return nil, err end
  for _, note in ipairs(notes) do
    local warning = note:match("^warning: (.*)$")
    if warning then log.warn(warning) else log.info(note) end
  end
  return built
end

---Reads the specification, merges and renders the plan, makes the workspace and writes the plan into it. A dry
---run writes nothing.
---@async
---@param opts bench.SessionOptions
---@return bench.Context? ctx
---@return bench.Error? err
function M.open(opts)
  local built, err = complete_plan(opts)
  if not built then return nil, err end
  local treatments, place, ok
  opts = copy(opts)
  treatments, err = treatments_of(opts)
  if not treatments then return nil, err end
  local ctx = context.new(opts, built, treatments)
  if opts.check then err = select(2, opts.check(ctx)) end
  if err then return nil, err end
  place, err = open_workspace(opts, built)
  if not place then return nil, err end
  ctx.workspace = place
  if ctx.dry_run then return ctx end
  ok, err = start_logging(ctx)
  if ok then ok, err = plan_files.write(built, place) end
  if not ok then return nil, err end
  if opts.prerender then require("bench.plan.helm").prerender(built, place, opts) end
  return ctx
end

return M
