---The plan: what each stack's configuration is and where every value came from.
---Layers, lowest first: defaults, a resource preset, the scenario's `shared`, the stack, `--set`, the overrides
---of an experiment's setup treatment, then the dedicated flags and their environment variables; then what
---follows from all of these.
---@class bench.plan
local M = {}

local access = require "bench.plan.access"
local check = require "bench.plan.check"
local derive = require "bench.plan.derive"
local flags = require "bench.plan.flags"
local json = require "host.json"
local kinds = require "bench.plan.kinds"
local layers = require "bench.plan.layers"
local lists = require "bench.lists"
local merge = require "bench.plan.merge"
local override = require "bench.plan.override"
local refs = require "bench.plan.refs"
local resolve = require "bench.plan.resolve"
local secrets = require "bench.plan.secrets"
local settle = require "bench.plan.settle"
local text = require "host.text"
local trace = require "bench.plan.trace"
local vars = require "bench.plan.vars"

---@class bench.plan.Stack
---@field name string
---@field index integer position in the scenario, from 1
---@field method string
---@field model { name: string }
---@field config table the merged configuration; reading a missing key raises
---@field origins table<string, string> dotted key -> file:line, file, flag or variable
---@field warnings string[] about this stack
---@field unresolved { key: string, reason: string, remedy: string }[] values that are still `auto`
---@field digest string SHA-256 of the configuration
---@field unset_vars table<string, table>
---@field history table? with `opts.trace`: see bench.plan.trace

---@class bench.Plan
---@field spec bench.Spec
---@field stacks bench.plan.Stack[] all stacks of the scenario, in its order
---@field selected bench.plan.Stack[] those that `--stack` names
---@field digest string
---@field warnings string[] of the files, and of all stacks
---@field work_dir string? the first stack's `workDir`
---@field manifests table<string, bench.plan.Manifest[]>? by stack, once they are rendered

---@class bench.plan.Opts
---@field set? string|string[] what `--set` takes; several texts apply in order
---@field overrides? table setup treatment: a map of dotted keys or a list of `{ key, value, origin? }`
---@field namespace? string
---@field models? string
---@field methods? string
---@field stack? string[]
---@field monitoring? boolean nil: as the scenario says
---@field wva? boolean nil: as the scenario says
---@field strict? boolean findings of the schema are errors
---@field dry_run? boolean nothing is asked of registries or clusters
---@field offline? boolean the same
---@field kubeconfig? string
---@field trace? boolean remember every value that a key has had
---@field sources? table<string, string> flag name -> how it was given (`--namespace` or `LLMDBENCH_NAMESPACE`)

M.get = access.get

local function invalid(message, hint)
  return { code = "invalid", message = message, hint = hint }
end

local function names_of(stacks)
  local names = {}
  for i, stack in ipairs(stacks) do names[i] = stack.name end
  return names
end

---The stacks that a `--stack` list names, in scenario order.
---@param stacks { name: string }[]
---@param wanted? string[]
---@param source? string the flag or variable that names them
---@return table[]? selected
---@return bench.Error? err
function M.select(stacks, wanted, source)
  if not wanted or #wanted == 0 then return stacks end
  local is_wanted, known = {}, {}
  for _, stack in ipairs(stacks) do known[stack.name] = true end
  for _, name in ipairs(wanted) do
    if not known[name] then
      local names = names_of(stacks)
      return nil, { code = "invalid", usage = true, message = (source or "--stack") .. ": unknown stack '" .. name .. "'"
        .. text.did_you_mean(name, names), hint = "stacks of this scenario: " .. table.concat(names, ", ") }
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
local function takes_model(stack, count, opts)
  if count == 1 or not opts.stack or #opts.stack ~= 1 then return true end
  return stack.name == opts.stack[1]
end

-- How a flag was given, for the origin of its values.
local function source_of(opts, name)
  local source = (opts.sources or {})[name] or "--" .. name
  if opts[name] == false and source:sub(1, 2) == "--" then return "--no-" .. name end
  return source
end

-- Answers of registries and clusters, for all plans that this process makes.
local answers = {}

-- `auto` values of stacks that go to a cluster.
local function apply_resolvers(stack, opts)
  if stack.method == "local" then return nil end
  local err = resolve.apply(stack, { dry_run = opts.dry_run, offline = opts.offline,
    kubeconfig = opts.kubeconfig, cache = answers })
  trace.step(stack, "resolvers")
  return err
