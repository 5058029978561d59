---Reading trees of data: what YAML, JSON and harnesses give.
---@class bench.tree
local M = {}

local json = require "host.json"

---The value along a path of keys; nil if it is null, or if anything on the way is missing or no table.
---@param tree any
---@param ... string|integer
---@return any
function M.at(tree, ...)
  for _, key in ipairs { ... } do
    if type(tree) ~= "table" then return nil end
    tree = rawget(tree, key)
  end
  if tree == json.null then return nil end
  return tree
end

return M
