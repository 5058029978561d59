---Small helpers for lists.
---@class bench.lists
local M = {}

---@param list any[]
---@param item any
---@return boolean
function M.contains(list, item)
  for _, each in ipairs(list) do
    if each == item then return true end
  end
  return false
end

---A new list with `...` behind the items of `list`.
---@param list any[]
---@param ... any
---@return any[]
function M.extend(list, ...)
  local longer = {}
  for i, item in ipairs(list) do longer[i] = item end
  for i = 1, select("#", ...) do longer[#longer + 1] = (select(i, ...)) end
  return longer
end

return M
