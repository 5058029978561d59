---Values of a stack that follow from others: the model's label, names that must differ between stacks, the
---hub token as a reference, images of init containers, and what a stack must know about its siblings.
---@class bench.plan.derive
local M = {}

local access = require "bench.plan.access"
local flags = require "bench.plan.flags"
local json = require "host.json"
local merge = require "bench.plan.merge"
local override = require "bench.plan.override"
local scenario = require "bench.plan.scenario"
local secrets = require "bench.plan.secrets"

-- Hub token

local PLACEHOLDERS = { [""] = true, REPLACE_TOKEN = true, REPLACE_TOKEN_B64 = true }

-- The name under which a token is kept; a second, different token of a scenario gets one of its own.
local function secret_name(stack, token, taken)
  if taken.hf_token == nil or taken.hf_token == token then
    taken.hf_token = token
    return "hf_token"
  end
  return "hf_token_of_" .. stack.name
end

local function given_token(stack)
  local token = access.get(stack.config, "huggingface.token")
  if type(token) ~= "string" or PLACEHOLDERS[token] then return nil end
  return token, stack.origins["huggingface.token"] or "huggingface.token"
end

---Puts references in place of the hub token; the token itself is only remembered in this process. Without a
---token `huggingface.enabled` is false.
---@param stack bench.plan.Stack
---@param taken table<string, string> tokens of the stacks before, by secret name
function M.hub_token(stack, taken)
  local token, origin = given_token(stack)
  if secrets.is_reference(token) then return end
  if not token then token, origin = secrets.hub_token() end
  local name = token and secret_name(stack, token, taken)
  if token then secrets.remember(name, token) end
  origin = origin or "no token in the scenario or in " .. table.concat(secrets.HUB_VARIABLES, ", ")
  merge.put(stack, "huggingface.enabled", token ~= nil, origin)
  merge.put(stack, "huggingface.token", token and secrets.reference(name) or "", origin)
  merge.put(stack, "huggingface.tokenBase64", token and secrets.reference(name .. "_base64") or "", origin)
end

-- Names

---Sets `model_id_label`, the short name of the model in its namespace.
---@param stack bench.plan.Stack
function M.label(stack)
  local model, namespace = access.get(stack.config, "model.name", ""), access.get(stack.config,
    "namespace.name", "")
  local label = model ~= "" and flags.model_label(model, namespace) or access.get(stack.config,
    "model.shortName", "")
  merge.put(stack, "model_id_label", label, "follows from model.name and namespace.name")
end

local PER_STACK = {
  { "downloadJob.name", "download-model" },
  { "inferenceExtension.monitoring.secretName", "inference-gateway-sa-metrics-reader-secret" },
}

---Makes names that still have their default differ between the stacks of a scenario.
---@param stack bench.plan.Stack
---@param count integer stacks of the scenario
function M.names(stack, count)
  local label = access.get(stack.config, "model_id_label", "")
  if count < 2 or label == "" then return end
  for _, rule in ipairs(PER_STACK) do
    if access.get(stack.config, rule[1]) == rule[2] then
      merge.put(stack, rule[1], rule[2] .. "-" .. label, "one of " .. count .. " stacks: with model_id_label")
    end
  end
end

-- Objects are called after the label; names that begin with it must begin with a letter, as those of services do.
local function is_object_name(label, method)
  local begins = method == "standalone" and "^[a-z0-9-]" or "^[a-z]"
  return label:find(begins) ~= nil and label:find "^[a-z0-9-]*[a-z0-9]$" ~= nil
end

---Says whether the API server would refuse the names that follow from the model's.
---@param stack bench.plan.Stack with a label
---@return string? problem
function M.refused_names(stack)
  local label = access.get(stack.config, "model_id_label", "")
  if stack.method == "local" or label == "" or is_object_name(label, stack.method) then return nil end
  local place = merge.origin_at(stack.origins, "model.name")
  return ("%smodel.name: '%s' gives Kubernetes objects the name '%s', which the API server refuses: names have lower-case "
    .. "letters, digits and '-', begin with a letter and end with a letter or digit; give model.name another name for "
    .. "clients, and the hub's in model.huggingfaceId"):format(place and place .. ": " or "",
    access.get(stack.config, "model.name", ""), label)
