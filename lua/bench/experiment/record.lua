-- What an experiment set out to measure, as a file: `experiment.json`. A resumed experiment compares it with
-- what it would measure now, and names the difference.
local factors_of = require "bench.doe.factors"
local fs = require "host.fs"
local hidden = require "bench.hidden"
local info = require "host.info"
local inspect = require "bench.inspect"
local json = require "host.json"
local text = require "host.text"

local M = {}

M.FILE = "experiment.json"
local FORMAT = 1
local MOST_SHOWN = 5

---@class bench.experiment.Record
---@field format integer
---@field version string of the program
---@field name string
---@field file? string where the design was read
---@field harness? string
---@field profile? string
---@field order string
---@field seed integer
---@field repeats integer
---@field options table<string, any> options of the command line that decide what is measured
---@field setups { name: string, overrides: { key: string, value: any }[], plan_digest: string, runs: string[]
---  }[]
---@field runs { name: string, overrides: { key: string, value: any }[], profile_digest: string }[]
---@field profile_digest? string of the profile before any treatment
---@field digest string of all of the above except format, version, name, file and options

local function plain(overrides)
  local list = {}
  for i, each in ipairs(overrides) do list[i] = { key = each.key, value = hidden.copy(each.value) } end
  return list
end

local function names_of(cells)
  local list = {}
  for i, cell in ipairs(cells) do list[i] = cell.name end
  return list
end

-- Setups by name, so that the order of measuring is compared apart from what is measured.
local function setups_of(schedule, plan_digests)
  local list = {}
  for i, group in ipairs(schedule.groups) do
    list[i] = { name = group.setup.name, overrides = plain(group.setup.overrides),
      plan_digest = plan_digests[group.setup.name], runs = names_of(group.cells) }
  end
  return list
end

local function runs_of(schedule, profile_digests)
  local list, seen = {}, {}
  for _, group in ipairs(schedule.groups) do
    for _, cell in ipairs(group.cells) do
      if not seen[cell.run.name] then
        seen[cell.run.name] = true
        list[#list + 1] = { name = cell.run.name, overrides = plain(cell.run.overrides),
          profile_digest = profile_digests[cell.run.name] }
      end
    end
  end
  table.sort(list, function(a, b) return a.name < b.name end)
  return list
end

---@param design bench.doe.Design
---@param schedule bench.doe.Schedule
---@param facts { harness?: string, profile?: string, options: table, plan_digests: table<string, string>,
---  profile_digests: table<string, string>, profile_digest?: string }
---@return bench.experiment.Record
function M.new(design, schedule, facts)
  local measured = {
    harness = facts.harness, profile = facts.profile, order = schedule.order, seed = schedule.seed,
    repeats = schedule.repeats, setups = setups_of(schedule, facts.plan_digests),
    runs = runs_of(schedule, facts.profile_digests), profile_digest = facts.profile_digest,
  }
  local digest = text.sha256(factors_of.canonical(measured))
  measured.format, measured.version, measured.digest = FORMAT, info.version, digest
  measured.name, measured.file, measured.options = design.name, design.file, json.object(facts.options)
  return measured
end

---@param dir string
---@param record bench.experiment.Record
---@return true? ok
---@return bench.Error? err
function M.save(dir, record)
  return fs.write(dir .. "/" .. M.FILE, json.encode(record, { indent = 1 }) .. "\n")
end

---@param dir string
---@return bench.experiment.Record? record
---@return bench.Error? err `not_found` if the folder holds no experiment
function M.load(dir)
  local record, err = json.load(dir .. "/" .. M.FILE)
  if err then
    if err.code == "not_found" then
      err.message = dir .. " holds no experiment: " .. M.FILE .. " is missing"
      err.hint = "give the folder that the experiment printed as its workspace"
    end
    return nil, err
  end
  if record.format ~= FORMAT then
    return nil, { code = "invalid", message = ("%s/%s has format %s; this program reads %d"):format(dir,
      M.FILE,
      tostring(record.format), FORMAT), hint = "resume it with the version that began it: "
        .. tostring(record.version) }
  end
  return record
