---What a stack asks for: roles, GPUs, their memory, and how the model is divided.
---@class bench.plan.capacity.demand
local M = {}

local devices = require "bench.plan.devices"
local tree = require "bench.tree"

---@class bench.plan.capacity.Demand
---@field role string
---@field skip string? why nothing is checked
---@field tensor integer
---@field data integer data parallel replicas of a pod
---@field need integer GPUs that these take
---@field gpus_per_pod integer
---@field gpu_gib number? nil: not known
---@field gpu string? what says so

local function whole(value)
  local number = tonumber(value)
  return number and number % 1 == 0 and number >= 0 and number or nil
end

-- Memory of accelerators whose label does not say it, in GiB.
local KNOWN = { { "H200", 141 }, { "H20", 96 }, { "H100", 80 }, { "MI300X", 192 }, { "MI325X", 256 }, { "L40S", 48 },
  { "L40", 48 }, { "L4", 24 }, { "A10G", 24 }, { "A10", 24 }, { "T4", 16 }, { "V100", 16 } }
local LEAST_GIB, MOST_GIB = 4, 1024

---The memory that the name of an accelerator speaks of: `80` of NVIDIA-H100-80GB-HBM3, `141` of H200.
---@param name string
---@return number? gib
function M.memory_of(name)
  local upper = name:upper()
  local number = tonumber(upper:match "(%d+)%s*GI?B")
  if not number then number = tonumber(upper:match "%-(%d+)%f[^%w_]") end
  if number and number >= LEAST_GIB and number <= MOST_GIB then return number end
  for _, known in ipairs(KNOWN) do
    if upper:find("%f[%w]" .. known[1] .. "%f[^%w]") then return known[2] end
  end
end

-- Of several kinds of GPU the smallest, since a pod may get any.
local function smallest(names)
  local least, which
  for _, name in ipairs(names) do
    local memory = type(name) == "string" and M.memory_of(name)
    if memory and (not least or memory < least) then least, which = memory, name end
  end
  return least, which
end

-- What the manifests ask for: `labelValues`, else `labelValue`.
local function labels_of(config, role)
  local several = tree.at(config, role, "acceleratorType", "labelValues")
  if type(several) == "table" and #several > 0 then return several end
  return { tree.at(config, role, "acceleratorType", "labelValue") }
end

local function gpu_memory(config, role)
  local given = tree.at(config, role, "accelerator", "memory") or tree.at(config, "accelerator", "memory")
  if tonumber(given) then return tonumber(given), "accelerator.memory" end
  if type(given) == "string" and M.memory_of(given) then return M.memory_of(given), given end
  local labels = labels_of(config, role)
  local memory, name = smallest(labels)
  if not memory then memory, name = smallest { tree.at(config, "accelerator", "type") } end
  return memory, name or type(labels[1]) == "string" and labels[1] or nil
end

local function skip_reason(config, role, gpus)
  if tree.at(config, role, "enabled") == false then return "is not enabled" end
  if (whole(tree.at(config, role, "replicas")) or 0) == 0 then return "has no replicas" end
  if (whole(tree.at(config, role, "parallelism", "tensor")) or 1) == 0 then
    return "has no tensor parallelism, that is no GPUs"
  end
  if gpus == 0 or tree.at(config, "accelerator", "type") == "cpu" then return "uses no GPUs" end
end

---What one role asks for.
---@param config table
---@param role string
---@return bench.plan.capacity.Demand
function M.of(config, role)
  local tensor = whole(tree.at(config, role, "parallelism", "tensor")) or 1
  local data = devices.engines(config, role)
  local demand = { role = role, tensor = tensor, data = data, need = tensor * data }
  demand.gpus_per_pod = whole(tree.at(config, role, "acceleratorNr")) or devices.of_server(config, role)
  demand.skip = skip_reason(config, role, demand.gpus_per_pod)
  demand.gpu_gib, demand.gpu = gpu_memory(config, role)
  return demand
end

---The roles of a stack that serve its model, by method.
---@param stack { config: table, method?: string }
---@return string[] roles
---@return string? reason why there are none
function M.roles(stack)
  local config = stack.config
  local function enabled(method) return tree.at(config, method, "enabled") == true end
  local method = stack.method or enabled "local" and "local" or enabled "standalone" and "standalone"
    or enabled "fma" and not enabled "modelservice" and "fma" or "modelservice"
  if method == "standalone" then return { "standalone" } end
  if method == "modelservice" then return { "decode", "prefill" } end
  if method == "fma" then return {}, "fast model actuation divides GPUs itself" end
  return {}, "servers of this machine are not checked"
end

return M
