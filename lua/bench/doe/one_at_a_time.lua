-- The first level of every factor, then each other level of one factor while the rest stays at the first.
local M = { name = "one_at_a_time", doc = "a base case (first levels), then one change at a time" }

---@param factors bench.doe.Factor[]
---@return integer
function M.count(factors)
  local count = 1
  for _, factor in ipairs(factors) do count = count + #factor.levels - 1 end
  return count
end

---@param factors bench.doe.Factor[]
---@return fun(): bench.doe.Level[]? next_point
function M.points(factors)
  local changed, level = 0, 1
  local function base()
    local point = {}
    for i, factor in ipairs(factors) do point[i] = factor.levels[1] end
    return point
  end
  return function()
    if changed == 0 then
      changed = 1
      return base()
    end
    level = level + 1
    while factors[changed] and level > #factors[changed].levels do
      changed, level = changed + 1, 2
    end
    if not factors[changed] then return nil end
    local point = base()
    point[changed] = factors[changed].levels[level]
    return point
  end
end

return M
