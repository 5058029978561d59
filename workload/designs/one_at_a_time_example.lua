-- A base case (the first levels), then one change at a time: the cheapest look at many factors.
local doe = require "bench.doe"

return doe.one_at_a_time {
  description = "Which of these matters at all?",
  harness = "native",
  profile = "sanity_random.yaml",
  run = {
    { name = "rate", key = "stages.0.rate", levels = { 2, 4, 8 } },
    { name = "arrival", key = "stages.0.arrival", levels = { "constant", "poisson" } },
    { name = "output", key = "data.output.mean", levels = { 32, 90 } },
  },
  constants = { run = { ["stages.0.duration_s"] = 10 } },
}
