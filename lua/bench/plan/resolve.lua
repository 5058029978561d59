---Replaces the value `auto` where it means "find out": tags of images, versions of charts, what the cluster
---offers. What cannot be found out stays as it is and is listed in `stack.unresolved` with reason and remedy.
---@class bench.plan.resolve
local M = {}

local lookup = require "bench.plan.resolve.lookup"

---@class bench.plan.Unresolved
---@field key string
---@field reason string
---@field remedy string

local function is_local(stack)
  if stack.method then return stack.method == "local" end
  local section = rawget(stack.config, "local")
  return type(section) == "table" and rawget(section, "enabled") == true
end

---Resolves the configuration of one stack in place. Servers of this machine need nothing of it.
---@async
---@param stack { config: table, origins: table<string, string>, method?: string, unresolved?: table[],
---  warnings?: string[] }
---@param opts? { dry_run?: boolean, offline?: boolean, kubeconfig?: string, context?: string, cache?: table }
---  dry_run, offline: nobody is asked; cache: a table that all stacks of a command share
---@return bench.Error? err a mistake in the configuration, or a value without which nothing can be rendered
function M.apply(stack, opts)
  local state = lookup.new(stack, opts or {})
  if is_local(stack) then return nil end
  require("bench.plan.resolve.images").resolve(state)
  local err = require("bench.plan.resolve.containers").resolve(state)
  if err then return err end
  require("bench.plan.resolve.charts").resolve(state)
  return require("bench.plan.resolve.hardware").resolve(state)
end

---An unresolved value as one line.
---@param unresolved bench.plan.Unresolved
---@return string
function M.line(unresolved)
  return ("%s stays auto: %s (%s)"):format(unresolved.key, unresolved.reason, unresolved.remedy)
end

return M
