-- The `design` block of an experiment file: it declares factors and totals, and gives the treatments of a
-- section (setup or run) that lists none.
local doe = require "bench.doe"
local factor_values = require "bench.doe.factors"
local json = require "host.json"
local lists = require "bench.lists"
local override = require "bench.plan.override"
local schema = require "bench.plan.schema"
local text = require "host.text"

local M = {}

-- The names in files, and what they are called here.
local KINDS = {
  full_factorial = "full_factorial",
  proportional_scaling = "zip",
  zip = "zip",
  one_at_a_time = "one_at_a_time",
  latin_hypercube = "latin_hypercube",
  list = "list",
}
local KIND_NAMES = { "full_factorial", "proportional_scaling", "zip", "one_at_a_time", "latin_hypercube",
  "list" }
local ROWS = schema.from_rows(require "bench.treatment.keys")
local KEYS, SECTION_KEYS = ROWS.root.fields.design.order, ROWS.shapes["#factors"].order
local ITEM_KEYS = { factors = ROWS.shapes["#factor"].order, constants = ROWS.shapes["#constant"].order }

---@class bench.treatment.Block
---@field kind? string
---@field factors bench.doe.Factor[]
---@field settings { repeats?: integer, order?: string, seed?: integer, samples?: integer }
local Block = {}
Block.__index = Block

local function invalid(where, message, hint)
  return { code = "invalid", message = where .. ": " .. message, hint = hint }
end

local function given(value)
  if value == json.null then return nil end
  return value
end

