-- Every combination: two servers, each under five loads, three times.
--   llmdbenchmark experiment --design full_factorial_example --list
local doe = require "bench.doe"

return doe.full_factorial {
  description = "Which load is too much for a server with two seats?",
  harness = "native",
  profile = "sanity_random.yaml",
  setup = { { name = "seats", key = "local.vars.max_num_seqs", levels = { 2, 64 } } },
  run = {
    { name = "rate", key = "stages.0.rate", levels = { 2, 8 } },
    { name = "output", key = "data.output.mean", levels = { 16, 48, 90 } },
  },
  constants = { run = { ["stages.0.duration_s"] = 10 } },
  where = function(t) return not (t.rate == 8 and t.output == 90) end,
  repeats = 3,
}
