---The deploy methods that this version can work with, one file each in lua/bench/methods/.
---@class bench.methods
local M = {}

local flags = require "bench.plan.flags"

local AVAILABLE = { "local", "url" }

---@class bench.Method what the phases ask a deploy method. Each function gets the context and the stack.
---@field name string
---@field check fun(ctx, stack): string?, bench.Error? can the stack be deployed? a line about what would be
---@field endpoint fun(ctx, stack): bench.Endpoint?, bench.Error? where it answers now
---@field check_health fun(ctx, stack, list: bench.Checks): true?, bench.Error? adds the checks of health_check
---@field check_config fun(ctx, stack, list: bench.Checks): true?, bench.Error? adds those of validate_config

---@class bench.Endpoint
---@field url string
---@field urls string[] one for each replica that can be reached on its own
---@field model string

---The method of a stack.
---@param name string
---@return bench.Method? method
---@return bench.Error? err `not_found` for one that is known but not part of this version
function M.get(name)
  for _, available in ipairs(AVAILABLE) do
    if name == available then return require("bench.methods." .. name) end
  end
  return nil, { code = "not_found",
    message = "the deploy method '" .. tostring(name) .. "' is not part of this version",
    hint = "known methods: " .. table.concat(flags.METHODS, ", ") .. "; usable here: local" }
end

return M
