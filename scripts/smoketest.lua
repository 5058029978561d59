#!/usr/bin/env llmdbenchmark
-- bench-api: 1
-- Smoketest: do the deployed stacks answer, and are they what the plan says?
local phase = require "bench.phase"

return phase.new {
  name = "smoketest",
  steps = {
    { 0, "health_check" },
    { 1, "inference_test" },
    { 2, "validate_config" },
  },
}
