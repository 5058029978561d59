-- Brings treatments about with the shipped phases: session, standup, smoketest, run, teardown.
local fs = require "host.fs"
local harness = require "bench.harness"
local lifecycle = require "bench.lifecycle"
local manifests = require "bench.plan.manifests"
local plan = require "bench.plan"
local session = require "bench.session"
local settings = require "bench.local_servers.settings"
local spec = require "bench.spec"
local text = require "host.text"
local workload = require "bench.workload"
local workspace = require "bench.workspace"

local M = {}

-- The parts of the run phase: what all runs share, one run, and what follows the last.
local BEFORE_RUNS, ONE_RUN, AFTER_RUNS = "0-4", "5-9", "10-12"

---@class bench.experiment.PhaseDriver: bench.experiment.Driver
---@field opts bench.SessionOptions
---@field workspace? bench.Workspace
local Driver = {}
Driver.__index = Driver

local function merged(opts, more)
  local result = {}
  for key, value in pairs(opts) do result[key] = value end
  for key, value in pairs(more) do result[key] = value end
  return result
end

local function load_spec(opts)
  if not opts.spec then
    return nil, { code = "invalid", message = "no specification given",
      hint = "pass --spec NAME (for example local/quickstart) or set LLMDBENCH_SPEC" }
  end
  local found, err = spec.find(opts.spec, { base_dir = opts.base_dir })
  if not found then return nil, err end
  return spec.load(found, { base_dir = opts.base_dir })
end

-- The profile: that of the command line, else of the design, else of the plan. A design's may be beside its file. One
-- that was found by its path when the experiment began is found there again.
local function find_profile(driver, design, config)
  local opts, folder = driver.opts, driver.harness.profiles or driver.harness.name
  local name = opts.workload or design.profile or plan.get(config, "harness.experimentProfile")
    or plan.get(config, "harness.profile", "sanity_random.yaml")
  local beside = not opts.workload and design.profile and design.file and fs.parent(design.file) or nil
  local found, err = workload.find(folder, name, opts.base_dir, beside)
  local before = opts.recorded_profile
  if not found and before and fs.basename(before) == fs.basename(name) then
    found = workload.find(folder, before, opts.base_dir)
  end
  if found then opts.workload = found.is_file and found.path or name end
  return found, err
end

-- Harness and profile: command line, else the design, else the plan.
local function choose(driver, design, config)
  driver.opts.harness = driver.opts.harness or design.harness or plan.get(config, "harness.name", "native")
  local definition, err = harness.get(driver.opts.harness)
  if not definition then return err end
  driver.harness = definition
  driver.profile, err = find_profile(driver, design, config)
  if not driver.profile then return err end
  driver.source, err = fs.read(driver.profile.path)
  return not driver.source and err or nil
end

---@param opts bench.SessionOptions
---@param design bench.doe.Design
---@return bench.experiment.PhaseDriver? driver
---@return bench.Error? err
function M.new(opts, design)
  local driver = setmetatable({ opts = merged(opts, { analyze = opts.analyze or false,
    no_analysis = opts.analyze == nil and "all treatments are compared at the end; --analyze draws each" or nil }) },
    Driver)
  local err
  driver.spec, err = load_spec(opts)
  if not driver.spec then return nil, err end
  local built
  built, err = plan.build(driver.spec, driver.opts)
  if not built then return nil, err end
  driver.work_dir, driver.stack = built.work_dir, built.selected[1]
  err = choose(driver, design, driver.stack.config)
  if err then return nil, err end
  driver.profile_digest, driver.design_file = text.sha256(driver.source), design.file
  return driver
end

-- Before anything is deployed

-- The place of a treatment, its name and what is wrong with it.
local function blame(driver, kind, treatment, err)
  local place = treatment.origin or driver.design_file
  err.message = ("%s%s treatment '%s': %s"):format(place and place .. ": " or "", kind, treatment.name, err.message)
  return err
end

-- What a standup on this machine would refuse.
local function check_local(built)
  for _, stack in ipairs(built.selected) do
    if stack.method == "local" then
      local ok, err = settings.read(stack, "-")
      if not ok then return err end
    end
  end
end

---The plan of a setup treatment, as a digest. Its manifests are rendered, but not kept.
---@param setup bench.doe.Setup
---@return string? digest
---@return bench.Error? err an override that fits no key, with its place; a template that fails
function Driver:plan_digest(setup)
  local built, err = plan.build(self.spec, merged(self.opts, { overrides = setup.overrides }))
  if not built then
    local what = err.message:match "^setup treatment: (.*)$"  -- one without a place of its own
    if not what then return nil, err end
    err.message = what
    return nil, blame(self, "setup", setup, err)
  end
  err = check_local(built)
  if err then return nil, blame(self, "setup", setup, err) end
  err = manifests.render(built)
  if err then return nil, err end
  return built.digest
end

---Which keys of a setup's plan changed since its workspace was written.
---@param dir string
---@param setup bench.doe.Setup
---@return string[]
function Driver:plan_differences(dir, setup)
  local built = plan.build(self.spec, merged(self.opts, { overrides = setup.overrides }))
  return built and require("bench.experiment.differences").of_workspace(dir, built.stacks) or {}
end

