-- Experiment files: the documented YAML with `experiment`, `design`, `setup`, `constants` and `treatments`.
local design_block = require "bench.treatment.design_block"
local doe = require "bench.doe"
local flatten = require "bench.treatment.flatten"
local fs = require "host.fs"
local json = require "host.json"
local lists = require "bench.lists"
local names = require "bench.doe.names"
local override = require "bench.plan.override"
local schema = require "bench.plan.schema"
local text = require "host.text"
local user_yaml = require "bench.plan.user_yaml"
local yaml = require "host.yaml"

local M = {}

local ROOT = schema.from_rows(require "bench.treatment.keys").root
local TOP, EXPERIMENT, SETUP = ROOT.order, ROOT.fields.experiment.order, ROOT.fields.setup.order

local LEGACY_HINT = "the old format (factors, levels, positional strings) is not read; write each treatment "
  .. "as a map: `- {name: a, decode.replicas: 2}`, or declare factors under design (docs/experiments.md)"

---@class bench.treatment.Source one file while it is read
---@field file string
---@field tree table
---@field at fun(...: string|integer): string `file:line` of a key, given as its path; list items from 0
---@field warnings string[]

local function source_of(path)
  local content, err = fs.read(path)
  if not content then return nil, err end
  local warnings = {}
  local tree
  tree, err = user_yaml.decode(content, { file = path, warnings = warnings })
  if err then return nil, err end
  local lines
  local function at(...)
    lines = lines or yaml.lines(content) or {}
    local parts = {}
    for i, part in ipairs { ... } do parts[i] = tostring(part) end
    local line = lines[override.join_path(parts)]
    return line and path .. ":" .. line or path
  end
  return { file = path, tree = tree, at = at, warnings = warnings }
end

local function invalid(where, message, hint)
  return { code = "invalid", message = where .. ": " .. message, hint = hint }
end

local function kind(value) return override.kind_of(value) end

local function absent(value) return value == nil or value == json.null end

-- A map with known keys only, or an error; nothing counts as an empty map.
local function check_map(source, value, known, ...)
  if absent(value) then return json.object {} end
  if kind(value) ~= "map" then return nil, invalid(source.at(...), "must be a map, not a " .. kind(value)) end
  for _, key in ipairs(json.keys(value)) do
    if not lists.contains(known, key) then
      return nil, invalid(source.at(unpack(lists.extend({ ... }, key))), "unknown key '" .. key .. "'"
        .. text.did_you_mean(key, known),
        "known here: " .. table.concat(known, ", "))
    end
  end
  return value
end

-- The section `experiment`: texts. A number as a name is read as its text.
local function read_head(source, tree)
  local head, err = check_map(source, tree.experiment, EXPERIMENT, "experiment")
  if not head then return nil, err end
  local texts = {}
  for _, key in ipairs(json.keys(head)) do
    local value = head[key]
    if key == "name" and type(value) == "number" then value = tostring(value) end
    if not absent(value) and (type(value) ~= "string" or value == "") then
      local what = type(value) == "string" and "empty" or "a " .. kind(value)
      return nil, invalid(source.at("experiment", key), key .. " must be a text, not " .. what)
    end
    texts[key] = not absent(value) and value or nil
  end
  return texts
end

local function legacy(source, tree)
  for _, section in ipairs { "setup", "run" } do
    local given = tree[section]
    if kind(given) == "map" and (given.factors ~= nil or given.levels ~= nil) then
      return invalid(source.at(section), "this is an experiment in the old format", LEGACY_HINT)
    end
  end
end

local function read_constants(source, value, ...)
  if absent(value) then return {} end
  if kind(value) ~= "map" then
    return nil, invalid(source.at(...), "constants must be a map of dotted keys, not a " .. kind(value))
  end
  return flatten.overrides(source, value, { ... })
end

local function read_name(source, item, fallback, path)
  local name = item.name
  if absent(name) then return fallback end
  if type(name) == "number" then name = tostring(name) end
  local problem = names.problem(name)
  if problem then
    return nil, invalid(source.at(unpack(lists.extend(path, "name"))), problem)
  end
  return name
end

