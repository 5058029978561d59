---The section `local` of a stack, checked, and what makes its servers what they are.
---@class bench.local_servers.settings
local M = {}

local command = require "bench.local_servers.command"
local inspect = require "bench.inspect"
local json = require "host.json"
local override = require "bench.plan.override"
local text = require "host.text"

local MOST_REPLICAS = 256

local function invalid(stack, message)
  return { code = "invalid", message = "stack '" .. stack.name .. "': " .. message }
end

local function is_whole(value, low, high)
  return type(value) == "number" and value % 1 == 0 and value >= low and value <= high
end

---@class bench.local_servers.Settings
---@field host string
---@field port integer? nil: any free one
---@field replicas integer
---@field cwd string
---@field path string readiness path
---@field timeout_s number
---@field digest string equal for servers that are the same

local function shown(value)
  return override.kind_of(value) == "null" and "null" or inspect.line(value, 40)
end

local function check(stack, own)
  if type(own.host) ~= "string" or own.host == "" then
    return invalid(stack, "local.host must be an address such as 127.0.0.1, not " .. (own.host == "" and "empty" or shown(own.host)))
  end
  if not is_whole(own.replicas, 1, MOST_REPLICAS) then
    return invalid(stack, ("local.replicas must be a whole number from 1 to %d, not %s"):format(MOST_REPLICAS,
      shown(own.replicas)))
  end
  if own.port ~= "auto" and not is_whole(own.port, 1, 65535 - own.replicas + 1) then
    return invalid(stack, "local.port must be 'auto' or a port number, not " .. shown(own.port))
  end
  if type(own.readiness.path) ~= "string" or own.readiness.path:sub(1, 1) ~= "/" then
    return invalid(stack, "local.readiness.path must begin with '/'")
  end
  if type(own.readiness.timeout_s) ~= "number" or own.readiness.timeout_s <= 0 then
    return invalid(stack, "local.readiness.timeout_s must be a number of seconds")
  end
end

local function digest_of(stack, namespace, own)
  local resolved, err = command.resolve(stack, { host = own.host, model = stack.model.name,
    namespace = namespace,
    stack = stack.name }, { keep_unset = true })
  if not resolved then return nil, err end
  local facts = { argv = json.list(resolved.argv), env = json.object(resolved.env), cwd = own.cwd,
    host = own.host,
    port = own.port, readiness = own.readiness.path, model = stack.model.name }
  return text.sha256(json.encode(facts, { sort_keys = true }))
end

---@param stack bench.plan.Stack
---@param namespace string
---@return bench.local_servers.Settings?
---@return bench.Error? err
function M.read(stack, namespace)
  local own = stack.config["local"]
  local err = check(stack, own)
  if err then return nil, err end
  local digest
  digest, err = digest_of(stack, namespace, own)
  if not digest then return nil, err end
  return { host = own.host, port = own.port ~= "auto" and own.port or nil, replicas = own.replicas,
    cwd = own.cwd,
    path = own.readiness.path, timeout_s = own.readiness.timeout_s, digest = digest }
end

return M