local function render(driver, run)
  return workload.render(driver.source, { file = driver.profile.path, treatment = run, allows = driver.harness.allows,
    is_length = driver.harness.is_length,
    tokens = workload.tokens(driver.stack, { url = workload.STAND_IN, dataset = driver.opts.dataset }) })
end

-- Shows a rendered profile to the harness, as the run would.
local function check(driver, run, rendered)
  if not driver.harness.check then return end
  local ok, err = driver.harness.check(rendered, { file = driver.profile.path,
    endpoint = { url = workload.STAND_IN, model = driver.stack.model.name } })
  return not ok and blame(driver, "run", run, err) or nil
end

---The profile that a run treatment makes, as a digest; what depends on the stack is left open.
---@param run bench.doe.Treatment
---@return string? digest
---@return bench.Error? err an override that fits no key, or a load that cannot be, with its place
function Driver:run_digest(run)
  local rendered, err = render(self, run)
  if not rendered then return nil, err end
  err = check(self, run, rendered)
  if err then return nil, err end
  return text.sha256(rendered)
end

---@return { harness: string, profile: string, profile_digest: string, spec: string }
function Driver:facts()
  return { harness = self.opts.harness, profile = self.opts.workload, profile_digest = self.profile_digest,
    spec = self.opts.spec }
end

---The folder of the experiment.
---@param dir? string that of an experiment to resume; nil: a new one
---@return bench.Workspace? workspace
---@return bench.Error? err
function Driver:open_workspace(dir)
  local err
  if dir then
    self.workspace, err = workspace.reopen(dir)
  else
    self.workspace, err = workspace.open { workspace = self.opts.workspace, work_dir = self.work_dir }
  end
  if self.workspace then require("host.log").open(self.workspace:path "logs") end
  return self.workspace, err
end

-- Treatments

function Driver:open(setup)
  local ctx, err = session.open(merged(self.opts, { overrides = setup.overrides,
    parent_workspace = self.workspace, workspace_name = "setup-treatment-" .. setup.name, treatments = {} }))
  if not ctx then return nil, err end
  ctx.state.setup, ctx.owner = setup.name, "experiment"
  self.namespace = ctx.namespace
  return ctx
end

local function failure_of(outcome)
  for _, step in ipairs(outcome.steps) do
    if step.status == "failed" then
      local err = step.err or { code = "exit", message = step.message or "failed" }
      return { code = err.code, message = ("step %d (%s): %s"):format(step.number, step.name, err.message),
        hint = err.hint }
    end
  end
  return { code = "exit", message = "the phase failed" }
end

local function phase(ctx, name, opts)
  local outcome, err = lifecycle.phase(ctx, name, opts)
  if not outcome then return nil, err end
  if not outcome.ok then return nil, failure_of(outcome) end
  return true
end

function Driver:standup(ctx) return phase(ctx, "standup", { limit = self.opts.parallel, banner = true }) end

function Driver:smoketest(ctx) return phase(ctx, "smoketest", { limit = 1 }) end

function Driver:begin_runs(ctx) return phase(ctx, "run", { steps = BEFORE_RUNS, limit = 1 }) end

-- Pictures of single treatments are drawn only if asked for: there may be thousands.
function Driver:finish_runs(ctx)
  ctx.results.treatments = ctx.state.measured or {}
  return phase(ctx, "run", { steps = AFTER_RUNS, limit = 1 })
end

---What stands is left to whoever comes next.
function Driver:leave(ctx) return require("bench.teardown").leave(ctx) end

---The experiment is over: other commands may work on its namespace.
function Driver:close()
  if self.namespace then require("bench.local_servers").release(self.namespace) end
end

function Driver:teardown(ctx) return phase(ctx, "teardown", { banner = true }) end

-- The pictures at the end need the entries.
local function keep_for_pictures(ctx, entry)
  if not ctx.opts.analyze or not entry.result then return end
  ctx.state.measured = ctx.state.measured or {}
  table.insert(ctx.state.measured, entry)
end

-- How many servers of a stack there are to measure.
local function servers_of(ctx, name)
  for _, stack in ipairs(ctx.stacks) do
    if stack.name == name and stack.endpoint then return #(stack.endpoint.urls or {}) end
  end
end

local function result_of(driver, ctx, entry)
  local root = driver.workspace and driver.workspace.dir .. "/" or ""
  local dir = entry.dir:sub(1, #root) == root and entry.dir:sub(#root + 1) or entry.dir
  local reports = entry.reports or {}
  return { stack = entry.stack, id = entry.id, dir = dir, verdict = entry.verdict,
    manifest = reports.manifest, servers = servers_of(ctx, entry.stack),
    stages = reports.stages }
end

function Driver:run(ctx, cell)
  ctx.treatments = { { name = cell.name, overrides = cell.run.overrides, seed = cell.seed,
    repetition = cell.repetition,
    setup = ctx.state.setup, experiment = self.workspace and fs.basename(self.workspace.dir) } }
  ctx.results.treatments, ctx.state.jobs = {}, {}
  local ok, err = phase(ctx, "run", { steps = ONE_RUN, limit = 1 })
  local results = {}
  for i, entry in ipairs(ctx.results.treatments) do
    results[i] = result_of(self, ctx, entry)
    keep_for_pictures(ctx, entry)
  end
  if not ok then return results, err end
  return results
end

return M
