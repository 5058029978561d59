-- Treatments that are written out one by one.
local inspect = require "bench.inspect"
local names = require "bench.doe.names"

local M = { name = "list", doc = "treatments written out one by one" }

-- One written treatment: `name` and dotted keys. Without a name it is called after its place.
local function read(item, index, scope, constants)
  if type(item) ~= "table" or inspect.is_list(item) and #item > 0 then
    return nil, ("%s treatment %d must be a table of keys and values"):format(scope, index)
  end
  local treatment = { name = item.name or (scope == "setup" and "setup-" or "t") .. (index - 1),
    overrides = {}, values = {} }
  local problem = names.problem(treatment.name)
  if problem then return nil, ("%s treatment %d: %s"):format(scope, index, problem) end
  for i, constant in ipairs(constants) do treatment.overrides[i] = constant end
  for _, key in ipairs(inspect.keys(item)) do
    if key ~= "name" then
      treatment.overrides[#treatment.overrides + 1] = { key = key, value = item[key] }
      treatment.values[key] = item[key]
    end
  end
  return treatment
end

local function read_all(items, scope, constants)
  local treatments, seen = {}, {}
  for i, item in ipairs(items or {}) do
    local treatment, problem = read(item, i, scope, constants)
    if not treatment then return nil, problem end
    if seen[treatment.name] then
      return nil, ("two %s treatments are called '%s'"):format(scope, treatment.name)
    end
    seen[treatment.name], treatments[i] = true, treatment
  end
  return treatments
end

---@param spec bench.doe.Spec
---@param constants_of fun(given?: table): bench.doe.Override[]
---@param cross fun(spec: table, setups: table, runs: table): bench.doe.Design?, string?
---@return bench.doe.Design? design
---@return string? problem
function M.build(spec, constants_of, cross)
  local constants = spec.constants or {}
  local setups, problem = read_all(spec.setup, "setup", constants_of(constants.setup))
  if not setups then return nil, problem end
  local runs
  runs, problem = read_all(spec.run, "run", constants_of(constants.run))
  if not runs then return nil, problem end
  return cross(spec, setups, runs)
end

return M
