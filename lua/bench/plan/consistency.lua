---Do the values of a configuration fit together? Each is right by itself, but the pods of the shipped templates would not
---find each other, wait for ever, or not get what was asked for.
---@class bench.plan.consistency
local M = {}

local devices = require "bench.plan.devices"
local json = require "host.json"
local lists = require "bench.lists"
local override = require "bench.plan.override"
local tree = require "bench.tree"

local Rules = {}
Rules.__index = Rules

local function value_at(config, key)
  return tree.at(config, unpack(override.split_path(key)))
end

function Rules:get(key) return value_at(self.config, key) end

function Rules:say(key, pattern, ...)
  self.found[#self.found + 1] = { key = key, message = pattern:format(...) }
end

local function is_empty(value) return value == nil or value == json.null or value == "" end

local function same(a, b) return tostring(tonumber(a) or a) == tostring(tonumber(b) or b) end

-- Is it another value than that of the defaults?
function Rules:is_changed(key)
  local default = self.defaults and value_at(self.defaults, key)
  return default == nil or not same(default, self:get(key))
end

-- Two values that must be equal; the one that was changed is reported.
function Rules:pair(first, second, why)
  local a, b = self:get(first), self:get(second)
  if is_empty(a) or is_empty(b) or same(a, b) then return end
  if not self:is_changed(first) and self:is_changed(second) then first, second, a, b = second, first, b, a end
  self:say(first, "is %s, but %s is %s: %s; give both the same value", tostring(a), second, tostring(b), why)
end

function Rules:is_served(role)
  return self:get(role .. ".enabled") ~= false and (tonumber(self:get(role .. ".replicas")) or 0) > 0
end

-- Accelerators and networks

local function roles_of(method)
  return method == "standalone" and { "standalone" } or method == "modelservice" and { "decode", "prefill" } or {}
end

function Rules:count()
  local count = tonumber(self:get "accelerator.count")
  if self.method ~= "modelservice" or not count or count == 0 then return end
  for _, role in ipairs(roles_of(self.method)) do
    local asked = devices.of_server(self.config, role)
    if self:is_served(role) and self:get(role .. ".accelerator.count") == nil and asked ~= count then
      self:say("accelerator.count", "is %d, but %s pods ask for %d, as their parallelism says: set %s.accelerator.count",
        count, role, asked, role)
    end
  end
end

function Rules:networks()
  local common = self:get "vllmCommon.networkResource"
  for _, role in ipairs(roles_of(self.method)) do
    local resource = self:get(role .. ".networkResource")
    if self:is_served(role) and not is_empty(resource) and is_empty(self:get(role .. ".networkNr")) then
      local section = resource == common and "vllmCommon" or role
      self:say(section .. ".networkResource", "is %s, but there is no %s.networkNr: %s pods ask for none of it",
        tostring(resource), section, role)
    end
  end
end

-- Ports

local function port_of_server(self, listens)
  local common = self:get "vllmCommon.inferencePort"
  local port = self:get(listens)
  if is_empty(common) or is_empty(port) or same(common, port) or not self:is_changed "vllmCommon.inferencePort" then return end
  self:say("vllmCommon.inferencePort", "is %s, but the servers listen where %s says, on %s", tostring(common), listens,
    tostring(port))
end

function Rules:standalone_ports()
  if self.method ~= "standalone" then return end
  self:pair("standalone.vllm.servicePort", "standalone.vllm.port",
    "the server listens on its servicePort, probes and service ask its port")
  if self:get "standalone.vllm.servicePort" == nil then port_of_server(self, "standalone.vllm.port") end
end

function Rules:modelservice_ports()
  if self.method ~= "modelservice" then return end
  if self:get "routing.proxy.enabled" ~= false then
    self:pair("routing.proxy.targetPort", "decode.vllm.port", "the routing proxy would not reach the server")
  end
  self:pair("routing.servicePort", "decode.vllm.servicePort", "the pod would not be reached from the gateway")
  if self:is_served "prefill" then
    self:pair("prefill.vllm.servicePort", "decode.vllm.servicePort", "the inference pool has one port for both roles")
  end
  port_of_server(self, "decode.vllm.servicePort")
end

-- Claims

function Rules:claims()
  local key = self.method .. ".modelPvcName"
  local claim = self:get(key)
  if is_empty(claim) or self:get(self.method .. ".mountModelVolume") == false then return end
  local made = self:get "storage.modelPvc.name"
  if is_empty(made) or lists.contains({ made, self:get "storage.extraPvc.name" }, claim) then return end
  if self:is_changed(key) or not self:is_changed "storage.modelPvc.name" then
    return self:say(key, "is '%s', a claim that the plan does not create (storage.modelPvc.name is '%s'): pods wait until "
      .. "somebody does", tostring(claim), tostring(made))
  end
  self:say("storage.modelPvc.name", "is '%s', but %s pods mount '%s', as %s says: pods wait for ever; give both the same "
    .. "value", tostring(made), self.method, tostring(claim), key)
end

-- Autoscaling

function Rules:autoscaling()
  if self:get "wva.enabled" ~= true then return end
  if self.method ~= "modelservice" then
    self:say("wva.enabled", "scales the decode servers of modelservice; a stack of the method %s has none", self.method)
    return
  end
  local servers = self:get "gateway.namespace" or self:get "namespace.name"
  local own = self:get "wva.namespace"
  if is_empty(own) or is_empty(servers) or own == servers or self:get "wva.hpa.enabled" == false then return end
  self:say("wva.namespace", "is '%s', but the decode servers are in '%s': a HorizontalPodAutoscaler scales only what is in "
    .. "its own namespace", own, servers)
end

local ORDER = { "count", "networks", "standalone_ports", "modelservice_ports", "claims", "autoscaling" }

-- Of several methods the one that the plan takes.
local function method_of(config)
  for _, method in ipairs { "local", "standalone", "fma" } do
    if tree.at(config, method, "enabled") == true then return method end
  end
  return "modelservice"
end

local function place_of(config)
  return tree.at(config, "namespace", "name"), tree.at(config, "gateway", "namespace")
end

---What does not fit together between stacks: a shared route looks for the servers of all stacks in its own namespace.
---@param stacks { name: string, config: table }[] of one plan
---@return string[] warnings
function M.between(stacks)
  local warnings = {}
  local owner = stacks[stacks[1] and tree.at(stacks[1].config, "sharedInfraStackIndex") or 1]
  if not owner or tree.at(owner.config, "httpRoute", "mode") ~= "shared" then return warnings end
  local namespace, gateway = place_of(owner.config)
  for _, stack in ipairs(stacks) do
    local own, front = place_of(stack.config)
    if method_of(stack.config) == "modelservice" and (own ~= namespace or front ~= gateway) then
      warnings[#warnings + 1] = ("stack '%s' is in the namespace '%s', but httpRoute.mode is shared, and the route of '%s' "
        .. "finds only servers in '%s': use one namespace, or the mode per-stack"):format(stack.name, tostring(own),
        owner.name, tostring(namespace))
    end
  end
  return warnings
end

---What does not fit together in a configuration. Values that are missing fit.
---@param config table
---@param defaults? table values that nobody chose
---@return { key: string, message: string }[]
function M.findings(config, defaults)
  local rules = setmetatable({ config = config, defaults = defaults, method = method_of(config), found = {} }, Rules)
  if rules.method == "local" then return {} end
  for _, name in ipairs(ORDER) do rules[name](rules) end
  return rules.found
end

return M
