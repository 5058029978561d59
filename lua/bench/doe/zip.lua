-- The first levels together, then the second ones, and so on. A factor with one level keeps it.
local M = { name = "zip", doc = "first levels together, then second levels, ..." }

---@param factors bench.doe.Factor[]
---@return integer
function M.count(factors)
  local count = 1
  for _, factor in ipairs(factors) do count = math.max(count, #factor.levels) end
  return count
end

---@param factors bench.doe.Factor[]
---@return string? problem
function M.check(factors)
  local longest
  for _, factor in ipairs(factors) do
    if #factor.levels > 1 then
      if longest and #longest.levels ~= #factor.levels then
        return ("zip needs lists of equal length: '%s' has %d levels, '%s' has %d"):format(
          longest.name, #longest.levels, factor.name, #factor.levels)
      end
      longest = factor
    end
  end
end

---@param factors bench.doe.Factor[]
---@return fun(): bench.doe.Level[]? next_point
function M.points(factors)
  local count, index = M.count(factors), 0
  return function()
    index = index + 1
    if index > count then return nil end
    local point = {}
    for i, factor in ipairs(factors) do point[i] = factor.levels[#factor.levels == 1 and 1 or index] end
    return point
  end
end

return M
