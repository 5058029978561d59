-- The lines of the picture of all treatments: one for each combination of what is not load.
local factors_of = require "bench.doe.factors"
local inspect = require "bench.inspect"
local lists = require "bench.lists"
local override = require "bench.plan.override"

local M = {}

-- What a stage is swept over, and how long it lasts: fields of a stage in which the points of a line may differ.
local LOAD = { "rate", "concurrency", "duration_s", "requests", "warmup_s", "warmup_requests", "name",
  "duration", "num_requests", "concurrency_level" }

local function is_stages(parts)
  return parts[1] == "stages" or parts[1] == "load" and parts[2] == "stages"
end

local function is_load(key)
  local parts = override.split_path(key) or { key }
  return is_stages(parts) and lists.contains(LOAD, parts[#parts])
end

-- What a list of whole stages sets besides load.
local function without_load(stages)
  local kept = {}
  for i, stage in ipairs(stages) do
    kept[i] = {}
    for key, value in pairs(type(stage) == "table" and stage or {}) do
      if not lists.contains(LOAD, key) then kept[i][key] = value end
    end
  end
  return kept
end

-- What a run treatment sets besides load, key by key; the last value of a key is the one that counts.
local function settings_of(row)
  local settings = {}
  for _, each in ipairs(row.overrides or {}) do
    local parts = override.split_path(each.key) or { each.key }
    if is_stages(parts) and parts[#parts] == "stages" and type(each.value) == "table" then
      settings[each.key] = without_load(each.value)
    elseif not is_load(each.key) then
      settings[each.key] = each.value
    end
  end
  return settings
end

local function several(rows, name_of)
  local first = rows[1] and name_of(rows[1])
  for _, row in ipairs(rows) do
    if name_of(row) ~= first then return true end
  end
  return false
end

local function has_ladder(rows)
  for _, row in ipairs(rows) do
    if row.figures.stage > 0 then return true end
  end
  return false
end

-- Sorts rows into groups by what `key_of` says of them; groups in the order of their first rows.
local function partition(rows, key_of)
  local groups, by_key = {}, {}
  for _, row in ipairs(rows) do
    local key = key_of(row)
    if not by_key[key] then
      by_key[key] = { rows = {} }
      groups[#groups + 1] = by_key[key]
    end
    table.insert(by_key[key].rows, row)
  end
  return groups
end

local function place_of(row) return tostring(row.figures.rate) .. "/" .. tostring(row.figures.concurrency) end

-- Two run treatments at one place of the axis are not comparable, whatever else they have in common.
local function has_clash(rows)
  local at = {}
  for _, row in ipairs(rows) do
    local place = place_of(row)
    if at[place] and at[place] ~= row.run then return true end
    at[place] = row.run
  end
  return false
end

local function run_of(row) return row.run end

local function split(rows)
  local function base(row) return row.setup .. "\0" .. tostring(row.stack) end
  local ladder, groups = has_ladder(rows), {}
  local whole = partition(rows, function(row)
    return base(row) .. "\0" .. (ladder and row.run or factors_of.canonical(settings_of(row)))
  end)
  for _, group in ipairs(whole) do
    for _, part in ipairs(has_clash(group.rows) and partition(group.rows, run_of) or { group }) do
      groups[#groups + 1] = part
    end
  end
  return groups
end

-- Titles

-- The factors whose levels tell lines apart: those that change, but within no line.
local function telling(groups, rows)
  local known, names = {}, {}
  for _, row in ipairs(rows) do
    for name in pairs(row.run_values or {}) do known[name] = true end
  end
  for _, name in ipairs(inspect.keys(known)) do
    local function value_of(row) return factors_of.canonical((row.run_values or {})[name]) end
    local tells = several(rows, value_of)
    for _, group in ipairs(groups) do tells = tells and not several(group.rows, value_of) end
    if tells then names[#names + 1] = name end
  end
  return names
end

-- `output=16`
local function levels_of(group, names)
  local parts, values = {}, group.rows[1].run_values or {}
  for _, name in ipairs(names) do
    if values[name] ~= nil then parts[#parts + 1] = name .. "=" .. inspect.line(values[name], 40) end
  end
  return table.concat(parts, " ")
end

local function names_of(group)
  local names = {}
  for _, row in ipairs(group.rows) do
    if not lists.contains(names, row.run) then names[#names + 1] = row.run end
  end
  return table.concat(names, ", ")
end

-- The name of a treatment where each line has only one, its levels where a line has several.
local function add_run_titles(groups, rows)
  local single, taken, clash, names = true, {}, false, telling(groups, rows)
  for _, group in ipairs(groups) do single = single and not several(group.rows, run_of) end
  for _, group in ipairs(groups) do
    group.run_title = single and names_of(group) or levels_of(group, names)
    local key = group.rows[1].setup .. "\0" .. tostring(group.rows[1].stack) .. "\0" .. group.run_title
    clash, taken[key] = clash or taken[key] ~= nil, true
  end
  for _, group in ipairs(clash and groups or {}) do group.run_title = names_of(group) end
end

local function title_of(group, parts)
  local row, words = group.rows[1], {}
  if parts.setup then words[1] = row.setup end
  if parts.stack then words[#words + 1] = row.stack end
  if group.run_title ~= "" and parts.run then words[#words + 1] = group.run_title end
  return #words > 0 and table.concat(words, " / ") or row.run
end

-- Points

-- The mean of the repetitions of one stage of one treatment, not valid if one of them is not.
local function mean_of(rows)
  local sums, counts, headline, valid = {}, {}, {}, true
  for _, row in ipairs(rows) do
    valid = valid and row.figures.verdict == "valid"
    for name, value in pairs(row.figures) do
      if type(value) == "number" then
        sums[name], counts[name] = (sums[name] or 0) + value, (counts[name] or 0) + 1
      end
    end
  end
  for name, sum in pairs(sums) do headline[name] = sum / counts[name] end
  headline.verdict = valid and "valid" or "not valid"
  return { headline = headline }
end

local function points_of(rows)
  local points = {}
  local measured = partition(rows, function(row) return row.run .. "\0" .. row.figures.stage end)
  for i, group in ipairs(measured) do points[i] = mean_of(group.rows) end
  return points
end

---The lines of a picture of all treatments. The points of a line differ in nothing but load; a point is one stage
---of one treatment, the mean of its repetitions.
---@param rows bench.experiment.Row[]
---@return { title: string, stages: table[] }[]
function M.of(rows)
  local groups, lines = split(rows), {}
  add_run_titles(groups, rows)
  local parts = { setup = several(rows, function(row) return row.setup end),
    stack = several(rows, function(row) return row.stack end) }
  parts.run = several(groups, function(group) return group.run_title end)
  for i, group in ipairs(groups) do
    lines[i] = { title = title_of(group, parts), stages = points_of(group.rows) }
  end
  return lines
end

return M
