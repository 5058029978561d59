---Designs of experiments: from factors to treatments. A design is plain data; nothing here waits, reads or
---writes. Setup factors need a new standup, run factors only another load.
---
---    local doe = require "bench.doe"
---    return doe.full_factorial {
---      setup = { ["decode.replicas"] = { 1, 2, 4 } },
---      run = { ["load.stages.0.concurrency"] = { 1, 8, 64 } },
---      repeats = 3,
---    }
---@class bench.doe
local M = {}

local factors_of = require "bench.doe.factors"
local inspect = require "bench.inspect"
local lists = require "bench.lists"
local names = require "bench.doe.names"
local text = require "host.text"

---@class bench.doe.Override
---@field key string dotted key
---@field value any
---@field origin? string where it was written, for messages

---@class bench.doe.Treatment
---@field name string
---@field overrides bench.doe.Override[]
---@field values table<string, any> factor (or key) -> value
---@field origin? string

---@class bench.doe.Setup: bench.doe.Treatment
---@field runs bench.doe.Treatment[]

---@class bench.doe.Design
---@field kind string
---@field name? string
---@field description? string
---@field harness? string
---@field profile? string
---@field factors bench.doe.Factor[]
---@field setups bench.doe.Setup[] in the order of the design
---@field repeats integer
---@field order "cheapest"|"listed"|"random"
---@field seed integer
---@field count integer cells without repeats

---@class bench.doe.Spec
---@field name? string
---@field description? string
---@field harness? string used unless the command line names one
---@field profile? string used unless the command line names one
---@field setup? table factors that need a new standup: name -> levels, or a list of factors
---@field run? table factors of the load
---@field constants? { setup?: table<string, any>, run?: table<string, any> } set in every treatment
---@field where? fun(t: table<string, any>): boolean keeps a combination; sees factors by name
---@field repeats? integer 1 unless given
---@field order? "cheapest"|"listed"|"random" `cheapest` unless given
---@field seed? integer of the random order and the data; 1 unless given
---@field samples? integer latin_hypercube: how many treatments
---@field jitter? boolean latin_hypercube: a random place in each part instead of its middle

---Most cells that a design may have.
M.LIMIT = 1000000

---@type string[]
M.ORDERS = { "cheapest", "listed", "random" }

local FIELDS = { "name", "description", "harness", "profile", "setup", "run", "constants", "where", "repeats",
  "order", "seed", "samples", "jitter" }

-- What fields must be; the words are for messages.
local TYPES = { name = "string", description = "string", harness = "string", profile = "string", setup = "table",
  run = "table", constants = "table", where = "function", jitter = "boolean" }
local WORDS = { string = "a text", table = "a table", ["function"] = "a function(t)", boolean = "true or false" }

local function check_types(spec)
  for _, field in ipairs(FIELDS) do
    local wanted = TYPES[field]
    if wanted and spec[field] ~= nil and type(spec[field]) ~= wanted then
      return ("%s must be %s, not %s"):format(field, WORDS[wanted], inspect.line(spec[field], 40))
    end
  end
  for _, scope in ipairs { "setup", "run" } do
    local constants = spec.constants and spec.constants[scope]
    if constants ~= nil and type(constants) ~= "table" then
      return ("constants.%s must be a table of keys and values, not %s"):format(scope, inspect.line(constants, 40))
    end
  end
end

local function check_fields(spec)
  for key in pairs(spec) do
    if not lists.contains(FIELDS, key) then
      return "unknown field '" .. tostring(key) .. "'" .. text.did_you_mean(tostring(key), FIELDS)
    end
  end
  for _, scope in ipairs(type(spec.constants) == "table" and inspect.keys(spec.constants) or {}) do
    if scope ~= "setup" and scope ~= "run" then
      return "constants are given as { setup = {...}, run = {...} }, not under '" .. tostring(scope) .. "'"
    end
  end
  return check_types(spec)
end

local function whole(value, least)
  return type(value) == "number" and value % 1 == 0 and value >= least and value <= 2 ^ 53
end

