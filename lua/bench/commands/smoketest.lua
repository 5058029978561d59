-- llmdbenchmark smoketest: do the stacks answer, and are they what the plan says?
local shared = require("bench.options").shared
local phase_options = require "bench.options.phase"

local function run(cli)
  return require("bench.startup").with_session(cli, { phase = "smoketest" }, function(ctx)
    local code, err = require("bench.lifecycle").smoketest(ctx,
      { steps = cli.options.step, phase = cli.phase })
    if cli.json and code then
      print(require("host.json").encode(require("host.json").list(ctx.results.checks), { indent = 2 }))
    end
    return code, err
  end)
end

return {
  name = "smoketest",
  summary = "test the deployed stacks: servers, health, models, an answer, the configuration",
  options = { shared.session, phase_options.stacks, shared.step },
  json = true,
  usage_examples = { "llmdbenchmark --spec local/quickstart smoketest",
    "llmdbenchmark --spec local/quickstart smoketest -s 0" },
  run = run,
}
