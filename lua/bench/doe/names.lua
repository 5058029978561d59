-- Names of treatments. They become parts of folders, files, experiment ids and labels.
local factors_of = require "bench.doe.factors"
local inspect = require "bench.inspect"
local text = require "host.text"

local M = {}

M.LONGEST = 80

---@param name any
---@return string? problem
function M.problem(name)
  if type(name) ~= "string" then return "a name is a text, not " .. inspect.line(name, 40) end
  if name == "" then return "a name must not be empty" end
  if #name > M.LONGEST then
    return ("the name '%s...' is longer than %d characters"):format(name:sub(1, 20), M.LONGEST)
  end
  local bad = name:match("[^%w%._-]")
  if bad then
    return ("the name '%s' contains '%s'; letters, digits, '.', '_' and '-' are allowed"):format(name, bad)
  end
  if not name:find("^%w") then return ("the name '%s' must begin with a letter or a digit"):format(name) end
end

-- Long names keep their beginning and get a piece of their hash.
local function shorten(name)
  if #name <= M.LONGEST then return name end
  return name:sub(1, M.LONGEST - 9) .. "-" .. text.sha256(name):sub(1, 8)
end

---The name of the setup or run part of a point; `default` if there is no factor for it.
---@param factors bench.doe.Factor[]
---@param point bench.doe.Level[]
---@param scope "setup"|"run"
---@return string
function M.of_point(factors, point, scope)
  local terms = {}
  for i, factor in ipairs(factors) do
    if factor.scope == scope then terms[#terms + 1] = factors_of.term(factor, point[i]) end
  end
  return #terms == 0 and "default" or shorten(table.concat(terms, "-"))
end

---Levels of one factor need labels that differ, and a factor a short name that a name may begin with.
---@param factors bench.doe.Factor[]
---@return string? problem
function M.check(factors)
  for _, factor in ipairs(factors) do
    local where = factor.scope .. " factor '" .. factor.name .. "'"
    local problem = M.problem(factor.short)
    if problem then return where .. ": " .. problem end
    local seen = {}
    for _, level in ipairs(factor.levels) do
      if seen[level.label] then
        return ("%s: two levels are called '%s'; give one { label = ..., value = ... }"):format(where,
          level.label)
      end
      seen[level.label] = true
    end
  end
end

---The treatment that changes nothing.
---@return bench.doe.Treatment
function M.default()
  return { name = "default", overrides = {}, values = {} }
end

---All names of values in these treatments.
---@param ... bench.doe.Treatment[]
---@return string[]
function M.keys_of(...)
  local list, seen = {}, {}
  for _, treatments in ipairs { ... } do
    for _, treatment in ipairs(treatments) do
      for name in pairs(treatment.values) do
        if not seen[name] then
          seen[name], list[#list + 1] = true, name
        end
      end
    end
  end
  table.sort(list)
  return list
end

return M
