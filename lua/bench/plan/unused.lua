---Overrides of keys that nothing reads: who sets one on the command line or in a setup treatment expects an effect.
---Scenarios may hold such keys, for other tools.
---@class bench.plan.unused
local M = {}

local override = require "bench.plan.override"
local schema = require "bench.plan.schema"

-- The first part of a path that nothing reads, and what to set instead.
local function unused_part(path)
  local parts, prefix = override.split_path(path), {}
  for depth, part in ipairs(parts or {}) do
    prefix[depth] = part
    local node = schema.find(prefix)
    local is_unused, instead = false, nil
    if node then is_unused, instead = schema.is_unused(node) end
    if is_unused then return table.concat(prefix, "."), instead end
  end
end

local function origins_of(...)
  local origins = {}
  for _, items in ipairs { ... } do
    for _, item in ipairs(items) do origins[item.origin] = true end
  end
  return origins
end

---Warnings about what overrides have set for nothing, sorted.
---@param stack { origins: table<string, string> } with the overrides applied
---@param ... table[] lists of overrides, each with its `origin`
---@return string[]
function M.warnings(stack, ...)
  local wanted, seen, warnings = origins_of(...), {}, {}
  if next(wanted) == nil then return warnings end
  for path, origin in pairs(stack.origins) do
    local key, instead = nil, nil
    if wanted[origin] then key, instead = unused_part(path) end
    local warning = key and ("%s: %s is not used by any template%s"):format(origin, key, instead and ": " .. instead or "")
    if warning and not seen[warning] then
      seen[warning], warnings[#warnings + 1] = true, warning
    end
  end
  table.sort(warnings)
  return warnings
end

return M
