-- Distributions as the harness gives them, as statistics of the report.
local M = {}

-- Percentile names there and here.
local PERCENTILES = { ["p0.1"] = "p0p1", p1 = "p1", p5 = "p5", p10 = "p10", p25 = "p25", p50 = "p50",
  p75 = "p75", p90 = "p90",
  p95 = "p95", p99 = "p99", ["p99.9"] = "p99p9" }

---A distribution with units; nil for an empty one, so that a missing metric leaves a hole.
---@param distribution? table `{ count, mean, std_dev, min, max, p50, ... }`
---@param units string
---@return table?
function M.of(distribution, units)
  if not distribution or (distribution.count or 0) == 0 or type(distribution.mean) ~= "number" then
    return nil
  end
  local stats = { units = units, mean = distribution.mean, stddev = distribution.std_dev,
    min = distribution.min,
    max = distribution.max }
  for theirs, ours in pairs(PERCENTILES) do stats[ours] = distribution[theirs] end
  return stats
end

---A single number as statistics; nil for nothing.
---@param value? number
---@param units string
---@return table?
function M.number(value, units)
  if type(value) ~= "number" then return nil end
  return { units = units, mean = value }
end

return M
