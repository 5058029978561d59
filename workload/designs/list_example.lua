-- Treatments written out one by one, under names of their own.
local doe = require "bench.doe"

return doe.list {
  description = "Two kinds of users on one and on two replicas",
  harness = "native",
  profile = "sanity_random.yaml",
  setup = {
    { name = "one", ["local.replicas"] = 1 },
    { name = "two", ["local.replicas"] = 2 },
  },
  run = {
    { name = "chat", ["stages.0.rate"] = 4, ["data.input"] = 200, ["data.output"] = 100 },
    { name = "summary", ["stages.0.rate"] = 2, ["data.input"] = 1500, ["data.output"] = 50 },
  },
  constants = { run = { ["stages.0.duration_s"] = 10 } },
}
