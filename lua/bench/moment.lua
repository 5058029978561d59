---Moments as texts.
---@class bench.moment
local M = {}

local PATTERN = "^(%d%d%d%d)-(%d%d)-(%d%d)T(%d%d):(%d%d):(%d%d%.?%d*)Z$"

---Seconds since 1970 of an RFC 3339 time in UTC, `2026-11-24T20:45:52.5Z`; nil for any other text.
---@param text string
---@return number?
function M.epoch_s(text)
  local year, month, day, hour, minute, second = text:match(PATTERN)
  if not year then return nil end
  year, month, day = tonumber(year), tonumber(month), tonumber(day)
  if month <= 2 then year, month = year - 1, month + 12 end
  local days = 365 * year + math.floor(year / 4) - math.floor(year / 100) + math.floor(year / 400)
    + math.floor((153 * (month - 3) + 2) / 5) + day - 1 - 719468
  return ((days * 24 + tonumber(hour)) * 60 + tonumber(minute)) * 60 + tonumber(second)
end

return M
