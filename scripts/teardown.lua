#!/usr/bin/env llmdbenchmark
-- bench-api: 1
-- Teardown: removes exactly what standup created.
local phase = require "bench.phase"

return phase.new {
  name = "teardown",
  steps = {
    { 0, "teardown_preflight" },
    { 3, "delete_resources" },
  },
}
