---Command-line flags and their environment variables that change the configuration of stacks.
---@class bench.plan.flags
local M = {}

local access = require "bench.plan.access"
local json = require "host.json"
local lists = require "bench.lists"
local merge = require "bench.plan.merge"
local text = require "host.text"

---The deploy methods that a scenario can name, in the order in which an ambiguous one is decided.
M.METHODS = { "local", "standalone", "fma", "modelservice" }

M.DEFAULT_NAMESPACE = "llmdbench"

local function invalid(message, hint)
  return { code = "invalid", message = message, hint = hint }
end

local function section(config, name)
  local map = rawget(config, name)
  if type(map) ~= "table" then
    map = json.object {}
    config[name] = map
  end
  return map
end

local function set(stack, name, key, value, origin)
  merge.put(stack, name .. "." .. key, value, origin)
end

local function warn(stack, message)
  stack.warnings[#stack.warnings + 1] = message
end

-- Namespaces

local function check_namespace(name)
  if #name <= 63 and name:match("^[a-z0-9][-a-z0-9]*$") and not name:match("%-$") then return nil end
  return invalid("'" .. name .. "' is not a namespace name",
    "use at most 63 lower-case letters, digits and '-', beginning and ending with a letter or digit")
end

---Splits `deploy[,harness[,wva]]`.
---@param value string
---@return { deploy: string, harness: string, wva: string }?
---@return bench.Error?
function M.namespaces(value)
  local parts = {}
  for part in (value .. ","):gmatch("%s*(.-)%s*,") do parts[#parts + 1] = part end
  if #parts > 3 then
    return nil, invalid("'" .. value .. "' names more than three namespaces", "write DEPLOY[,HARNESS[,WVA]]")
  end
  local deploy = parts[1]
  if deploy == "" then
    return nil, invalid("the deploy namespace is empty in '" .. value .. "'", "write DEPLOY[,HARNESS[,WVA]]")
  end
  if deploy == "auto" then deploy = M.DEFAULT_NAMESPACE end
  local function other(name)
    if name == nil or name == "" or name == "auto" then return deploy end
    return name
  end
  local result = { deploy = deploy, harness = other(parts[2]), wva = other(parts[3]) }
  for _, field in ipairs { "deploy", "harness", "wva" } do
    local err = check_namespace(result[field])
    if err then return nil, err end
  end
  return result
end

local function follow_gateway(stack, deploy, origin)
  local gateway = rawget(stack.config, "gateway")
  local current = type(gateway) == "table" and rawget(gateway, "namespace") or nil
  if current == "auto" or current == M.DEFAULT_NAMESPACE or current == "" then
    set(stack, "gateway", "namespace", deploy, origin)
  end
end

---Applies `--namespace`, or resolves the scenario's own.
---@return bench.Error?
function M.apply_namespace(stack, value, origin)
  if not value then
    local own = rawget(section(stack.config, "namespace"), "name")
    if own == nil or own == "auto" or own == json.null then
      own = M.DEFAULT_NAMESPACE
      set(stack, "namespace", "name", own, "default for 'auto'")
    end
    local err = check_namespace(tostring(own))
    if err then
      err.message = ("%s: stack '%s': namespace.name: %s"):format(merge.origin_at(stack.origins, "namespace.name"),
        stack.name, err.message)
      return err
    end
    return follow_gateway(stack, own, "namespace.name")
  end
  local names, err = M.namespaces(value)
  if not names then return err end
  set(stack, "namespace", "name", names.deploy, origin)
  set(stack, "harness", "namespace", names.harness, origin)
  set(stack, "wva", "namespace", names.wva, origin)
  return follow_gateway(stack, names.deploy, origin)
end

-- Model

---The short name of a model in a namespace: `<first 8>-<8 hex of the hash>-<last 8>`.
---@param model string
---@param namespace string
---@return string
function M.model_label(model, namespace)
  local id = model:gsub("[/.]", "-")
  local hash = text.sha256(namespace == "" and id or namespace .. "/" .. id)
  return (id:sub(1, 8) .. "-" .. hash:sub(1, 8) .. "-" .. id:sub(-8)):lower()
end

-- A command of the user's own that names the model itself does not follow the flag.
local function warn_about_commands(stack, origin)
  for _, role in ipairs { "decode", "prefill", "standalone" } do
    local command = access.get(stack.config, role .. ".vllm.customCommand")
    if type(command) ~= "string" then command = "" end
    local follows = command:find("${model.", 1, true) or command:find("$MODEL_")
    if command ~= "" and not follows then
      local key = role .. ".vllm.customCommand"
      warn(stack, ("%s: %s (%s) is a command of its own; the model will not reach it unless it says "
        .. "${model.name} or $MODEL_NAME"):format(origin, key, stack.origins[key] or "stack " .. stack.name))
    end
  end
end

---Applies `--models`.
---@param stack bench.plan.Stack
---@param model string
---@param origin string
function M.apply_model(stack, model, origin)
  set(stack, "model", "name", model, origin)
  set(stack, "model", "huggingfaceId", model, origin)
  set(stack, "model", "path", "models/" .. model, origin)
  set(stack, "model", "shortName", M.model_label(model, stack.config.namespace.name), origin)
  warn_about_commands(stack, origin)
end

-- Methods

local function is_enabled(config, method)
  local map = rawget(config, method)
  return type(map) == "table" and rawget(map, "enabled") == true
end

local function check_methods(value)
  local wanted, seen = {}, {}
  for name in value:gmatch("[^,%s]+") do
    if not lists.contains(M.METHODS, name) then
      return nil, invalid("unknown deploy method '" .. name .. "'" .. text.did_you_mean(name, M.METHODS),
        "known methods: " .. table.concat(M.METHODS, ", "))
    end
    if not seen[name] then
      seen[name], wanted[#wanted + 1] = true, name
    end
  end
  return wanted
end

-- Which of two methods that are asked for at once is taken.
local PAIRS = {
  { "standalone", "modelservice", "modelservice" },
  { "standalone", "fma", "standalone" },
  { "modelservice", "fma", "modelservice" },
}

local function winner(wanted)
  for _, pair in ipairs(PAIRS) do
    if lists.contains(wanted, pair[1]) and lists.contains(wanted, pair[2]) then return pair[3] end
  end
  return wanted[1]
end

---@param value string comma list
---@return string? method the one that wins
---@return bench.Error|string|nil err_or_note the error, or what to tell about methods that were dropped
function M.choose_method(value)
  local wanted, err = check_methods(value)
  if not wanted then return nil, err end
  if #wanted == 0 or (#wanted > 1 and lists.contains(wanted, "local")) then
    return nil, invalid("a stack has one deploy method, not '" .. value .. "'",
      "name one of " .. table.concat(M.METHODS, ", "))
  end
  local method = winner(wanted)
  if #wanted == 1 then return method end
  return method, "a stack has one deploy method: of '" .. value .. "', " .. method .. " is taken"
end

-- The method that the configuration enables; the first one of METHODS if there are several.
local function enabled_method(stack)
  for _, name in ipairs(M.METHODS) do
    if is_enabled(stack.config, name) then return name end
  end
  return nil, invalid("stack '" .. stack.name .. "' enables no deploy method",
    "set enabled: true below one of " .. table.concat(M.METHODS, ", ")
      .. " in the scenario, or pass --methods METHOD")
end

---Decides the deploy method of a stack and writes it back, so that exactly one is enabled.
---@param stack table
---@param value? string `--methods`
---@param origin? string
---@return string? method
---@return bench.Error?
function M.apply_method(stack, value, origin)
  local method, note
  if value then
    method, note = M.choose_method(value)
  else
    method, note = enabled_method(stack)
  end
  if not method then return nil, note end
  if note then warn(stack, (origin or "--methods") .. ": " .. note) end
  for _, name in ipairs(M.METHODS) do
    if (name == method) ~= is_enabled(stack.config, name) then
      set(stack, name, "enabled", name == method, origin or ("follows from " .. method .. ".enabled"))
    end
  end
  return method
end

-- Monitoring and autoscaling

local MONITORING = {
  [true] = { { "monitoring.podmonitor.enabled", true }, { "monitoring.metricsScrapeEnabled", true } },
  [false] = { { "monitoring.podmonitor.enabled", false },
    { "inferenceExtension.monitoring.prometheus.enabled", false } },
}

---Applies `--monitoring` and `--no-monitoring`. Without either the scenario has the word.
---@param stack bench.plan.Stack
---@param value boolean
---@param origin string
function M.apply_monitoring(stack, value, origin)
  for _, entry in ipairs(MONITORING[value]) do merge.put(stack, entry[1], entry[2], origin) end
end

---Applies `--wva` and `--no-wva`.
---@param stack bench.plan.Stack
---@param value boolean
---@param origin string
function M.apply_wva(stack, value, origin)
  merge.put(stack, "wva.enabled", value, origin)
end

return M
