---`local.vars`: values that a scenario leaves to the machine, such as the path of a server. A variable is a
---plain value, or `{ env, default, help }`: taken from the environment, else the default.
---@class bench.plan.vars
local M = {}

local env = require "host.env"
local json = require "host.json"
local merge = require "bench.plan.merge"
local override = require "bench.plan.override"

local FIELDS = { env = true, default = true, help = true }

local function declaration_error(stack, name, why)
  return { code = "invalid", message = "stack '" .. stack.name .. "': local.vars." .. name .. ": " .. why,
    hint = "a variable is a value, or a map with env, default and help" }
end

local function check(stack, name, declared)
  for field, value in pairs(declared) do
    if not FIELDS[field] then return declaration_error(stack, name, "unknown field '" .. field .. "'") end
    if type(value) == "table" then
      return declaration_error(stack, name, "'" .. field .. "' must be a plain value")
    end
  end
end

---Replaces the declared variables of a stack by their values. One without a value is left out and described
---in `stack.unset_vars`.
---@param stack { name: string, config: table, origins: table<string, string> }
---@return bench.Error?
function M.resolve(stack)
  stack.unset_vars = {}
  local section = rawget(stack.config, "local")
  local vars = type(section) == "table" and rawget(section, "vars") or nil
  if type(vars) ~= "table" then return nil end
  for _, name in ipairs(json.keys(vars)) do
    local declared = vars[name]
    if override.kind_of(declared) == "map" then
      local err = check(stack, name, declared)
      if err then return err end
      local from_env = declared.env and env.get(declared.env)
      local value = from_env or declared.default
      if value == json.null then value = nil end
      vars[name] = value
      if value == nil then
        stack.unset_vars[name] = { env = declared.env, help = declared.help }
      elseif from_env then
        merge.note_one(stack.origins, "local.vars." .. name, declared.env)
      end
    end
  end
end

---@param stack { name: string, unset_vars: table }
---@param name string
---@return bench.Error
function M.unset_error(stack, name)
  local declared = stack.unset_vars[name]
  local how = "pass --set local.vars." .. name .. "=VALUE"
  if declared.env then how = "set " .. declared.env .. ", or " .. how end
  return { code = "invalid",
    message = "stack '" .. stack.name .. "' needs the variable '" .. name .. "'" ..
      (declared.help and " (" .. declared.help .. ")" or ""), hint = how }
end

return M
