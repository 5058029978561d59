-- llmdbenchmark plan: merges the configuration of every stack and writes it down.
local shared = require("bench.options").shared
local phase_options = require "bench.options.phase"

local function summary(ctx)
  local stacks = {}
  for i, stack in ipairs(ctx.plan.stacks) do
    stacks[i] = { name = stack.name, method = stack.method, model = stack.model.name,
      namespace = stack.config.namespace.name, digest = stack.digest,
      config = not ctx.dry_run and ctx.workspace:path("plan/" .. stack.name .. "/config.yaml") or nil }
  end
  return { spec = ctx.spec.name, digest = ctx.plan.digest, stacks = stacks,
    workspace = not ctx.dry_run and ctx.workspace.dir or nil }
end

local function run(cli)
  return require("bench.startup").with_session(cli, {}, function(ctx)
    local plan = summary(ctx)
    if cli.json then
      print(require("host.json").encode(plan, { indent = 2 }))
      return 0
    end
    for _, stack in ipairs(plan.stacks) do
      ctx.log.info(("stack '%s': method %s, model %s, namespace %s, digest %s"):format(
        stack.name, stack.method, stack.model, stack.namespace, stack.digest:sub(1, 12)))
      if stack.config then ctx.log.info("  " .. stack.config) end
    end
    ctx.log.info("Plan " .. plan.digest:sub(1, 12) .. (ctx.dry_run and " (dry run: not written)" or ""))
    return 0
  end)
end

return {
  name = "plan",
  summary = "merge the configuration of every stack and write it down, with the origin of each value",
  description = "Reads the specification, merges defaults, scenario, --set and flags, and writes "
    .. "plan/<stack>/config.yaml and origins.yaml. Nothing is deployed. Equal digests mean equal plans.",
  options = { shared.session, phase_options.stacks },
  json = true,
  usage_examples = {
    "llmdbenchmark --spec local/quickstart plan",
    "llmdbenchmark --spec local/quickstart plan --set local.replicas=2 --json",
  },
  run = run,
}