end

-- Differences

local function shown(value) return value == nil and "nothing" or inspect.line(value, 60) end

local function compare_overrides(what, was, is, found)
  local old, new = {}, {}
  for _, each in ipairs(was) do old[each.key] = each.value end
  for _, each in ipairs(is) do new[each.key] = each.value end
  local keys = inspect.keys(old)
  for _, key in ipairs(inspect.keys(new)) do
    if old[key] == nil then keys[#keys + 1] = key end
  end
  for _, key in ipairs(keys) do
    if factors_of.canonical(old[key]) ~= factors_of.canonical(new[key]) then
      found[#found + 1] = ("%s: %s was %s, is %s"):format(what, key, shown(old[key]), shown(new[key]))
    end
  end
end

local function by_name(list)
  local map = {}
  for _, item in ipairs(list) do map[item.name] = item end
  return map
end

local function compare_treatments(kind, was, is, digest, found)
  local old, new = by_name(was), by_name(is)
  for _, item in ipairs(was) do
    local what = kind .. " treatment '" .. item.name .. "'"
    local now = new[item.name]
    if not now then
      found[#found + 1] = what .. " is gone"
    else
      local before = #found
      compare_overrides(what, item.overrides, now.overrides, found)
      if #found == before and item[digest] ~= now[digest] then
        found[#found + 1] = what .. ": its " .. (digest == "plan_digest" and "plan" or "profile")
          .. " changed"
      end
    end
  end
  for _, item in ipairs(is) do
    if not old[item.name] then found[#found + 1] = kind .. " treatment '" .. item.name .. "' is new" end
  end
end

---What is different between two records, in words; empty if they measure the same.
---@param was bench.experiment.Record
---@param is bench.experiment.Record
---@return string[] differences
function M.differences(was, is)
  local found = {}
  if was.digest == is.digest then return found end
  for _, field in ipairs { "harness", "profile", "order", "seed", "repeats" } do
    if was[field] ~= is[field] then
      found[#found + 1] = ("%s was %s, is %s"):format(field, shown(was[field]), shown(is[field]))
    end
  end
  if was.profile == is.profile and was.profile_digest ~= is.profile_digest then
    found[#found + 1] = ("the profile file %s changed"):format(shown(is.profile))
  end
  compare_treatments("setup", was.setups, is.setups, "plan_digest", found)
  compare_treatments("run", was.runs, is.runs, "profile_digest", found)
  if #found == 0 then found[1] = "the order or the number of treatments" end
  return found
end

---What to say of values of `--set` that are secret; nil if there are none.
---@param options table<string, any> as in the record
---@return string? words
function M.secrets_note(options)
  local keys = options and options.secret_keys
  if not keys or #keys == 0 then return nil end
  return "secret values of --set are not kept, give them again: --set " .. table.concat(keys, "=...,") .. "=..."
end

---The error for an experiment that is not the one in the folder; nil if it is.
---@param dir string
---@param was bench.experiment.Record
---@param is bench.experiment.Record
---@param details? string[] more to say, e.g. which keys of a plan changed
---@return bench.Error? err `conflict`
function M.conflict(dir, was, is, details)
  local found = M.differences(was, is)
  if #found == 0 then return nil end
  local lines = {}
  for i = 1, math.min(#found, MOST_SHOWN) do lines[i] = "  - " .. found[i] end
  if #found > MOST_SHOWN then lines[#lines + 1] = ("  - and %d more"):format(#found - MOST_SHOWN) end
  for _, detail in ipairs(details or {}) do lines[#lines + 1] = "    " .. detail end
  return { code = "conflict", differences = found,
    message = "the experiment in " .. dir .. " is not the one that would be measured now:\n"
      .. table.concat(lines, "\n"),
    hint = M.secrets_note(was.options) or "undo the change to resume it, or begin a new experiment without --resume" }
end

return M
