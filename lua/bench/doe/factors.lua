-- Factors and levels: reading what a design gives, and the short texts that name treatments.
local inspect = require "bench.inspect"
local lists = require "bench.lists"
local override = require "bench.plan.override"
local text = require "host.text"

local M = {}

---@class bench.doe.Level
---@field label string short text for names, made of letters, digits, `.`, `_` and `-`
---@field value any what constraints see
---@field set? table<string, any> keys to set; without it `value` is set under the factor's key

---@class bench.doe.Factor
---@field name string
---@field key string dotted key that its levels set
---@field scope "setup"|"run"
---@field short string begins the label of its levels
---@field levels bench.doe.Level[] empty for a range
---@field range? { min: number, max: number, log: boolean, integer: boolean }
---@field unit? string
---@field description? string

local LONGEST_LABEL = 24

---A text that is equal for equal values only; keys of maps are sorted.
---@param value any
---@return string
function M.canonical(value)
  if type(value) ~= "table" then
    return type(value) == "string" and ("%q"):format(value) or inspect.line(value)
  end
  local parts = {}
  if inspect.is_list(value) then
    for i, item in ipairs(value) do parts[i] = M.canonical(item) end
    return "[" .. table.concat(parts, ",") .. "]"
  end
  local keys = inspect.keys(value)
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  for i, key in ipairs(keys) do parts[i] = ("%q"):format(tostring(key)) .. ":" .. M.canonical(value[key]) end
  return "{" .. table.concat(parts, ",") .. "}"
end

---A short text for names: letters, digits, `.`, `_` and `-`. What does not fit is replaced by a piece of its
---hash, so that different values keep different labels.
---@param value any
---@return string
function M.label(value)
  local full = type(value) == "string" and value or type(value) == "number" and inspect.number(value)
    or type(value) == "boolean" and tostring(value) or M.canonical(value)
  local clean = full:gsub("[^%w%._-]+", "-"):gsub("^[-._]+", ""):gsub("[-._]+$", "")
  if clean == full and #clean <= LONGEST_LABEL then return clean end
  local hash = text.sha256(full):sub(1, 6)
  clean = clean:sub(1, LONGEST_LABEL - 7):gsub("[-._]+$", "")
  return clean == "" and hash or clean .. "-" .. hash
end

local LEVEL = { "label", "value", "set" }

-- A map with `label` or `set`, or with `value` and something that was meant to be one of them; any other map is a value.
local function is_level(written)
  if type(written) ~= "table" or inspect.is_list(written) then return false end
  if written.label ~= nil or written.set ~= nil then return true end
  if written.value == nil then return false end
  for key in pairs(written) do
    if not lists.contains(LEVEL, key) and text.nearest(tostring(key), LEVEL) then return true end
  end
  return false
end

-- A level as it was written: a plain value, { label =, value = } or { label =, set = { key = value } }.
local function read_level(written)
  if is_level(written) then
    for _, key in ipairs(inspect.keys(written)) do
      if not lists.contains(LEVEL, key) then
        return nil, "unknown field '" .. tostring(key) .. "'" .. text.did_you_mean(tostring(key), LEVEL)
          .. "; a level has label, value and set"
      end
    end
    if written.value == nil and written.set == nil then return nil, "a level with a label needs a value or set" end
    if written.set ~= nil and type(written.set) ~= "table" then
      return nil, "set is a map of keys to values"
    end
    local value = written.value
    if value == nil then value = written.label end
    if value == nil then return nil, "a level with set needs a label" end
    return { label = M.label(written.label == nil and value or written.label), value = value,
      set = written.set }
  end
  return { label = M.label(written), value = written }
end

local function read_range(given, where)
  local range = { min = given.min, max = given.max, log = given.log or false, integer = given.integer
    or false }
  if type(range.min) ~= "number" or type(range.max) ~= "number" or range.min >= range.max then
    return nil, where .. ": a range needs numbers min < max"
  end
  if range.log and range.min <= 0 then return nil, where .. ": a logarithmic range begins above 0" end
  return range
end

local function read_levels(given, where)
  local levels, seen = {}, {}
  for i, written in ipairs(given) do
    local level, problem = read_level(written)
    if not level then return nil, where .. ", level " .. i .. ": " .. problem end
    local same = seen[M.canonical(written)]
    if same then
      return nil, ("%s: levels %d and %d are equal (%s)"):format(where, same, i, inspect.line(written, 60))
    end
    seen[M.canonical(written)] = i
    levels[i] = level
  end
  if #levels == 0 then return nil, where .. ": has no levels" end
  return levels
