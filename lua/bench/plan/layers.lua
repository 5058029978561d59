---The layers of a configuration and how they are laid on each other: defaults, a resource preset, the
---scenario's `shared`, the stack, `--set`, the overrides of a setup treatment.
---@class bench.plan.layers
local M = {}

local access = require "bench.plan.access"
local hidden = require "bench.hidden"
local info = require "host.info"
local json = require "host.json"
local merge = require "bench.plan.merge"
local override = require "bench.plan.override"
local scenario = require "bench.plan.scenario"
local set = require "bench.plan.set"
local text = require "host.text"
local trace = require "bench.plan.trace"
local unused = require "bench.plan.unused"

---@class bench.plan.Sources
---@field local_defaults bench.plan.Layer
---@field defaults bench.plan.Layer
---@field scenario { file: string, shared: table?, stacks: table[], lines: table<string, integer>?, findings: string[] }
---@field set table[] items of `--set`
---@field overrides table[] items of a setup treatment
---@field names string[] of all stacks

-- The section `local` of the installed defaults, for users whose own defaults do not know it.
local function local_defaults(warnings)
  local layer, err = scenario.load_defaults(info.home .. "/config/templates/values/defaults.yaml", warnings)
  if not layer then return nil, err end
  local part = json.object {}
  part["local"] = layer.tree["local"]
  return { file = layer.file, tree = part, lines = layer.lines }
end