end

local function apply_model(stack, count, opts)
  if not opts.models or not takes_model(stack, count, opts) then return end
  flags.apply_model(stack, opts.models, source_of(opts, "models"))
  trace.step(stack, "--models")
end

local function apply_switches(stack, opts)
  if stack.method == "local" then return end
  if opts.monitoring ~= nil then
    flags.apply_monitoring(stack, opts.monitoring, source_of(opts, "monitoring"))
  end
  if opts.wva ~= nil then flags.apply_wva(stack, opts.wva, source_of(opts, "wva")) end
  trace.step(stack, "flags")
end

-- The resolvers come last: what has to be resolved depends on the method and on --wva.
local function apply_flags(stack, count, opts)
  local err
  stack.method, err = flags.apply_method(stack, opts.methods, opts.methods and source_of(opts, "methods"))
  if not stack.method then return err end
  trace.step(stack, opts.methods and "--methods" or "derived")
  err = flags.apply_namespace(stack, opts.namespace, source_of(opts, "namespace"))
  if err then return err end
  trace.step(stack, opts.namespace and "--namespace" or "derived")
  apply_model(stack, count, opts)
  apply_switches(stack, opts)
  return apply_resolvers(stack, opts)
end

local function apply_derived(stack, count, tokens)
  derive.hub_token(stack, tokens)
  secrets.hide_all(stack.config)
  derive.label(stack)
  derive.names(stack, count)
  derive.destination_host(stack)
  derive.init_images(stack)
  local err = vars.resolve(stack)
  trace.step(stack, "derived")
  err = err or refs.resolve(stack)
  settle.config(stack.config)
  trace.step(stack, "references")
  return err
end

-- What the plan itself reads or writes.
local SECTIONS = { "model", "namespace", "harness", "gateway", "wva", "huggingface", "monitoring", "images",
  "inferenceExtension", "decode", "prefill", "local", "standalone", "modelservice", "fma", "chartVersions",
  "local.vars" }
local TEXTS = { "model.name", "namespace.name" }

local function check_kinds(stack, names, wanted, what)
  for _, name in ipairs(names) do
    local value = access.get(stack.config, name)
    local kind = override.kind_of(value)
    if kind ~= wanted and kind ~= "null" then
      return invalid(("%s: '%s' must be %s, not %s"):format(merge.origin_at(stack.origins, name) or "stack '" .. stack.name .. "'",
        name, what, kinds.show(value)), wanted == "string" and kind ~= "map" and kind ~= "list"
        and "put it in quotes" or nil)
    end
  end
end

local function check_sections(stack)
  return check_kinds(stack, SECTIONS, "map", "a map of keys") or check_kinds(stack, TEXTS, "string", "text")
end

local function build_stack(sources, index, opts, tokens)
  local stack, err = layers.stack(sources, index, opts.trace)
  if not stack then return nil, err end
  local count = #sources.names
  settle.config(stack.config)
  trace.restate(stack)
  err = check_sections(stack) or apply_flags(stack, count, opts) or apply_derived(stack, count, tokens)
  if err then return nil, err end
  return stack
end

-- The last words about a stack: its model, what is odd about its configuration, its digest.

local function finding_text(finding)
  local place = finding.origin and finding.origin .. ": " or ""
  local meant = finding.suggestion and " (did you mean '" .. finding.suggestion .. "'?)" or ""
  return place .. finding.key .. ": " .. finding.message .. meant
end

local function canonical(value)
  return json.encode(value, { sort_keys = true, nan = "literal" })
end

-- What a setup treatment sets must be of the right kind: it would be measured, and compared, otherwise.
local function wrong_in_treatment(finding, overrides)
  if not finding.expected then return nil end
  for _, item in ipairs(overrides) do
    if item.origin == finding.origin then return invalid(finding_text(finding), "correct the setup treatment") end
  end
end

