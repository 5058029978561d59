-- Which keys of a plan are not what they were when its folder was written.
local factors_of = require "bench.doe.factors"
local fs = require "host.fs"
local hidden = require "bench.hidden"
local inspect = require "bench.inspect"
local override = require "bench.plan.override"
local yaml = require "host.yaml"

local M = {}

local MOST_SHOWN = 5

local function flatten(value, path, found)
  if override.kind_of(value) ~= "map" or next(value) == nil then
    found[path] = value
    return found
  end
  for _, key in ipairs(inspect.keys(value)) do
    flatten(rawget(value, key), path == "" and key or path .. "." .. key, found)
  end
  return found
end

local function shown(value) return value == nil and "not set" or inspect.line(value, 60) end

---The differences of two configurations, at most five, sorted by key.
---@param was table
---@param is table
---@return string[]
function M.of(was, is)
  local old, new, lines = flatten(was, "", {}), flatten(is, "", {}), {}
  local keys = inspect.keys(old)
  for key in pairs(new) do
    if old[key] == nil then keys[#keys + 1] = key end
  end
  table.sort(keys)
  for _, key in ipairs(keys) do
    if factors_of.canonical(old[key]) ~= factors_of.canonical(new[key]) and #lines < MOST_SHOWN then
      lines[#lines + 1] = ("%s: %s -> %s"):format(key, shown(old[key]), shown(new[key]))
    end
  end
  return lines
end

---Compares the plan written in a workspace, in which secrets are hidden, with one built now.
---@param dir string workspace of a setup treatment
---@param stacks { name: string, config: table }[]
---@return string[]
function M.of_workspace(dir, stacks)
  local lines = {}
  for _, stack in ipairs(stacks) do
    local path = ("%s/plan/%s/config.yaml"):format(dir, stack.name)
    local written = fs.exists(path) and yaml.load(path)
    if type(written) == "table" then
      for _, line in ipairs(M.of(written, hidden.copy(stack.config))) do lines[#lines + 1] = stack.name .. ": " .. line end
    end
  end
  return lines
end

return M
