-- llmdbenchmark plan: merges the configuration of every stack, renders its manifests and writes both down; or
-- explains where values come from, or compares two plans.
local shared = require("bench.options").shared
local phase_options = require "bench.options.phase"

local function summary(ctx)
  local stacks = {}
  for i, stack in ipairs(ctx.plan.selected) do
    stacks[i] = { name = stack.name, method = stack.method, model = stack.model.name,
      namespace = stack.config.namespace.name, digest = stack.digest,
      manifests = #(ctx.plan.manifests[stack.name] or {}),
      unresolved = #stack.unresolved > 0 and stack.unresolved or nil,
      config = not ctx.dry_run and ctx.workspace:path("plan/" .. stack.name .. "/config.yaml") or nil }
  end
  return { spec = ctx.spec.name, digest = ctx.plan.digest, stacks = stacks,
    warnings = #ctx.plan.warnings > 0 and ctx.plan.warnings or nil,
    workspace = not ctx.dry_run and ctx.workspace.dir or nil }
end

local function print_json(value) require("bench.startup").print_json(value) end

local function print_text(content)
  io.stdout:write(require("host.log").redact(content))
end

local function write_plan(cli)
  return require("bench.startup").with_session(cli, { prerender = true }, function(ctx)
    local plan = summary(ctx)
    if cli.json then
      print_json(plan)
      return 0
    end
    for _, stack in ipairs(plan.stacks) do
      ctx.log.info(("stack '%s': method %s, model %s, namespace %s, digest %s"):format(
        stack.name, stack.method, stack.model, stack.namespace, stack.digest:sub(1, 12)))
      if stack.manifests > 0 then ctx.log.info(("  %d manifests"):format(stack.manifests)) end
      if stack.config then ctx.log.info("  " .. stack.config) end
    end
    ctx.log.info("Plan " .. plan.digest:sub(1, 12) .. (ctx.dry_run and " (dry run: not written)" or ""))
    return 0
  end)
end

-- The answers for all keys in one: stacks in order, their keys one after the other.
local function explain_all(stacks, keys)
  local explain = require "bench.plan.explain"
  local all, by_name = {}, {}
  for _, key in ipairs(keys) do
    local found, err = explain.find(stacks, key)
    if not found then return nil, err end
    for _, each in ipairs(found) do
      local entry = by_name[each.stack]
      if not entry then
        entry = { stack = each.stack, keys = {} }
        by_name[each.stack], all[#all + 1] = entry, entry
      end
      for _, explained in ipairs(each.keys) do entry.keys[#entry.keys + 1] = explained end
    end
  end
  return all
end

local function explain(cli)
  return require("bench.startup").with_console(cli, function(opts)
    opts.trace = true
    local built, err = require("bench.session").plan(opts)
    if not built then return nil, err end
    local found
    found, err = explain_all(built.selected, cli.options.explain)
    if not found then return nil, err end
    local writer = require "bench.plan.explain"
    if cli.json then print_json(writer.tree(found)) else print_text(writer.text(found, #built.selected)) end
    return 0
  end)
end

local function two_sides(cli, opts)
  local names = cli.options.diff
  if #names == 1 and opts.spec then names = { opts.spec, names[1] } end
  if #names == 2 then return names end
  return nil, { code = "invalid", usage = true, message = "--diff compares two plans, not " .. #names,
    hint = "give --diff A B, or --spec A --diff B: specifications, folders of invocations, or FILE#TREATMENT" }
end

local function diff(cli)
  return require("bench.startup").with_console(cli, function(opts)
    local names, err = two_sides(cli, opts)
    if not names then return nil, err end
    local plans, sides = require "bench.plan.diff", {}
    for i, name in ipairs(names) do
      sides[i], err = plans.side(name, opts)
      if not sides[i] then return nil, err end
    end
    local result = plans.compare(sides[1], sides[2])
    if cli.json then print_json(result) else print_text(plans.text(result)) end
    return 0
  end)
end

local QUESTIONS = { "explain", "diff", "capacity" }

-- Options that would do nothing, and questions that would go unanswered.
local function misuse(cli)
  local asked = {}
  for _, name in ipairs(QUESTIONS) do
    if cli.options[name] then asked[#asked + 1] = "--" .. name end
  end
  if #asked > 1 then return table.concat(asked, " and ") .. " are answered one at a time" end
  for _, name in ipairs { "model_config", "hub" } do
    if (cli.sources or {})[name] == "flag" and not cli.options.capacity then
      return "--" .. name:gsub("_", "-") .. " only says something together with --capacity"
    end
  end
end

local function run(cli)
  local problem = misuse(cli)
  if problem then
    return require("bench.startup").tell_usage(cli, { message = problem })
  end
  if cli.options.capacity then return require("bench.plan.capacity.show").run(cli) end
  if cli.options.diff then return diff(cli) end
  if cli.options.explain then return explain(cli) end
  return write_plan(cli)
end

return {
  name = "plan",
  summary = "render the manifests of every stack and write them down, with the origin of each value",
  description = "Reads the specification, merges defaults, scenario, --set and flags, renders the manifests "
    .. "and writes plan/<stack>/. Nothing is deployed. Equal digests mean equal configurations.",
  options = { require("bench.options").without(shared.session, "--events"), phase_options.stacks,
    { title = "Questions",
      { "--explain", type = "list", many = true, metavar = "KEY",
        help = "show where a value comes from and what it replaced; a key, a section or a pattern with *" },
      { "--diff", type = "list", many = true, metavar = "A B",
        help = "compare two plans: specifications, folders of invocations, or FILE#TREATMENT" },
      { "--capacity", type = "boolean",
        help = "check whether the models fit on the GPUs, and how many requests fit beside them" },
      { "--model-config", type = "path", metavar = "PATH",
        help = "with --capacity: a config.json or the folder of a model, instead of the hub" },
      { "--hub", env = "HF_ENDPOINT", metavar = "URL", help = "with --capacity: address of the model hub" },
    },
  },
  json = true,
  usage_examples = {
    "llmdbenchmark --spec examples/gpu plan -p mine -m Qwen/Qwen3-0.6B",
    "llmdbenchmark --spec examples/gpu plan --explain decode.replicas 'images.*.tag'",
    "llmdbenchmark plan --diff examples/gpu guides/pd-disaggregation",
    "llmdbenchmark --spec local/quickstart plan --set local.replicas=2 --json",
  },
  run = run,
}
