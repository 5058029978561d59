-- llmdbenchmark standup: deploys the stacks, then tests them.
local shared = require("bench.options").shared
local phase_options = require "bench.options.phase"

local function run(cli)
  return require("bench.startup").with_session(cli, { phase = "standup", prerender = true, compare_plan = true },
  function(ctx)
    return require("bench.lifecycle").standup(ctx, { steps = cli.options.step, limit = cli.options.parallel,
      skip_smoketest = cli.options.skip_smoketest, phase = cli.phase })
  end)
end

return {
  name = "standup",
  summary = "deploy the stacks of a specification, then test them",
  options = { shared.session, phase_options.stacks, shared.step, shared.parallel,
    { phase_options.smoketest } },
  usage_examples = {
    "llmdbenchmark --spec local/quickstart standup",
    "llmdbenchmark --spec local/quickstart standup -p mine --set local.replicas=2",
    "llmdbenchmark --spec local/llama-cpp standup --set local.vars.gguf=model.gguf",
  },
  run = run,
}