-- Setup overrides as items: a map of dotted keys (nested maps count as longer keys), or a list of items.
local function override_items(overrides, origin, prefix, items)
  items = items or {}
  if override.kind_of(overrides) == "list" then
    for _, item in ipairs(overrides) do
      items[#items + 1] = { key = item.key, value = item.value, raw = item.raw, origin = item.origin
        or origin }
    end
    return items
  end
  for _, key in ipairs(json.keys(overrides)) do
    local value = overrides[key]
    local full = prefix and prefix .. "." .. key or key
    if override.kind_of(value) == "map" and next(value) ~= nil then
      override_items(value, origin, full, items)
    elseif value ~= json.null then
      items[#items + 1] = { key = full, value = value, origin = origin }
    end
  end
  return items
end

local function names_of(stacks)
  local names = {}
  for i, stack in ipairs(stacks) do names[i] = stack.name end
  return names
end

-- Secrets of all layers, also those that another layer replaces: explanations show them.
local function hide_secrets(sources)
  hidden.learn_config(sources.defaults.tree)
  hidden.learn_config(sources.scenario.shared)
  for _, stack in ipairs(sources.scenario.stacks) do hidden.learn_config(stack) end
  hidden.learn_items(sources.set)
  hidden.learn_items(sources.overrides)
end

---Reads the files of a specification and the overrides.
---@param spec bench.Spec
---@param opts { set?: string|string[], overrides?: table, sources?: table<string, string> }
---@param warnings string[] filled with what is odd but allowed
---@return bench.plan.Sources?
---@return bench.Error?
function M.load(spec, opts, warnings)
  local sources, err = {}
  sources.local_defaults, err = local_defaults({})
  if err then return nil, err end
  sources.defaults, err = scenario.load_defaults(spec.values_file, warnings)
  if err then return nil, err end
  sources.scenario, err = scenario.load(spec.scenario_file, warnings)
  if err then return nil, err end
  sources.names = names_of(sources.scenario.stacks)
  sources.set, err = {}, nil
  if opts.set then sources.set, err = set.parse(opts.set, (opts.sources or {}).set or "--set") end
  if err then return nil, err end
  sources.overrides = opts.overrides and override_items(opts.overrides, "setup treatment") or {}
  hide_secrets(sources)
  err = set.check_selectors(sources.set, sources.names)
  if err then return nil, err end
  return sources
end

local function lay(stack, name, tree, layer, prefix)
  if not tree then return end
  merge.into(stack.config, tree, stack.origins, scenario.origin(layer, prefix))
  trace.step(stack, name)
end

-- Merging copies what it takes, so the values may be shared.
local function without_name(entry)
  local keys, rest = json.keys(entry), {}
  for _, key in ipairs(keys) do rest[key] = entry[key] end
  rest.name = nil
  return json.object(rest, keys)
end

-- A null at the top of the lowest layer is a value of its own, which templates can see.
local function keep_nulls(stack, layer)
  for _, key in ipairs(json.keys(layer.tree)) do
    if rawget(stack.config, key) == nil then
      stack.config[key] = json.null
      stack.origins[merge.child("", key)] = scenario.origin(layer, "")(key)
    end
  end
end

local function new_stack(sources, index, traced)
  local stack = { name = sources.scenario.stacks[index].name, index = index, config = json.object {},
    origins = {}, warnings = {}, unresolved = {} }
  if traced then trace.start(stack) end
  return stack
end

local function add_defaults(stack, sources)
  lay(stack, "defaults of the method local", sources.local_defaults.tree, sources.local_defaults, "")
  lay(stack, "defaults", sources.defaults.tree, sources.defaults, "")
  keep_nulls(stack, sources.defaults)
end

-- What several stacks begin with is merged once and copied.
local function begin(stack, sources)
  if not sources.base then
    sources.base = { config = json.object {}, origins = {} }
    add_defaults(sources.base, sources)
  end
  stack.config = json.copy(sources.base.config)
  for path, origin in pairs(sources.base.origins) do stack.origins[path] = origin end
end

-- Defaults, preset, shared, stack and overrides in one configuration.
local function assemble(sources, index, traced, preset)
  local stack = new_stack(sources, index, traced)
  if traced or #sources.names == 1 then add_defaults(stack, sources) else begin(stack, sources) end
  if preset then
    merge.into(stack.config, preset.tree, stack.origins, preset.origin)
    trace.step(stack, "resource preset '" .. preset.name .. "'")
  end
  lay(stack, "shared", sources.scenario.shared, sources.scenario, "shared")
  lay(stack, "stack", without_name(sources.scenario.stacks[index]), sources.scenario, "scenario." .. (index - 1))
  local err = set.apply(stack, sources.set)
  trace.step(stack, "--set")
  err = err or set.apply(stack, sources.overrides)
  trace.step(stack, "setup treatment")
  for _, warning in ipairs(unused.warnings(stack, sources.set, sources.overrides)) do table.insert(stack.warnings, warning) end
  return not err and stack or nil, err
end

local ROLES = { "decode", "prefill", "standalone" }

-- The parts of a preset that are meant for roles.
local function role_parts(preset)
  local tree = json.object {}
  for _, role in ipairs(ROLES) do
    if override.kind_of(rawget(preset, role)) == "map" then tree[role] = preset[role] end
  end
  return tree
end

-- The preset that a stack names, as a layer; nil and a warning if there is none of that name.
local function preset_of(stack)
  local name = access.get(stack.config, "resourcePreset")
  if name == nil or name == "" then return nil end
  local presets = access.get(stack.config, "resourcePresets")
  local preset = override.kind_of(presets) == "map" and type(name) == "string" and rawget(presets, name)
  if override.kind_of(preset) ~= "map" then
    local names = override.kind_of(presets) == "map" and json.keys(presets) or {}
    return nil, ("%s: resourcePreset: there is no preset '%s'%s; it is ignored"):format(
      stack.origins.resourcePreset or stack.name, tostring(name), text.did_you_mean(tostring(name), names))
  end
  local start = "resourcePresets." .. merge.child("", name) .. "."
  local origins = stack.origins
  return { name = name, tree = role_parts(preset),
    origin = function(path) return origins[start .. path] or "resource preset '" .. name .. "'" end }
end

---One stack with all its layers. A resource preset is a base: it lies above the defaults and below all that
---the scenario says.
---@param sources bench.plan.Sources
---@param index integer
---@param traced? boolean
---@return bench.plan.Stack?
---@return bench.Error?
function M.stack(sources, index, traced)
  local stack, err = assemble(sources, index, traced)
  if not stack then return nil, err end
  local preset, warning = preset_of(stack)
  if preset then return assemble(sources, index, traced, preset) end
  if warning then stack.warnings[#stack.warnings + 1] = warning end
  return stack
end

return M