---Checks what every design has in common.
---@param settings { repeats?: any, seed?: any, order?: any }
---@return string? problem
function M.check_settings(settings)
  if settings.repeats ~= nil and not whole(settings.repeats, 1) then
    return "repeats must be a whole number from 1"
  end
  if settings.seed ~= nil and not whole(settings.seed, 0) then return "seed must be a whole number from 0" end
  if settings.order ~= nil and not lists.contains(M.ORDERS, settings.order) then
    return "order '" .. tostring(settings.order) .. "' is none of " .. table.concat(M.ORDERS, ", ")
      .. text.did_you_mean(tostring(settings.order), M.ORDERS)
  end
end

local function constants_of(given)
  local overrides = {}
  for _, key in ipairs(inspect.keys(given or {})) do
    overrides[#overrides + 1] = { key = key, value = given[key], origin = "constants" }
  end
  return overrides
end

-- Overrides of one part of a point: constants first, so that a factor wins over them.
local function overrides_of(factors, point, scope, constants)
  local overrides = {}
  for i, constant in ipairs(constants) do overrides[i] = constant end
  for i, factor in ipairs(factors) do
    local level = point[i]
    if factor.scope == scope and level.set then
      for _, key in ipairs(inspect.keys(level.set)) do
        overrides[#overrides + 1] = { key = key, value = level.set[key] }
      end
    elseif factor.scope == scope then
      overrides[#overrides + 1] = { key = factor.key, value = level.value }
    end
  end
  return overrides
end

local function values_of(factors, point, scope)
  local values = {}
  for i, factor in ipairs(factors) do
    if factor.scope == scope then values[factor.name] = point[i].value end
  end
  return values
end

local function treatment(factors, point, scope, constants)
  return { name = names.of_point(factors, point, scope), values = values_of(factors, point, scope),
    overrides = overrides_of(factors, point, scope, constants) }
end

-- What a constraint sees: factors by name; a name that no treatment has raises.
local function view_of(known)
  local meta = { __index = function(_, key)
    if lists.contains(known, key) then return nil end
    error("where: there is no factor '" .. tostring(key) .. "'" .. text.did_you_mean(tostring(key), known), 2)
  end }
  return function(...)
    local view = {}
    for _, values in ipairs { ... } do
      for name, value in pairs(values) do view[name] = value end
    end
    return setmetatable(view, meta)
  end
end

local function factor_names(factors)
  local list = {}
  for i, factor in ipairs(factors) do list[i] = factor.name end
  return list
end

local function new_design(kind, spec, factors)
  return { kind = kind, name = spec.name, description = spec.description, harness = spec.harness,
    profile = spec.profile, factors = factors, setups = {}, repeats = spec.repeats or 1,
    order = spec.order or "cheapest", seed = spec.seed or 1, count = 0 }
end

-- Sorts the cells of a design under their setups. Treatments of one name are stored once.
local function collector(design)
  local setups, runs, seen = {}, {}, {}
  return function(setup, run)
    local at = setups[setup.name]
    if not at then
      at, setup.runs = setup, {}
      setups[setup.name], design.setups[#design.setups + 1] = at, at
    end
    run = runs[run.name] or run
    runs[run.name] = run
    local cell = at.name .. "\0" .. run.name
    if seen[cell] then
      return ("the design gives one treatment twice: setup '%s', run '%s'"):format(at.name, run.name)
    end
    seen[cell] = true
    at.runs[#at.runs + 1] = run
    design.count = design.count + 1
  end
end

local function check_design(design)
  if design.count == 0 then return "no treatment is left: 'where' refuses all of them" end
end

local function ranges_problem(kind, factors)
  for _, factor in ipairs(factors) do
    if factor.range and not kind.ranges then
      return ("%s factor '%s': %s needs levels, not a range"):format(factor.scope, factor.name, kind.name)
    end
  end
end

local function generate(kind, spec, factors)
  local design = new_design(kind.name, spec, factors)
  local opts = { samples = spec.samples, jitter = spec.jitter, seed = design.seed }
  local problem = ranges_problem(kind, factors) or names.check(factors)
    or (kind.check and kind.check(factors, opts))
  if problem then return nil, problem end
  local count = kind.count(factors, opts)
  if count > M.LIMIT then return nil, ("%d treatments are more than %d"):format(count, M.LIMIT) end
  local constants = { setup = constants_of((spec.constants or {}).setup),
    run = constants_of((spec.constants or {}).run) }
  local add, view = collector(design), view_of(factor_names(factors))
  for point in kind.points(factors, opts) do
    local setup = treatment(factors, point, "setup", constants.setup)
    local run = treatment(factors, point, "run", constants.run)
    if not spec.where or spec.where(view(setup.values, run.values)) then
      problem = add(setup, run)
      if problem then return nil, problem end
    end
  end
  problem = check_design(design)
  if problem then return nil, problem end
  return design
end

---Builds a design without raising for bad input.
---@param kind string full_factorial, one_at_a_time, zip or latin_hypercube
---@param spec bench.doe.Spec
---@return bench.doe.Design? design
---@return string? problem
function M.build(kind, spec)
  local problem = check_fields(spec) or M.check_settings(spec)
  if problem then return nil, problem end
  local factors
  factors, problem = factors_of.read(spec.setup, spec.run)
  if not factors then return nil, problem end
  return generate(require("bench.doe." .. kind), spec, factors)
end

---Every setup treatment with every run treatment, as far as `where` agrees.
---@param spec { name?: string, description?: string, harness?: string, profile?: string, repeats?: integer,
---  order?: string, seed?: integer, where?: fun(t: table): boolean, factors?: bench.doe.Factor[] }
---@param setups bench.doe.Treatment[] none means one without overrides
---@param runs bench.doe.Treatment[] none means one without overrides
---@param kind? string
---@return bench.doe.Design? design
---@return string? problem
function M.cross(spec, setups, runs, kind)
  local design = new_design(kind or "list", spec, spec.factors or {})
  local add, known = collector(design), names.keys_of(setups, runs)
  local view = view_of(known)
  if #setups == 0 then setups = { names.default() } end
  if #runs == 0 then runs = { names.default() } end
  if #setups * #runs > M.LIMIT then
    return nil, ("%d treatments are more than %d"):format(#setups * #runs, M.LIMIT)
  end
  for _, setup in ipairs(setups) do
    for _, run in ipairs(runs) do
      if not spec.where or spec.where(view(setup.values, run.values)) then
        local problem = add(setup, run)
        if problem then return nil, problem end
      end
    end
  end
  local problem = check_design(design)
  if problem then return nil, problem end
  return design
end

local function shipped(kind)
  return function(spec)
    if type(spec) ~= "table" then error("doe." .. kind .. " takes one table", 2) end
    local design, problem = M.build(kind, spec)
    if not design then error("doe." .. kind .. ": " .. problem, 2) end
    return design
  end
end

---Every combination of levels.
---@type fun(spec: bench.doe.Spec): bench.doe.Design
M.full_factorial = shipped "full_factorial"

---The first level of every factor, then each other level alone.
---@type fun(spec: bench.doe.Spec): bench.doe.Design
M.one_at_a_time = shipped "one_at_a_time"

---First levels together, then second levels, and so on.
---@type fun(spec: bench.doe.Spec): bench.doe.Design
M.zip = shipped "zip"

---`samples` treatments spread evenly over every factor's range (`{ min =, max =, log =, integer = }`) or
---levels.
---@type fun(spec: bench.doe.Spec): bench.doe.Design
M.latin_hypercube = shipped "latin_hypercube"

---Treatments written out: `setup` and `run` are lists of maps with dotted keys and an optional `name`.
---@param spec bench.doe.Spec
---@return bench.doe.Design
function M.list(spec)
  if type(spec) ~= "table" then error("doe.list takes one table", 2) end
  local problem = check_fields(spec) or M.check_settings(spec)
  if problem then error("doe.list: " .. problem, 2) end
  local design
  design, problem = require("bench.doe.list").build(spec, constants_of, M.cross)
  if not design then error("doe.list: " .. problem, 2) end
  return design
end

return M
