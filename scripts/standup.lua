#!/usr/bin/env llmdbenchmark
-- bench-api: 1
-- Standup: from a plan to endpoints that answer. A failed or interrupted standup takes back what it started.
local phase = require "bench.phase"

return phase.new {
  name = "standup",
  undo_on_failure = true,
  steps = {
    { 0, "ensure_infra" },
    { 6, "local_deploy" },
  },
}
