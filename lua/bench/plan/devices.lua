---How many accelerators pods ask for, as the manifests have it (`resources` in _vllm.j2, `devices` in the templates of
---the servers).
---@class bench.plan.devices
local M = {}

local tree = require "bench.tree"

local function number(config, ...)
  return tonumber(tree.at(config, ...))
end

---The Kubernetes resource of a role's accelerators.
---@param config table
---@param role string decode, prefill or standalone
---@return string? name
function M.resource(config, role)
  return tree.at(config, role, "accelerator", "resource") or tree.at(config, "accelerator", "resource")
end

---Engines of one pod: its data parallel replicas.
---@param config table
---@param role string
---@return number
function M.engines(config, role)
  local standalone = role == "standalone" and number(config, role, "parallelism", "data")
  return number(config, role, "parallelism", "dataLocal") or standalone or 1
end

-- What `resources.limits` says by name wins over every count.
local function limited(config, role)
  local resource = M.resource(config, role)
  local amount = resource and tree.at(config, role, "resources", "limits", resource)
  if amount ~= nil then return tonumber(amount) or 0 end
  if tree.at(config, "accelerator", "type") == "cpu" then return 0 end
end

-- A count that is given but no number counts as none: so it does in the manifest.
local function counted(config, role)
  local own = tree.at(config, role, "accelerator", "count")
  if own == nil and role == "standalone" then own = tree.at(config, "accelerator", "count") end
  if own ~= nil then return tonumber(own) or 0 end
end

local function tensor(config, role)
  return number(config, role, "parallelism", "tensor") or 1
end

---Accelerators of the server's container in one pod of a role.
---@param config table
---@param role string decode, prefill or standalone
---@return number
function M.of_server(config, role)
  local given = limited(config, role) or counted(config, role)
  if given then return given end
  return tensor(config, role) * (role == "standalone" and 1 or M.engines(config, role))
end

---Accelerators of a whole pod of a role: those of the server, and of the launcher beside a standalone one.
---@param config table
---@param role string
---@return number
function M.of_pod(config, role)
  local count = M.of_server(config, role)
  if role ~= "standalone" or tree.at(config, role, "launcher", "enabled") ~= true then return count end
  return count + (limited(config, role) or tensor(config, role))
end

return M