end

local function clash(first, second)
  local place = merge.origin_at(second.origins, "model.name")
  return ("%sstacks '%s' and '%s' serve the same model (%s) in the same namespace (%s): their releases and objects have "
    .. "the same names, and standup puts the second in the place of the first; give one of them another model.name or "
    .. "namespace.name"):format(place and place .. ": " or "", first.name, second.name,
    access.get(second.config, "model.name", ""), access.get(second.config, "namespace.name", ""))
end

---Stacks of a cluster whose objects would have the same names: one line for each that overwrites an earlier one.
---@param stacks bench.plan.Stack[] with labels
---@return string[]
function M.clashes(stacks)
  local taken, lines = {}, {}
  for _, stack in ipairs(stacks) do
    local name = stack.method .. " " .. access.get(stack.config, "model_id_label", "")
    if taken[name] and stack.method ~= "local" then lines[#lines + 1] = clash(taken[name], stack) end
    taken[name] = taken[name] or stack
  end
  return lines
end

local RULE = "inferenceExtension.inferencePoolProviderConfig.destinationRule"

---Names the host of a destination rule that has none.
---@param stack bench.plan.Stack
function M.destination_host(stack)
  local rule = access.get(stack.config, RULE)
  if override.kind_of(rule) ~= "map" or scenario.is_true(rawget(rule, "host")) then return end
  merge.put(stack, RULE .. ".host", access.get(stack.config, "model_id_label", "") .. "-gaie-epp",
    "follows from model_id_label")
end

-- Images

local function benchmark_image(config)
  local image = access.get(config, "images.benchmark")
  if override.kind_of(image) ~= "map" then return nil end
  local repository, tag = rawget(image, "repository"), rawget(image, "tag")
  if not (scenario.is_true(repository) and scenario.is_true(tag)) then return nil end
  return tostring(repository) .. ":" .. tostring(tag)
end

---Gives init containers without an image that of the benchmark.
---@param stack bench.plan.Stack
function M.init_images(stack)
  local image = benchmark_image(stack.config)
  if not image then return end
  for _, role in ipairs { "decode", "prefill", "standalone" } do
    local containers = access.get(stack.config, role .. ".initContainers")
    for _, entry in ipairs(override.kind_of(containers) == "list" and containers or {}) do
      if override.kind_of(entry) == "map" and not scenario.is_true(rawget(entry, "image")) then
        entry.image = image
      end
    end
  end
end

-- Siblings

-- Neither standalone servers nor local ones take part in shared routes and infrastructure.
local function stands_alone(stack)
  return stack.method == "standalone" or stack.method == "local"
end

local function summary(stack)
  return json.object({ name = stack.name, modelName = access.get(stack.config, "model.name", ""),
    standalone = stands_alone(stack) }, { "name", "modelName", "standalone" })
end

---Tells every stack about all of them: `siblingStacks`, `stackIndex` and `sharedInfraStackIndex` (the first
---one that does not stand alone). Positions count from 1.
---@param stacks bench.plan.Stack[] with all else decided
function M.siblings(stacks)
  local list, owner = {}, nil
  for position, stack in ipairs(stacks) do
    list[position] = summary(stack)
    if not owner and not stands_alone(stack) then owner = position end
  end
  list = json.list(list)
  for position, stack in ipairs(stacks) do
    merge.put(stack, "siblingStacks", list, "the stacks of the scenario")
    merge.put(stack, "stackIndex", position, "position in the scenario")
    merge.put(stack, "sharedInfraStackIndex", owner or 1, "the first stack that shares the gateway")
  end
end

---The prefix under which a shared route serves a stack: `httpRoute.pathPrefix` with `{stack.name}` replaced;
---"" unless the route is shared and the stack takes part in it.
---@param stack bench.plan.Stack
---@return string
function M.path_prefix(stack)
  local prefix = access.get(stack.config, "httpRoute.pathPrefix", "")
  if stands_alone(stack) or access.get(stack.config, "httpRoute.mode") ~= "shared" then return "" end
  return (tostring(prefix):gsub("{stack%.name}", (stack.name:gsub("%%", "%%%%"))))
end

return M
