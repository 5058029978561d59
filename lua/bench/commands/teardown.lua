-- llmdbenchmark teardown: removes what standup created.
local shared = require("bench.options").shared
local phase_options = require "bench.options.phase"

local function run(cli)
  return require("bench.startup").with_session(cli, { phase = "teardown" }, function(ctx)
    return require("bench.lifecycle").teardown(ctx, { steps = cli.options.step, phase = cli.phase })
  end)
end

return {
  name = "teardown",
  summary = "remove exactly what standup created",
  description = "Without --stack everything that this specification stood up in the namespace goes; other "
    .. "specifications and namespaces are left alone. With --dry-run it lists what would go.",
  options = { shared.session, phase_options.stacks, shared.step },
  usage_examples = {
    "llmdbenchmark --spec local/quickstart teardown",
    "llmdbenchmark --spec local/quickstart --dry-run teardown -p mine",
  },
  run = run,
}