local function read_item(source, item, fallback, constants, path)
  if kind(item) ~= "map" then
    local what = type(item) == "string" and "the text '" .. item .. "'" or "a " .. kind(item)
    return nil, invalid(source.at(unpack(path)), "a treatment must be a map, not " .. what, LEGACY_HINT)
  end
  local name, err = read_name(source, item, fallback, path)
  if not name then return nil, err end
  local own
  own, err = flatten.overrides(source, item, path, { name = true })
  if not own then return nil, err end
  local treatment = { name = name, overrides = {}, values = {}, origin = source.at(unpack(path)) }
  for _, list in ipairs { constants, own } do
    for _, each in ipairs(list) do treatment.overrides[#treatment.overrides + 1] = each end
  end
  for _, each in ipairs(own) do treatment.values[each.key] = each.value end
  return treatment
end

-- The treatments of a list in the file; nil without error if the key is absent.
local function read_items(source, items, constants, fallback, path)
  if absent(items) then return nil end
  if kind(items) ~= "list" then
    return nil, invalid(source.at(unpack(path)), "must be a list of treatments, not a " .. kind(items))
  end
  local treatments, seen = {}, {}
  for i, item in ipairs(items) do
    local treatment, err = read_item(source, item, fallback .. (i - 1), constants, lists.extend(path, i - 1))
    if not treatment then return nil, err end
    local same = seen[treatment.name]
    if same then
      return nil, invalid(treatment.origin, "two treatments are called '" .. treatment.name
        .. "' (the other: " .. same .. ")",
        "results are stored under these names; give each its own")
    end
    seen[treatment.name], treatments[i] = treatment.origin, treatment
  end
  return treatments
end

local function read_setups(source, tree, block)
  local section, err = check_map(source, tree.setup, SETUP, "setup")
  if not section then return nil, err end
  local constants
  constants, err = read_constants(source, section.constants, "setup", "constants")
  if not constants then return nil, err end
  constants = block:constants("setup", constants)
  local treatments
  treatments, err = read_items(source, section.treatments, constants, "setup-", { "setup", "treatments" })
  if err then return nil, err end
  return block:expand("setup", treatments, constants)
end

local function is_empty_list(value) return type(value) == "table" and next(value) == nil end

local function read_runs(source, tree, block)
  local constants, err = read_constants(source, tree.constants, "constants")
  if not constants then return nil, err end
  constants = block:constants("run", constants)
  local key = (absent(tree.treatments) or is_empty_list(tree.treatments)) and "run" or "treatments"
  if key == "treatments" and not absent(tree.run) then
    source.warnings[#source.warnings + 1] = source.at("run")
      .. ": 'run' is not used because 'treatments' is given"
  end
  local treatments
  treatments, err = read_items(source, tree[key], constants, "t", { key })
  if err then return nil, err end
  return block:expand("run", treatments, constants)
end

local function read(source)
  local tree = source.tree
  if kind(tree) ~= "map" then
    return nil, invalid(source.file, "an experiment file must hold a map", "it has the keys "
      .. table.concat(TOP, ", "))
  end
  local err = legacy(source, tree)
  if err then return nil, err end
  local _, head, block
  _, err = check_map(source, tree, TOP)
  if err then return nil, err end
  head, err = read_head(source, tree)
  if not head then return nil, err end
  block, err = design_block.read(source, tree.design)
  if not block then return nil, err end
  local setups, runs
  setups, err = read_setups(source, tree, block)
  if not setups then return nil, err end
  runs, err = read_runs(source, tree, block)
  if not runs then return nil, err end
  err = block:check_totals(setups, runs)
  if err then return nil, err end
  return head, { setups = setups, runs = runs, block = block }
end

---@param path string
---@return bench.doe.Design? design
---@return bench.Error? err
function M.load(path)
  local source, err = source_of(path)
  if not source then return nil, err end
  local head, parts = read(source)
  if not head then return nil, parts end
  local settings = parts.block.settings
  local design, problem = doe.cross({
    name = head.name or path:match("([^/]+)$"):gsub("%.ya?ml$", ""),
    description = head.description, harness = head.harness, profile = head.profile,
    repeats = settings.repeats, order = settings.order or "listed", seed = settings.seed,
    factors = parts.block.factors,
  }, parts.setups, parts.runs, parts.block.kind or "list")
  if not design then return nil, invalid(path, problem) end
  design.file, design.warnings = path, source.warnings
  return design
end

return M
