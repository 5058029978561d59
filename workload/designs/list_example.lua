-- Treatments written out one by one, under names of their own.
local doe = require "bench.doe"

return doe.list {
  description = "Two kinds of users on a small and on a large server",
  harness = "native",
  profile = "sanity_random.yaml",
  setup = {
    { name = "small", ["local.vars.max_num_seqs"] = 2 },
    { name = "large", ["local.vars.max_num_seqs"] = 64 },
  },
  run = {
    { name = "chat", ["stages.0.rate"] = 4, ["data.input"] = 200, ["data.output"] = 100 },
    { name = "summary", ["stages.0.rate"] = 2, ["data.input"] = 1500, ["data.output"] = 50 },
  },
  constants = { run = { ["stages.0.duration_s"] = 10 } },
}
