-- `samples` treatments such that every factor visits each of `samples` equal parts of its range exactly once.
-- A factor with a list of levels visits them equally often (up to one).
local factors_of = require "bench.doe.factors"
local random = require "bench.random"

local M = { name = "latin_hypercube", doc = "samples spread evenly over every factor's range", ranges = true }

---@param _ bench.doe.Factor[]
---@param opts { samples: integer }
---@return integer
function M.count(_, opts)
  return opts.samples
end

---@param _ bench.doe.Factor[]
---@param opts { samples?: integer }
---@return string? problem
function M.check(_, opts)
  local samples = opts.samples
  if type(samples) ~= "number" or samples < 1 or samples % 1 ~= 0 then
    return "latin_hypercube needs samples = a whole number from 1"
  end
end

-- The middle of part `index` (from 0) of `count` parts of a range, or a random place in it.
local function value_in(range, index, count, generator)
  local place = (index + (generator and generator:uniform() or 0.5)) / count
  local value
  if range.log then
    value = math.exp(math.log(range.min) + place * (math.log(range.max) - math.log(range.min)))
  else
    value = range.min + place * (range.max - range.min)
  end
  if range.integer then
    return math.max(math.ceil(range.min), math.min(math.floor(range.max), math.floor(value + 0.5)))
  end
  return tonumber(("%.6g"):format(value))
end

-- The levels of one factor in the order of the samples.
local function column(factor, opts, generator)
  local levels = {}
  local offset = factor.range and 0 or generator:integer(#factor.levels)
  for i = 1, opts.samples do
    if factor.range then
      levels[i] = factors_of.level(value_in(factor.range, i - 1, opts.samples, opts.jitter and generator))
    else
      levels[i] = factor.levels[(i + offset) % #factor.levels + 1]
    end
  end
  return generator:shuffle(levels)
end

---@param factors bench.doe.Factor[]
---@param opts { samples: integer, seed: integer, jitter?: boolean }
---@return fun(): bench.doe.Level[]? next_point
function M.points(factors, opts)
  local generator, columns, index = random.new(opts.seed), {}, 0
  for i, factor in ipairs(factors) do columns[i] = column(factor, opts, generator) end
  return function()
    index = index + 1
    if index > opts.samples then return nil end
    local point = {}
    for i in ipairs(factors) do point[i] = columns[i][index] end
    return point
  end
end

return M
