---An overview of all specifications: what each would deploy, and what it needs.
---@class bench.specs
local M = {}

local access = require "bench.plan.access"
local devices = require "bench.plan.devices"
local json = require "host.json"
local lists = require "bench.lists"
local override = require "bench.plan.override"
local plan = require "bench.plan"
local scenario = require "bench.plan.scenario"
local spec = require "bench.spec"

---@class bench.specs.Row
---@field name string
---@field path string
---@field scenario string? path of the scenario file
---@field stacks { name: string, method: string, model: string, needs: string[] }[]
---@field models string[]
---@field methods string[]
---@field needs string[]
---@field error string? why it cannot be planned

local function number(config, path, fallback)
  return tonumber(access.get(config, path, fallback)) or fallback
end

local function is_served(config, role)
  return access.get(config, role .. ".enabled", true) == true
end

-- Devices of all pods of a stack, by resource name.
local function accelerators(stack)
  local config, total = stack.config, {}
  local roles = stack.method == "standalone" and { "standalone" } or { "decode", "prefill" }
  local multinode = access.get(config, "multinode.enabled") == true
  for _, role in ipairs(stack.method == "fma" and {} or roles) do
    local pods = is_served(config, role) and number(config, role .. ".replicas", 0) or 0
    if multinode then pods = pods * math.max(1, number(config, role .. ".parallelism.workers", 1)) end
    local resource = devices.resource(config, role) or "accelerators"
    local count = pods * devices.of_pod(config, role)
    if count > 0 then total[resource] = (total[resource] or 0) + count end
  end
  return total
end

local function add_accelerators(needs, stack)
  local total = accelerators(stack)
  local names = {}
  for name in pairs(total) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do needs[#needs + 1] = ("%d %s"):format(total[name], name) end
end

local function cluster_needs(stack)
  local config, needs = stack.config, { "Kubernetes" }
  add_accelerators(needs, stack)
  if stack.method == "modelservice" then
    needs[#needs + 1] = "helmfile"
    needs[#needs + 1] = "gateway " .. access.get(config, "gateway.className", "?")
  end
  if stack.method == "fma" then needs[#needs + 1], needs[#needs + 2] = "GPU nodes", "helmfile" end
  if access.get(config, "multinode.enabled") == true then needs[#needs + 1] = "LeaderWorkerSet" end
  if access.get(config, "wva.enabled") == true then needs[#needs + 1] = "WVA and Prometheus" end
  if scenario.is_true(access.get(config, "vllmCommon.networkResource")) then
    needs[#needs + 1] = tostring(config.vllmCommon.networkResource)
  end
  return needs
end

local function local_needs(stack)
  local needs, command = {}, access.get(stack.config, "local.command")
  local program = override.kind_of(command) == "list" and command[1] or tostring(command):match("%S+")
  program = program:gsub("^{(.*)}$", function(name) return access.get(stack.config, "local.vars." .. name) end)
  if program ~= "llmdbenchmark" then needs[1] = program end
  for _, name in ipairs(json.keys(json.object(stack.unset_vars))) do
    needs[#needs + 1] = "local.vars." .. name
  end
  return needs
end

local function row_of_stack(stack)
  return { name = stack.name, method = stack.method, model = stack.model.name,
    needs = json.list(stack.method == "local" and local_needs(stack) or cluster_needs(stack)) }
end

local function add_new(list, item)
  if not lists.contains(list, item) then list[#list + 1] = item end
end

-- `2 nvidia.com/gpu` of one stack and `1 nvidia.com/gpu` of another are three.
local function add_need(needs, need)
  local count, what = need:match("^(%d+) (.+)$")
  if not count then return add_new(needs, need) end
  for i, other in ipairs(needs) do
    local more, same = other:match("^(%d+) (.+)$")
    if same == what then
      needs[i] = ("%d %s"):format(tonumber(count) + tonumber(more), what)
      return
    end
  end
  needs[#needs + 1] = need
end

local function gather(row)
  for _, stack in ipairs(row.stacks) do
    add_new(row.models, stack.model)
    add_new(row.methods, stack.method)
    for _, need in ipairs(stack.needs) do add_need(row.needs, need) end
  end
end

local function build(found)
  local loaded, err = spec.load(found)
  if not loaded then return nil, err end
  return plan.build(loaded, { offline = true })
end

local function row_of(listed, base_dir)
  local row = { name = listed.name, path = listed.path, stacks = json.list(), models = json.list(),
    methods = json.list(), needs = json.list() }
  local found, err = spec.find(listed.path, { base_dir = base_dir })
  local built
  if found then built, err = build(found) end
  if not built then
    row.error = err.message
    return row
  end
  row.scenario = built.spec.scenario_file
  for i, stack in ipairs(built.stacks) do row.stacks[i] = row_of_stack(stack) end
  gather(row)
  return row
end

---Every specification that can be named, with what it deploys. One that is broken has an `error`.
---@async
---@param opts? { base_dir?: string }
---@return bench.specs.Row[]
function M.rows(opts)
  local rows = {}
  for i, listed in ipairs(spec.list(opts)) do rows[i] = row_of(listed, opts and opts.base_dir) end
  return rows
end

return M
