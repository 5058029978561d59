--- Medians, their bootstrap intervals, and the order in which two sides are measured.
local compare = {}

---The value with half of the others on each side.
---@param values number[]
---@return number
function compare.median(values)
  assert(#values > 0, "median of nothing")
  local sorted = { unpack(values) }
  table.sort(sorted)
  local middle = math.floor(#sorted / 2)
  if #sorted % 2 == 1 then return sorted[middle + 1] end
  return (sorted[middle] + sorted[middle + 1]) / 2
end

-- A generator of our own, so that the interval of the same values is the same on every machine.
local function draws(seed)
  local state = seed
  return function(n)
    state = (state * 16807) % 2147483647
    return state % n + 1
  end
end

---The interval that holds the statistic of 95 of 100 resamples.
---@param count integer How many measured values (or pairs) there are.
---@param statistic fun(indices: integer[]): number Value of the statistic for those members.
---@return number low
---@return number high
function compare.interval(count, statistic)
  local draw, results, resamples = draws(20260), {}, 2000
  for resample = 1, resamples do
    local indices = {}
    for i = 1, count do indices[i] = draw(count) end
    results[resample] = statistic(indices)
  end
  table.sort(results)
  return results[math.floor(resamples * 0.025) + 1], results[math.ceil(resamples * 0.975)]
end

local function pick(values, indices)
  local picked = {}
  for i, index in ipairs(indices) do picked[i] = values[index] end
  return picked
end

---Median, interval of the median, smallest and largest.
---@param values number[]
---@return { median: number, low: number, high: number, min: number, max: number, n: integer }
function compare.summary(values)
  local low, high = compare.interval(#values, function(indices) return compare.median(pick(values, indices)) end)
  return { median = compare.median(values), low = low, high = high, n = #values,
           min = math.min(unpack(values)), max = math.max(unpack(values)) }
end

---Ratio of the medians of two sides measured in pairs, with its interval.
---@param a number[]
---@param b number[]
function compare.ratio(a, b)
  assert(#a == #b, "sides of different length")
  local function ratio(indices) return compare.median(pick(a, indices)) / compare.median(pick(b, indices)) end
  local low, high = compare.interval(#a, ratio)
  return { median = compare.median(a) / compare.median(b), low = low, high = high, n = #a }
end

---Runs every side `rounds` times, in turns, and the other way round every second time, so that a machine
---that gets slower or faster meanwhile does it to all sides.
---@param rounds integer
---@param sides { name: string, run: fun(): number }[]
---@param on_value? fun(side: string, round: integer, value: number)
---@return table<string, number[]> values By side.
function compare.interleave(rounds, sides, on_value)
  local values = {}
  for _, side in ipairs(sides) do values[side.name] = {} end
  for round = 1, rounds do
    local first, last, step = 1, #sides, 1
    if round % 2 == 0 then first, last, step = #sides, 1, -1 end
    for i = first, last, step do
      local value = sides[i].run()
      table.insert(values[sides[i].name], value)
      if on_value then on_value(sides[i].name, round, value) end
    end
  end
  return values
end

return compare
