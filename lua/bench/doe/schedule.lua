-- In which order a design's treatments are measured, how often, and with which data.
local factors_of = require "bench.doe.factors"
local random = require "bench.random"
local text = require "host.text"

local M = {}

---@class bench.doe.Cell
---@field run bench.doe.Treatment
---@field repetition integer from 1
---@field seed integer seed of its data, different from that of every other cell
---@field name string `run` or, with repeats, `run-r2`

---@class bench.doe.Group one standup
---@field setup bench.doe.Setup
---@field cells bench.doe.Cell[]

---@class bench.doe.Schedule
---@field groups bench.doe.Group[]
---@field order string
---@field seed integer
---@field repeats integer
---@field cells integer number of cells in all groups
---@field key_changes integer keys that differ between neighbours, summed over the groups

-- Improving an order by exchange costs the square of its length.
local MOST_IMPROVED = 200
local SEED_LIMIT = 2147483647

local function index_keys(setups)
  local keys, at = {}, {}
  for _, setup in ipairs(setups) do
    for _, override in ipairs(setup.overrides) do
      if not at[override.key] then
        keys[#keys + 1] = override.key
        at[override.key] = #keys
      end
    end
  end
  return keys, at
end

-- For each setup the number of the value of each key, from 0 in the order in which values were first seen.
local function digits_of(setups)
  local keys, at = index_keys(setups)
  local rows, radix, numbers = {}, {}, {}
  for k in ipairs(keys) do radix[k], numbers[k] = 0, {} end
  local function number(k, value)
    if not numbers[k][value] then
      numbers[k][value], radix[k] = radix[k], radix[k] + 1
    end
    return numbers[k][value]
  end
  for i, setup in ipairs(setups) do
    local values, row = {}, {}
    for _, override in ipairs(setup.overrides) do
      values[at[override.key]] = factors_of.canonical(override.value)
    end
    for k in ipairs(keys) do row[k] = number(k, values[k] or "") end
    rows[i] = row
  end
  return rows, radix
end

-- Place of a row in the reflected mixed-radix order, in which neighbours of a full grid differ in one digit.
local function reflected(row, radix)
  local parity, places = 0, {}
  for k, digit in ipairs(row) do
    local place = parity == 1 and radix[k] - 1 - digit or digit
    parity = (parity * radix[k] + place) % 2
    places[k] = ("%07d"):format(place)
  end
  return table.concat(places)
end

local function distance(a, b)
  local count = 0
  for k = 1, #a do
    if a[k] ~= b[k] then count = count + 1 end
  end
  return count
end

local function total(order, rows)
  local sum = 0
  for i = 2, #order do sum = sum + distance(rows[order[i - 1]], rows[order[i]]) end
  return sum
end

local function reverse(list, first, last)
  while first < last do
    list[first], list[last] = list[last], list[first]
    first, last = first + 1, last - 1
  end
end

-- What turning around order[first..last] would save; nothing is fixed at the ends.
local function saving(order, rows, first, last)
  local before, after = 0, 0
  if first > 1 then
    before = before + distance(rows[order[first - 1]], rows[order[first]])
    after = after + distance(rows[order[first - 1]], rows[order[last]])
  end
  if last < #order then
    before = before + distance(rows[order[last]], rows[order[last + 1]])
    after = after + distance(rows[order[first]], rows[order[last + 1]])
  end
  return before - after
end

-- Turns pieces around as long as that saves changes.
local function improve(order, rows)
  local better = #order <= MOST_IMPROVED
  while better and total(order, rows) > #order - 1 do
    better = false
    for first = 1, #order - 1 do
      for last = first + 1, #order do
        if saving(order, rows, first, last) > 0 then
          reverse(order, first, last)
          better = true
        end
      end
    end
  end
end

local function listed(count)
  local order = {}
  for i = 1, count do order[i] = i end
  return order
end

local function cheapest(rows, radix)
  local places, order = {}, listed(#rows)
  for i, row in ipairs(rows) do places[i] = reflected(row, radix) end
  table.sort(order, function(a, b)
    if places[a] ~= places[b] then return places[a] < places[b] end
    return a < b
  end)
  improve(order, rows)
  return order
end

-- A seed from the design's seed and the cell's names; the next free one if another cell has it.
local function seeds()
  local taken = {}
  return function(base, setup, run, repetition)
    local hash = text.sha256(("%.0f\0%s\0%s\0%d"):format(base, setup, run, repetition))
    local seed = tonumber(hash:sub(1, 12), 16) % SEED_LIMIT
    while taken[seed] do seed = (seed + 1) % SEED_LIMIT end
    taken[seed] = true
    return seed
  end
end

-- Repeats come in blocks: every run once, then every run again, so that a drift hits all alike.
local function cells_of(setup, settings, seed_of, generator)
  local cells = {}
  for repetition = 1, settings.repeats do
    local block = {}
    for i, run in ipairs(setup.runs) do
      block[i] = { run = run, repetition = repetition, seed = seed_of(settings.seed, setup.name, run.name,
        repetition),
        name = settings.repeats > 1 and run.name .. "-r" .. repetition or run.name }
    end
    if generator then generator:shuffle(block) end
    for _, cell in ipairs(block) do cells[#cells + 1] = cell end
  end
  return cells
end

---Brings a design into the order in which it is measured. `cheapest` changes as few keys as it can between
---one standup and the next; `listed` is the order of the design; `random` shuffles setups and, within each,
---every block of repeats. Every setup is stood up once.
---@param design bench.doe.Design
---@param opts? { order?: string, seed?: integer, repeats?: integer } nil: as the design says
---@return bench.doe.Schedule
function M.of(design, opts)
  opts = opts or {}
  local settings = { order = opts.order or design.order, seed = opts.seed or design.seed,
    repeats = opts.repeats or design.repeats }
  local rows, radix = digits_of(design.setups)
  local generator = settings.order == "random" and random.new(settings.seed) or nil
  local order = settings.order == "cheapest" and cheapest(rows, radix) or listed(#rows)
  if generator then generator:shuffle(order) end
  local schedule = { groups = {}, order = settings.order, seed = settings.seed, repeats = settings.repeats,
    cells = 0,
    key_changes = total(order, rows) }
  -- Seeds are given out in the order of the design, so that they do not depend on the order of measuring.
  local by_setup, seed_of = {}, seeds()
  for i, setup in ipairs(design.setups) do by_setup[i] = cells_of(setup, settings, seed_of, generator) end
  for i, index in ipairs(order) do
    schedule.groups[i] = { setup = design.setups[index], cells = by_setup[index] }
    schedule.cells = schedule.cells + #by_setup[index]
  end
  return schedule
end

return M
