---Values that are taken from the cluster: accelerators, network resources and node labels.
---@class bench.plan.resolve.hardware
local M = {}

local cluster = require "bench.plan.resolve.cluster"
local json = require "host.json"

local ROLES = { "decode", "prefill", "standalone" }
local CLUSTER_REMEDY = "plan where the cluster can be reached, or write the value instead of auto"

local function choose(state, key, list, what)
  if #list > 1 then
    local warning = "%s: the cluster has several %s (%s); took the first, write another if you like"
    table.insert(state.stack.warnings, warning:format(key, what, table.concat(list, ", ")))
  end
  return list[1]
end

local function set_accelerator(state, scan, reason)
  local key = "accelerator.resource"
  local found = scan and choose(state, key, scan.accelerators, "accelerators")
  if found then return state:set({ "accelerator", "resource" }, found, "auto: nodes of the cluster") end
  state:unresolved(key, reason or "no ready node offers " .. table.concat(cluster.ACCELERATORS, ", "), CLUSTER_REMEDY)
end

local function set_network(state, scan, reason)
  local key = "vllmCommon.networkResource"
  local found = scan and choose(state, key, scan.networks, "network resources")
  local number = state:get("vllmCommon", "networkNr")
  state:set({ "vllmCommon", "networkResource" }, found or "", "auto: nodes of the cluster")
  if found and (number == nil or number == "" or number == "auto") then
    state:set({ "vllmCommon", "networkNr" }, "1", "auto: follows networkResource")
  elseif not found and number == "auto" then
    state:set({ "vllmCommon", "networkNr" }, "", "auto: follows networkResource")
  end
  if not scan then state:unresolved(key, reason .. "; pods ask for no network resource", CLUSTER_REMEDY) end
end

local function set_network_number(state)
  local resource = state:get("vllmCommon", "networkResource")
  local number = resource and resource ~= "" and resource ~= "auto" and "1" or ""
  state:set({ "vllmCommon", "networkNr" }, number, "auto: follows networkResource")
end

local function no_label(reason)
  return reason or "no ready node has a label " .. table.concat(cluster.GPU_LABELS, ", ")
end

local function set_affinity(state, scan, reason)
  local key = "affinity.nodeSelector"
  local label = scan and scan.labels[1]
  if label then
    local value = choose(state, key, label.values, "kinds of GPU")
    state:set({ "affinity", "nodeSelector" }, json.object { [label.key] = value }, "auto: nodes of the cluster")
    state:set({ "affinity", "enabled" }, true, "affinity.nodeSelector: auto")
    return
  end
  if state:get("affinity", "enabled") ~= true then return state:unresolved(key, no_label(reason), CLUSTER_REMEDY) end
  local place = state.stack.origins[key]
  return { code = "invalid", key = key,
    message = (place and place .. ": " or "") .. key
      .. " is auto and affinity.enabled is true, but the label is not known: " .. no_label(reason),
    hint = "write affinity.nodeSelector: {LABEL: VALUE} (or --set 'affinity.nodeSelector={LABEL: VALUE}'), set "
      .. "affinity.enabled=false, or plan where the cluster can be reached" }
end

local function set_label(state, role, scan, reason)
  local key = role .. ".acceleratorType.labelValue"
  local label = scan and scan.labels[1]
  if not label then return state:unresolved(key, no_label(reason), CLUSTER_REMEDY) end
  local value = choose(state, key, label.values, "kinds of GPU")
  state:set({ role, "acceleratorType", "labelKey" }, label.key, "auto: nodes of the cluster")
  state:set({ role, "acceleratorType", "labelValue" }, value, "auto: nodes of the cluster")
end

local function uses_gpus(state, role)
  if state:get(role, "enabled") == false then return false end
  local count = state:get(role, "accelerator", "count")
  return not (count == 0 or count == "0")
end

-- What is to be found, in order, as functions of the scan.
local function tasks(state)
  local list = {}
  local function is_auto(...) return state:get(...) == "auto" end
  if is_auto("accelerator", "resource") then list[#list + 1] = set_accelerator end
  if is_auto("vllmCommon", "networkResource") then list[#list + 1] = set_network end
  if is_auto("affinity", "nodeSelector") then list[#list + 1] = set_affinity end
  for _, role in ipairs(ROLES) do
    if is_auto(role, "acceleratorType", "labelValue") and uses_gpus(state, role) then
      list[#list + 1] = function(_, scan, reason) set_label(state, role, scan, reason) end
    end
  end
  return list
end

-- Roles ask for the same network as all servers, unless they say otherwise.
local function propagate(state)
  for _, role in ipairs(ROLES) do
    for _, key in ipairs { "networkResource", "networkNr" } do
      local own, common = state:get(role, key), state:get("vllmCommon", key)
      if type(state:get(role)) == "table" and common ~= nil and (own == nil or own == "" or own == "auto") then
        state:set({ role, key }, common, "vllmCommon." .. key)
      end
    end
  end
end

---Replaces what is `auto` by what the cluster offers, which is asked only if something is. Afterwards every role
---has its network resource.
---@async
---@param state bench.plan.resolve.Lookup
---@return bench.Error? err a value is missing without which nothing can be rendered
function M.resolve(state)
  local wanted = tasks(state)
  local scan, reason
  if #wanted > 0 then scan, reason = cluster.offers(state) end
  for _, task in ipairs(wanted) do
    local err = task(state, scan, reason)
    if err then return err end
  end
  if state:get("vllmCommon", "networkNr") == "auto" then set_network_number(state) end
  propagate(state)
end

return M
