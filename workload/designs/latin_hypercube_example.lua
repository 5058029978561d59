-- Few treatments spread evenly over wide ranges, to see the shape of the whole.
local doe = require "bench.doe"

return doe.latin_hypercube {
  description = "Eight places in the space of rate, prompt length and answer length",
  harness = "native",
  profile = "sanity_random.yaml",
  run = {
    { name = "rate", key = "stages.0.rate", min = 1, max = 16, log = true },
    { name = "input", key = "data.input", min = 32, max = 1024, log = true, integer = true },
    { name = "output", key = "data.output", min = 16, max = 128, integer = true },
  },
  constants = { run = { ["stages.0.duration_s"] = 10 } },
  samples = 8,
  seed = 11,
  order = "random",
}