end

local FIELDS = { "name", "key", "levels", "min", "max", "log", "integer", "short", "unit", "description" }

local function unknown_field(given)
  for _, key in ipairs(inspect.keys(given)) do
    if not lists.contains(FIELDS, key) then
      return "unknown field '" .. tostring(key) .. "'" .. text.did_you_mean(tostring(key), FIELDS)
    end
  end
end

local function read_factor(name, given, scope)
  local where = scope .. " factor '" .. tostring(name) .. "'"
  if type(name) ~= "string" or name == "" then return nil, "a " .. scope .. " factor needs a name" end
  if type(given) ~= "table" then given = { given } end
  if inspect.is_list(given) then given = { levels = given } end
  local problem = unknown_field(given)
  if problem then return nil, where .. ": " .. problem end
  local factor = { name = name, key = given.key or name, scope = scope, unit = given.unit,
    description = given.description, short = given.short, levels = {} }
  if given.levels == nil then
    factor.range, problem = read_range(given, where)
    if not factor.range then return nil, problem end
    return factor
  end
  factor.levels, problem = read_levels(given.levels, where)
  if not factor.levels then return nil, problem end
  return factor
end

-- The last word of a dotted key, unless another factor ends alike.
local function add_short_names(factors)
  local count = {}
  local function last(factor) return factor.name:match("([^.]+)$") or factor.name end
  for _, factor in ipairs(factors) do count[last(factor)] = (count[last(factor)] or 0) + 1 end
  for _, factor in ipairs(factors) do
    factor.short = factor.short or M.label(count[last(factor)] == 1 and last(factor) or factor.name)
  end
end

local function add_scope(factors, given, scope)
  local names = inspect.is_list(given) and {} or inspect.keys(given)
  if #names == 0 then
    for _, item in ipairs(given) do
      local factor, problem = read_factor(type(item) == "table" and item.name or nil, item, scope)
      if not factor then return problem end
      factors[#factors + 1] = factor
    end
    return
  end
  for _, name in ipairs(names) do
    local factor, problem = read_factor(name, given[name], scope)
    if not factor then return problem end
    factors[#factors + 1] = factor
  end
end

-- The keys that a factor sets, in one way of writing them.
local function keys_of(factor)
  local keys = {}
  local function add(key)
    local parts = override.split_path(tostring(key))
    keys[parts and override.join_path(parts) or tostring(key)] = true
  end
  for _, level in ipairs(factor.levels) do
    if level.set then
      for key in pairs(level.set) do add(key) end
    else
      add(factor.key)
    end
  end
  if factor.range then add(factor.key) end
  return keys
end

-- Two factors of one key would overwrite each other, and names would tell of values that were never set.
local function shared_key(factors)
  local owners = {}
  for _, factor in ipairs(factors) do
    for _, key in ipairs(inspect.keys(keys_of(factor))) do
      local owner = owners[factor.scope .. " " .. key]
      if owner then
        return ("%s factors '%s' and '%s' both set '%s'"):format(factor.scope, owner, factor.name, key)
      end
      owners[factor.scope .. " " .. key] = factor.name
    end
  end
end

---Reads the factors of a design: maps from a name to levels (walked by name), or lists of
---`{ name, key?, levels | min, max, ... }` (walked in their order). Setup factors come first.
---@param setup? table
---@param run? table
---@return bench.doe.Factor[]? factors
---@return string? problem
function M.read(setup, run)
  local factors, seen = {}, {}
  local problem = add_scope(factors, setup or {}, "setup") or add_scope(factors, run or {}, "run")
  if problem then return nil, problem end
  for _, factor in ipairs(factors) do
    if seen[factor.name] then return nil, "two factors are called '" .. factor.name .. "'" end
    seen[factor.name] = true
  end
  problem = shared_key(factors)
  if problem then return nil, problem end
  add_short_names(factors)
  return factors
end

---The part of a treatment's name that one factor gives: `replicas4`, `routing_default`.
---@param factor bench.doe.Factor
---@param level bench.doe.Level
---@return string
function M.term(factor, level)
  local joint = level.label:find("^%d") and factor.short:find("%a$") and "" or "_"
  return factor.short .. joint .. level.label
end

---A level that was not written down but computed (from a range).
---@param value any
---@return bench.doe.Level
function M.level(value)
  return { label = M.label(value), value = value }
end

return M
