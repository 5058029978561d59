-- Lists walked together: longer answers at lower rates, so that the output tokens per second stay the same.
local doe = require "bench.doe"

return doe.zip {
  description = "Equal output tokens per second in different pieces",
  harness = "native",
  profile = "sanity_random.yaml",
  run = {
    { name = "output", key = "data.output", levels = { 16, 64, 256 } },
    { name = "rate", key = "stages.0.rate", levels = { 16, 4, 1 } },
  },
  constants = { run = { ["stages.0.duration_s"] = 15 } },
}
