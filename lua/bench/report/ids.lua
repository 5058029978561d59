-- Identifiers that depend on nothing but what they name, so that a report made again has the same ones.
local text = require "host.text"

local M = {}

---A UUID (version 8: from a SHA-256) for a name.
---@param kind string what is named: "report", "experiment", "host"
---@param name string
---@return string
function M.uuid(kind, name)
  local hash = text.sha256(kind .. ":" .. name)
  local variant = ("89ab"):sub(tonumber(hash:sub(17, 17), 16) % 4 + 1):sub(1, 1)
  return table.concat({ hash:sub(1, 8), hash:sub(9, 12), "8" .. hash:sub(14, 16), variant .. hash:sub(18, 20),
    hash:sub(21, 32) }, "-")
end

return M
