-- Every combination of levels; the first factor changes slowest.
local M = { name = "full_factorial", doc = "every combination of levels" }

---@param factors bench.doe.Factor[]
---@return integer
function M.count(factors)
  local count = 1
  for _, factor in ipairs(factors) do count = count * #factor.levels end
  return count
end

---@param factors bench.doe.Factor[]
---@return fun(): bench.doe.Level[]? next_point one level per factor
function M.points(factors)
  local at = {}
  for i in ipairs(factors) do at[i] = 1 end
  local done = false
  local function advance()
    for i = #factors, 1, -1 do
      at[i] = at[i] + 1
      if at[i] <= #factors[i].levels then return end
      at[i] = 1
    end
    done = true
  end
  return function()
    if done then return nil end
    local point = {}
    for i, factor in ipairs(factors) do point[i] = factor.levels[at[i]] end
    advance()
    return point
  end
end

return M
