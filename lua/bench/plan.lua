---The plan: what each stack's configuration is and where every value came from.
---Layers, lowest first: defaults, the scenario's `shared`, the stack, `--set`, the overrides of an
---experiment's setup treatment, then the dedicated flags and their environment variables.
---@class bench.plan
local M = {}

local access = require "bench.plan.access"
local flags = require "bench.plan.flags"
local info = require "host.info"
local json = require "host.json"
local merge = require "bench.plan.merge"
local override = require "bench.plan.override"
local scenario = require "bench.plan.scenario"
local set = require "bench.plan.set"
local text = require "host.text"
local vars = require "bench.plan.vars"

---@class bench.plan.Stack
---@field name string
---@field index integer position in the scenario, from 1
---@field method string
---@field model { name: string }
---@field config table the merged configuration; reading a missing key raises
---@field origins table<string, string> dotted key -> file:line, file, flag or variable
---@field digest string SHA-256 of the configuration
---@field unset_vars table<string, table>

---@class bench.Plan
---@field spec bench.Spec
---@field stacks bench.plan.Stack[] all stacks of the scenario, in its order
---@field digest string
---@field warnings string[]
---@field work_dir string? the first stack's `workDir`

M.get = access.get

local function invalid(message, hint)
  return { code = "invalid", message = message, hint = hint }
end

-- The section `local` of the installed defaults, for users whose own defaults do not know it.
local function local_defaults(warnings)
  local layer, err = scenario.load_defaults(info.home .. "/config/templates/values/defaults.yaml", warnings)
  if not layer then return nil, err end
  local part = json.object {}
  part["local"] = layer.tree["local"]
  return { file = layer.file, tree = part, lines = layer.lines }
end

local function without_name(entry)
  local rest = merge.copy(entry)
  rest.name = nil
  return rest
end

local function merge_layers(sources, index)
  local stack = { config = json.object {}, origins = {} }
  local entry = sources.scenario.stacks[index]
  local function add(tree, layer, prefix)
    if tree then merge.into(stack.config, tree, stack.origins, scenario.origin(layer, prefix)) end
  end
  add(sources.local_defaults.tree, sources.local_defaults, "")
  add(sources.defaults.tree, sources.defaults, "")
  add(sources.scenario.shared, sources.scenario, "shared")
  add(without_name(entry), sources.scenario, "scenario." .. (index - 1))
  stack.name, stack.index = entry.name, index
  return stack
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

