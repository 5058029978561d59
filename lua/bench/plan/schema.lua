---Which keys an override may add although neither the defaults nor the scenario has them.
---@class bench.plan.schema
local M = {}

local override = require "bench.plan.override"

-- Keys that templates and steps understand but that have no default.
local OPTIONAL = {
  "resourcePreset", "workDir", "httpRoute", "tracing", "requester", "parallelism",
  "model.maxNumSeq", "model.maxNumBatchedTokens", "gateway.version", "monitoring.podmonitor.portName",
  "accelerator.count", "accelerator.memory", "accelerator.resources", "accelerator.env", "dra.claimTemplates",
  "inferenceExtension.resources", "inferenceExtension.flags", "routing.proxy.prefillerUseTLS",
  "routing.proxy.certPath", "routing.proxy.zapDevel", "routing.proxy.zapStacktraceLevel",
  "routing.proxy.zapTimeEncoding", "vllmCommon.kvTransfer.extraConfig", "vllmCommon.kvEvents.serviceName",
  "vllmCommon.shmMemory", "vllmCommon.podScheduler", "storage.hostPath",
  "wva.variantAutoscaling.minReplicas", "wva.variantAutoscaling.maxReplicas",
  "harness.experimentProfile", "harness.namespace", "harness.pvcSize", "harness.entrypoint",
  "harness.extraEnvVars", "harness.serviceAccount", "harness.stackName", "harness.resultsDirPrefix",
  "experiment.datasetFile", "run.description", "run.keywords",
  "local.port", "local.cwd",
}

-- The same for each role of a model server.
local ROLE_OPTIONAL = { "networkResource", "networkNr", "acceleratorType.labelValues", "vllm.customCommand",
  "vllm.customPreprocessCommand" }

-- Maps whose keys are the user's own.
local OPEN = {
  "local.env", "httpRoute", "tracing", "requester", "accelerator.resources", "accelerator.env", "common",
  "annotations.common", "annotations.decode.pod", "annotations.prefill.pod", "affinity.nodeSelector",
  "inferenceExtension.pluginsCustomConfig", "inferenceExtension.inferencePoolProviderConfig",
  "inferenceExtension.flags", "inferenceExtension.resources", "vllmCommon.kvTransfer.extraConfig",
  "standalone.labels", "standalone.extraPodLabels", "standalone.podAnnotations",
}

local optional, open = {}, {}
for _, key in ipairs(OPTIONAL) do optional[key] = true end
for _, key in ipairs(OPEN) do open[key] = true end
for _, role in ipairs { "decode", "prefill", "standalone" } do
  for _, key in ipairs(ROLE_OPTIONAL) do optional[role .. "." .. key] = true end
end

local function is_open(parts, count)
  for depth = 1, count do
    if open[override.join_path({ unpack(parts, 1, depth) })] then return true end
  end
  return false
end

local function holds_nothing(config, parts, count)
  local node = config
  for depth = 1, count do
    if type(node) ~= "table" then return false end
    node = rawget(node, parts[depth])
  end
  return type(node) == "table" and next(node) == nil
end

-- True for a part of an optional key: `run` on the way to `run.description`.
local function leads_to_optional(path)
  local prefix = path .. "."
  for key in pairs(optional) do
    if key:sub(1, #prefix) == prefix then return true end
  end
  return false
end

---May an override add this key to `config`? True for known optional keys, and below maps that are the user's
---own or still empty.
---@param config table the configuration before the override
---@param parts string[]
---@return boolean
function M.allows(config, parts)
  local path = override.join_path(parts)
  return optional[path] == true or is_open(parts, #parts - 1) or holds_nothing(config, parts, #parts - 1)
    or leads_to_optional(path)
end

return M
