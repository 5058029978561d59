-- A look at every treatment before the first is deployed: do its keys exist, and does it differ from the
-- others?
local record = require "bench.experiment.record"

local M = {}

---@class bench.experiment.Survey
---@field record bench.experiment.Record
---@field plan_digests table<string, string> by setup treatment
---@field run_digests table<string, string> by run treatment
---@field facts table what the driver says about harness, profile and specification

local function digests(treatments, digest_of)
  local found = {}
  for _, treatment in ipairs(treatments) do
    if not found[treatment.name] then
      local digest, err = digest_of(treatment)
      if not digest then return nil, err end
      found[treatment.name] = digest
    end
  end
  return found
end

local function all_runs(design)
  local list, seen = {}, {}
  for _, setup in ipairs(design.setups) do
    for _, run in ipairs(setup.runs) do
      if not seen[run.name] then
        seen[run.name], list[#list + 1] = true, run
      end
    end
  end
  return list
end

local function twin(treatments, found)
  local first = {}
  for _, treatment in ipairs(treatments) do
    local digest = found[treatment.name]
    if first[digest] and first[digest] ~= treatment.name then return first[digest], treatment.name end
    first[digest] = treatment.name
  end
end

local function identical(kind, what, a, b)
  return { code = "conflict",
    message = ("%s treatments '%s' and '%s' come out identical: their %s are the same"):format(kind, a, b,
      what),
    hint = "what they set makes no difference; correct it, or measure both with --allow-identical" }
end

---@param driver bench.experiment.Driver
---@param design bench.doe.Design
---@param schedule bench.doe.Schedule
---@param opts { allow_identical?: boolean, kept?: table }
---@return bench.experiment.Survey? survey
---@return bench.Error? err the first bad override with its place, or `conflict` for identical treatments
function M.of(driver, design, schedule, opts)
  local plan_digests, err = digests(design.setups, function(setup) return driver:plan_digest(setup) end)
  if not plan_digests then return nil, err end
  local runs = all_runs(design)
  local run_digests
  run_digests, err = digests(runs, function(run) return driver:run_digest(run) end)
  if not run_digests then return nil, err end
  if not opts.allow_identical then
    local a, b = twin(design.setups, plan_digests)
    if a then return nil, identical("setup", "plans", a, b) end
    a, b = twin(runs, run_digests)
    if a then return nil, identical("run", "profiles", a, b) end
  end
  local facts = driver:facts()
  return { plan_digests = plan_digests, run_digests = run_digests, facts = facts,
    record = record.new(design, schedule, { harness = facts.harness, profile = facts.profile,
      options = opts.kept or {},
      plan_digests = plan_digests, profile_digests = run_digests, profile_digest = facts.profile_digest }) }
end

---Which keys of the plans changed since the experiment began; empty where nothing can be said.
---@param dir string
---@param before bench.experiment.Record
---@param surveyed bench.experiment.Survey
---@param driver bench.experiment.Driver
---@param design bench.doe.Design
---@return string[] details
function M.plan_details(dir, before, surveyed, driver, design)
  if not driver.plan_differences then return {} end
  local was = {}
  for _, setup in ipairs(before.setups) do was[setup.name] = setup.plan_digest end
  for _, setup in ipairs(design.setups) do
    if was[setup.name] and was[setup.name] ~= surveyed.plan_digests[setup.name] then
      return driver:plan_differences(dir .. "/setup-treatment-" .. setup.name, setup)
    end
  end
  return {}
end

return M