local function finish(stack, source_names, findings, sources)
  local model = access.get(stack.config, "model.name")
  if type(model) ~= "string" or model == "" then
    return invalid("stack '" .. stack.name .. "' has no model.name", "define it in " .. source_names ..
      ", or pass --models MODEL")
  end
  stack.model = { name = model }
  for _, finding in ipairs(check.findings(stack.config, stack.origins, { defaults = sources.defaults.tree })) do
    local err = wrong_in_treatment(finding, sources.overrides)
    if err then return err end
    findings[#findings + 1] = finding_text(finding)
  end
  findings[#findings + 1] = derive.refused_names(stack)
  stack.digest = text.sha256(canonical(stack.config))
  access.strict(stack.config, source_names)
end

-- A list without repetitions.
local function distinct(list)
  local seen, result = {}, {}
  for _, item in ipairs(list) do
    if not seen[item] then
      seen[item], result[#result + 1] = true, item
    end
  end
  return result
end

local function strict_error(findings)
  return invalid(#findings == 1 and findings[1]
    or #findings .. " problems in the configuration:\n  " .. table.concat(findings, "\n  "),
    "correct them, or leave out --strict")
end

local function finish_all(stacks, sources, opts, warnings)
  local findings = lists.extend(sources.scenario.findings, unpack(derive.clashes(stacks)))
  derive.siblings(stacks)
  for _, stack in ipairs(stacks) do
    trace.step(stack, "siblings")
    local err = finish(stack, sources.scenario.file .. " or " .. sources.defaults.file, findings, sources)
    if err then return err end
  end
  findings = distinct(findings)
  if opts.strict and #findings > 0 then return strict_error(findings) end
  for _, stack in ipairs(stacks) do
    for _, warning in ipairs(stack.warnings) do warnings[#warnings + 1] = warning end
  end
  for _, finding in ipairs(findings) do warnings[#warnings + 1] = finding end
end

local function warn_about_model(count, opts, warnings)
  if not opts.models or count < 2 or (opts.stack and #opts.stack == 1) then return end
  warnings[#warnings + 1] = source_of(opts, "models") .. " " .. opts.models .. " applies to all " .. count ..
    " stacks: " .. count .. " copies of one model; name one stack with --stack to change only that"
end

local function digest_of(stacks)
  local parts = {}
  for i, stack in ipairs(stacks) do parts[i] = stack.name .. ":" .. stack.digest end
  return text.sha256(table.concat(parts, "\n"))
end

-- Names of files that the plan's folder holds beside those of the stacks.
local function check_names(stacks, spec)
  local stored = require("bench.spec").stored_name(spec.path)
  for _, stack in ipairs(stacks) do
    if stack.name == stored or stack.name == "plan.json" then
      return invalid(spec.scenario_file .. ": a stack cannot be called '" .. stack.name
        .. "': the plan has a file of that name", "choose another name")
    end
  end
end

---Merges the configuration of every stack of a specification. Nothing is written.
---@async
---@param spec bench.Spec
---@param opts? bench.plan.Opts
---@return bench.Plan? plan
---@return bench.Error? err
function M.build(spec, opts)
  opts = opts or {}
  local warnings, stacks, tokens = {}, {}, {}
  local sources, err = layers.load(spec, opts, warnings)
  if not sources then return nil, err end
  err = check_names(sources.scenario.stacks, spec)
  if err then return nil, err end
  local selected
  selected, err = M.select(sources.scenario.stacks, opts.stack, (opts.sources or {}).stack)
  if not selected then return nil, err end
  for index in ipairs(sources.names) do
    stacks[index], err = build_stack(sources, index, opts, tokens)
    if err then return nil, err end
  end
  warn_about_model(#stacks, opts, warnings)
  err = finish_all(stacks, sources, opts, warnings)
  if err then return nil, err end
  return { spec = spec, stacks = stacks, selected = M.select(stacks, opts.stack), digest = digest_of(stacks),
    warnings = distinct(warnings), work_dir = access.get(stacks[1].config, "workDir") }
end

---The plan of a run against an endpoint without a specification: one stack, nothing to deploy.
---@param url string
---@param model string
---@param origin string where its name comes from
---@return bench.Plan
function M.for_url(url, model, origin)
  local config = json.decode(json.encode { model = { name = model }, harness = { name = "native" } })
  local stack = { name = "endpoint", index = 1, method = "url", url = url, model = { name = model },
    config = config,
    origins = { ["model.name"] = origin, ["harness.name"] = "default" }, unset_vars = {},
    warnings = {}, unresolved = {}, digest = text.sha256(canonical(config)) }
  access.strict(config, "the command line")
  return { stacks = { stack }, selected = { stack }, digest = digest_of { stack }, warnings = {} }
end

return M