---The stacks that a `--stack` list names, in scenario order.
---@param stacks { name: string }[]
---@param wanted? string[]
---@return table[]? selected
---@return bench.Error? err
function M.select(stacks, wanted)
  if not wanted or #wanted == 0 then return stacks end
  local is_wanted, known = {}, {}
  for _, stack in ipairs(stacks) do known[stack.name] = true end
  for _, name in ipairs(wanted) do
    if not known[name] then
      local names = names_of(stacks)
      return nil, invalid("unknown stack '" .. name .. "'" .. text.did_you_mean(name, names),
        "stacks of this scenario: " .. table.concat(names, ", "))
    end
    is_wanted[name] = true
  end
  local selected = {}
  for _, stack in ipairs(stacks) do
    if is_wanted[stack.name] then selected[#selected + 1] = stack end
  end
  return selected
end

-- Does `--models` mean this stack? With several stacks, exactly one name in `--stack` limits it.
local function takes_model(stack, all, opts)
  if #all == 1 or not opts.stack or #opts.stack ~= 1 then return true end
  return stack.name == opts.stack[1]
end

local function apply_flags(stack, all, opts)
  local sources = opts.sources or {}
  local err = flags.apply_namespace(stack, opts.namespace, sources.namespace or "--namespace")
  if err then return err end
  if opts.models and takes_model(stack, all, opts) then
    flags.apply_model(stack, opts.models, sources.models or "--models")
  end
  stack.method, err = flags.apply_method(stack, opts.methods, opts.methods
    and (sources.methods or "--methods"))
  return err
end

local function canonical(value)
  return json.encode(value, { sort_keys = true })
end

local function finish(stack, source_names)
  local model = access.get(stack.config, "model.name")
  if type(model) ~= "string" or model == "" then
    return invalid("stack '" .. stack.name .. "' has no model.name", "define it in " .. source_names ..
      ", or pass --models MODEL")
  end
  stack.model = { name = model }
  stack.digest = text.sha256(canonical(stack.config))
  access.strict(stack.config, source_names)
end

local function build_stack(stack, all, sources, opts)
  local source_names = sources.scenario.file .. " or " .. sources.defaults.file
  local err = set.apply(stack, sources.set)
  err = err or set.apply(stack, sources.overrides)
  err = err or apply_flags(stack, all, opts)
  err = err or vars.resolve(stack)
  return err or finish(stack, source_names)
end

local function load_sources(spec, opts, warnings)
  local sources, err = {}
  sources.local_defaults, err = local_defaults(warnings)
  if err then return nil, err end
  sources.defaults, err = scenario.load_defaults(spec.values_file, warnings)
  if err then return nil, err end
  sources.scenario, err = scenario.load(spec.scenario_file, warnings)
  if err then return nil, err end
  sources.set, err = {}, nil
  if opts.set then sources.set, err = set.parse(opts.set, (opts.sources or {}).set or "--set") end
  if err then return nil, err end
  sources.overrides = opts.overrides and override_items(opts.overrides, "setup treatment") or {}
  return sources
end

local function warn_about_model(all, opts, warnings)
  if not opts.models or #all < 2 or (opts.stack and #opts.stack == 1) then return end
  warnings[#warnings + 1] = "--models " .. opts.models .. " applies to all " .. #all ..
    " stacks: copies of one model; name one stack with --stack to change only that"
end

local function digest_of(stacks)
  local parts = {}
  for i, stack in ipairs(stacks) do parts[i] = stack.name .. ":" .. stack.digest end
  return text.sha256(table.concat(parts, "\n"))
end

---Merges the configuration of every stack of a specification. Nothing is written.
---@param spec bench.Spec
---@param opts? { set?: string, overrides?: table, namespace?: string, models?: string, methods?: string,
---  stack?: string[], sources?: table<string, string> }
---  overrides: setup treatment, a map of dotted keys or a list of `{ key, value, origin? }`;
---  sources: flag name -> how it was given (`--namespace` or `LLMDBENCH_NAMESPACE`)
---@return bench.Plan? plan
---@return bench.Error? err
function M.build(spec, opts)
  opts = opts or {}
  local warnings = {}
  local sources, err = load_sources(spec, opts, warnings)
  if not sources then return nil, err end
  local stacks = {}
  for index in ipairs(sources.scenario.stacks) do stacks[index] = merge_layers(sources, index) end
  err = set.check_selectors(sources.set, names_of(stacks))
  if err then return nil, err end
  local selected
  selected, err = M.select(stacks, opts.stack)
  if not selected then return nil, err end
  for _, stack in ipairs(stacks) do
    err = build_stack(stack, stacks, sources, opts)
    if err then return nil, err end
  end
  warn_about_model(stacks, opts, warnings)
  return { spec = spec, stacks = stacks, selected = selected, digest = digest_of(stacks), warnings = warnings,
    work_dir = access.get(stacks[1].config, "workDir") }
end

---The plan of a run against an endpoint without a specification: one stack, nothing to deploy.
---@param url string
---@param model string
---@return bench.Plan
function M.for_url(url, model)
  local config = json.decode(json.encode { model = { name = model }, harness = { name = "native" } })
  local stack = { name = "endpoint", index = 1, method = "url", url = url, model = { name = model },
    config = config,
    origins = { ["model.name"] = "--model", ["harness.name"] = "default" }, unset_vars = {},
    digest = text.sha256(canonical(config)) }
  access.strict(config, "the command line")
  return { stacks = { stack }, selected = { stack }, digest = digest_of { stack }, warnings = {} }
end

return M
