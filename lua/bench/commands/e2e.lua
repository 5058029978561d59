-- llmdbenchmark e2e: standup, smoketest, run and teardown in one go.
local shared = require("bench.options").shared
local phase_options = require "bench.options.phase"

-- A workload that cannot run is no reason to stand anything up.
local function check_load(ctx) return require("bench.jobs").check(ctx) end

local function run(cli)
  return require("bench.startup").with_session(cli, { check = check_load, prerender = true, compare_plan = true }, function(ctx)
    return require("bench.lifecycle").all(ctx, { limit = cli.options.parallel,
      skip_smoketest = cli.options.skip_smoketest, skip_teardown = cli.options.skip_teardown })
  end)
end

return {
  name = "e2e",
  summary = "a whole benchmark: standup, smoketest, run, teardown",
  description = "The teardown runs whatever happened before, also after Ctrl-C. The exit code is that of the "
    .. "first phase that went wrong.",
  options = {
    shared.session, phase_options.run_stacks, phase_options.load, shared.parallel,
    { title = "Phases", phase_options.smoketest,
      { "--skip-teardown", type = "boolean", help = "leave the stacks standing" } },
  },
  usage_examples = {
    "llmdbenchmark --spec local/quickstart e2e",
    "llmdbenchmark --spec local/llama-cpp e2e --set local.vars.gguf=model.gguf -w quick_random",
  },
  run = run,
}
