---Values of a configuration for people: JSON on one line.
---@class bench.plan.show
local M = {}

local json = require "host.json"

---@param value any nil is shown as "(not set)"
---@param longest integer characters; longer text is cut
---@return string
function M.value(value, longest)
  if value == nil then return "(not set)" end
  local shown = json.encode(value, { spaced = true })
  if #shown <= longest then return shown end
  local cut = longest - 3
  while cut > 0 and shown:byte(cut + 1) >= 128 and shown:byte(cut + 1) < 192 do cut = cut - 1 end
  return shown:sub(1, cut) .. "..."
end

return M