local function warn_unknown(source, map, known, ...)
  for _, key in ipairs(json.keys(map)) do
    if not lists.contains(known, key) then
      source.warnings[#source.warnings + 1] = source.at(unpack(lists.extend({ ... }, key))) .. ": '" .. key
        .. "' is not used"
        .. text.did_you_mean(key, known)
    end
  end
end

local function check_map(source, value, ...)
  if override.kind_of(value) ~= "map" then
    return invalid(source.at(...), "must be a map, not a " .. override.kind_of(value))
  end
end

-- A factor or constant. A misspelt field would silently make it another one.
local function check_item(source, item, known, path)
  for _, key in ipairs(json.keys(item)) do
    if not lists.contains(known, key) then
      local meant = text.did_you_mean(key, known)
      local place, message = source.at(unpack(lists.extend(path, key))), "unknown key '" .. key .. "'" .. meant
      if meant ~= "" then return invalid(place, message) end
      source.warnings[#source.warnings + 1] = place .. ": '" .. key .. "' is not used"
    end
  end
end

local function read_section(source, block, name)
  local section = given(block.tree[name])
  if section == nil then return end
  local err = check_map(source, section, "design", name)
  if err then return err end
  warn_unknown(source, section, SECTION_KEYS, "design", name)
  for _, list in ipairs { "factors", "constants" } do
    local items = given(section[list])
    if items ~= nil and override.kind_of(items) ~= "list" then
      return invalid(source.at("design", name, list), "must be a list, not a " .. override.kind_of(items))
    end
    for i, item in ipairs(items or {}) do
      err = check_map(source, item, "design", name, list, i - 1)
      if err then return err end
      err = check_item(source, item, ITEM_KEYS[list], { "design", name, list, i - 1 })
      if err then return err end
      if type(given(item.key)) ~= "string" then
        return invalid(source.at("design", name, list, i - 1), "needs a key: the dotted key that it sets")
      end
    end
  end
end

local function read_kind(source, tree)
  local kind = given(tree.type)
  if kind == nil then return nil end
  if not KINDS[kind] then
    return nil, invalid(source.at("design", "type"), "unknown type '" .. tostring(kind) .. "'"
      .. text.did_you_mean(tostring(kind), KIND_NAMES), "types: " .. table.concat(KIND_NAMES, ", "))
  end
  return KINDS[kind]
end

---@param source bench.treatment.Source
---@param tree any the value of the key `design`
---@return bench.treatment.Block? block
---@return bench.Error? err
function M.read(source, tree)
  tree = given(tree) or json.object {}
  local err = check_map(source, tree, "design")
  if err then return nil, err end
  warn_unknown(source, tree, KEYS, "design")
  local block = setmetatable({ source = source, tree = tree, factors = {} }, Block)
  block.settings = { repeats = given(tree.repeats), order = given(tree.order), seed = given(tree.seed),
    samples = given(tree.samples) }
  local problem = doe.check_settings(block.settings)
  if problem then return nil, invalid(source.at("design"), problem) end
  block.kind, err = read_kind(source, tree)
  err = err or read_section(source, block, "setup") or read_section(source, block, "run")
  if err then return nil, err end
  return block
end

local function section_of(block, name)
  return given(block.tree[name]) or {}
end

---The constants that the block declares for a section, followed by `more`.
---@param name "setup"|"run"
---@param more bench.doe.Override[]
---@return bench.doe.Override[]
function Block:constants(name, more)
  local overrides = {}
  for i, constant in ipairs(given(section_of(self, name).constants) or {}) do
    overrides[#overrides + 1] = { key = constant.key, value = constant.value,
      origin = self.source.at("design", name, "constants", i - 1) }
  end
  for _, each in ipairs(more) do overrides[#overrides + 1] = each end
  return overrides
end

local function factors_of(block, name)
  local factors = {}
  for i, written in ipairs(given(section_of(block, name).factors) or {}) do
    local levels = given(written.levels)
    if levels ~= nil and override.kind_of(levels) ~= "list" then levels = { levels } end
    factors[i] = { name = given(written.name) or written.key, key = written.key, levels = levels,
      min = given(written.min), max = given(written.max), log = given(written.log),
      integer = given(written.integer),
      unit = given(written.unit), description = given(written.description) }
  end
  return factors
end

local function constants_map(constants)
  local map = json.object {}
  for _, each in ipairs(constants) do map[each.key] = each.value end
  return map
end

-- The place where a factor was declared is the origin of what it sets.
local function add_origins(block, name, treatments, constants)
  local origins = {}
  for _, each in ipairs(constants) do origins[each.key] = each.origin end
  for i, written in ipairs(given(section_of(block, name).factors) or {}) do
    origins[written.key] = block.source.at("design", name, "factors", i - 1)
  end
  for _, treatment in ipairs(treatments) do
    for _, each in ipairs(treatment.overrides) do each.origin = origins[each.key] or each.origin end
  end
end

local function generate(block, name, constants)
  local kind = block.kind or "full_factorial"
  local where = block.source.at("design", name, "factors")
  if kind == "list" then
    return nil, invalid(where,
      "a list has no factors to expand: write the treatments out, or choose another type")
  end
  local design, problem = doe.build(kind, { [name] = factors_of(block, name),
    constants = { [name] = constants_map(constants) }, samples = block.settings.samples,
      seed = block.settings.seed })
  if not design then return nil, invalid(where, problem) end
  for _, factor in ipairs(design.factors) do block.factors[#block.factors + 1] = factor end
  if name == "setup" then return design.setups end
  return design.setups[1].runs
end

local function is_level(factor, value)
  for _, level in ipairs(factor.levels or {}) do
    if factor_values.canonical(level) == factor_values.canonical(value) then return true end
  end
  return false
end

-- Do treatments that are written out vary the key of a factor, within its levels?
local function is_followed(factor, treatments)
  local found = false
  for _, treatment in ipairs(treatments) do
    local value = treatment.values[factor.key]
    if value ~= nil and factor.levels and not is_level(factor, value) then return false end
    found = found or value ~= nil
  end
  return found
end

-- Factors give treatments only where none are written out. Beside treatments that follow them they are words for readers.
local function warn_unused_factors(block, name, treatments)
  for i, factor in ipairs(factors_of(block, name)) do
    if not is_followed(factor, treatments) then
      table.insert(block.source.warnings, ("%s: factor '%s' is not used: the treatments are written out, and do not follow it")
        :format(block.source.at("design", name, "factors", i - 1), factor.name))
    end
  end
end

---The treatments of a section: those of the file, else those that its factors give, else one that only sets
---the constants.
---@param name "setup"|"run"
---@param treatments bench.doe.Treatment[]? as the file lists them
---@param constants bench.doe.Override[]
---@return bench.doe.Treatment[]? treatments
---@return bench.Error? err
function Block:expand(name, treatments, constants)
  if treatments and #treatments > 0 then
    warn_unused_factors(self, name, treatments)
    return treatments
  end
  if #factors_of(self, name) == 0 then
    return { { name = "default", overrides = constants, values = {} } }
  end
  local generated, err = generate(self, name, constants)
  if not generated then return nil, err end
  add_origins(self, name, generated, constants)
  return generated
end

---Compares the declared totals with what there is.
---@param setups bench.doe.Treatment[]
---@param runs bench.doe.Treatment[]
---@return bench.Error? err
function Block:check_totals(setups, runs)
  local real = { total_setup_treatments = #setups, total_run_treatments = #runs,
    total_matrix = #setups * #runs }
  for _, key in ipairs { "total_setup_treatments", "total_run_treatments", "total_matrix" } do
    local declared = given(self.tree[key])
    if declared ~= nil and declared ~= real[key] then
      return invalid(self.source.at("design", key),
        ("%s is declared as %s, but the file gives %d (%d setup x %d run treatments)")
        :format(key, tostring(declared), real[key], #setups, #runs), "correct the number or the treatments")
    end
  end
end

return M
