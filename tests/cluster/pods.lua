--- Pods that others make of what we render, as far as we decide about them: enough for the API server to judge
--- containers, probes, volumes and placement.
local json = require "host.json"
local t = require "bench.test"

local M = {}

local CONTAINER_ONLY = { "mountModelVolume", "modelCommand", "extraConfig" }    -- means something to the chart only

---@param chart_container table
---@return table container
local function container_of(chart_container)
  local container = json.decode(json.encode(chart_container))
  for key, value in pairs(container.extraConfig or {}) do container[key] = value end
  for _, key in ipairs(CONTAINER_ONLY) do container[key] = nil end
  return container
end

local function containers_of(list)
  local out = json.list {}
  for i, container in ipairs(list or {}) do out[i] = container_of(container) end
  return out
end

-- Keys of a role that are the pod's own.
local POD_KEYS = { "nodeSelector", "schedulerName", "priorityClassName", "affinity", "tolerations", "resourceClaims",
  "hostIPC", "hostPID", "enableServiceLinks", "terminationGracePeriodSeconds", "volumes" }
-- Keys of a role that become something else than pods, or are turned into the above.
local OTHER_KEYS = { "create", "replicas", "autoscaling", "acceleratorTypes", "parallelism", "annotations",
  "podAnnotations", "podSecurityContext", "accelerator", "subGroupPolicy", "subGroupExclusiveTopology",
  "initContainers", "containers", "monitoring", "extraConfig" }

local function check_keys(role, where)
  local known = {}
  for _, keys in ipairs { POD_KEYS, OTHER_KEYS } do
    for _, key in ipairs(keys) do known[key] = true end
  end
  for key in pairs(role) do t.ok(known[key], where .. ": the chart knows no '" .. key .. "'") end
end

---The pod that a launcher configuration of fast model actuation describes.
---@param launcher table
---@return table pod
function M.of_launcher(launcher)
  local template = launcher.spec.podTemplate
  local metadata = { name = launcher.metadata.name, namespace = launcher.metadata.namespace }
  metadata.labels, metadata.annotations = template.metadata.labels, template.metadata.annotations
  return { apiVersion = "v1", kind = "Pod", metadata = metadata, spec = template.spec }
end

---The pod of a role, decode or prefill.
---@param role table `decode` or `prefill` of the chart's values
---@param name string
---@return table? pod nil when the role is not created
function M.of_role(role, name)
  check_keys(role, name)
  if not role.create then return nil end
  local spec = { containers = containers_of(role.containers), initContainers = containers_of(role.initContainers),
    securityContext = role.podSecurityContext }
  for _, key in ipairs(POD_KEYS) do spec[key] = role[key] end
  for key, value in pairs(role.extraConfig or {}) do spec[key] = value end
  return { apiVersion = "v1", kind = "Pod", spec = spec,
    metadata = { name = name, namespace = "llmdbench", annotations = role.podAnnotations } }
end

return M
