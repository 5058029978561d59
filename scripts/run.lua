#!/usr/bin/env llmdbenchmark
-- bench-api: 1
-- Run: from endpoints to results. Each treatment is measured, collected and reported before the next begins.
local phase = require "bench.phase"

return phase.new {
  name = "run",
  steps = {
    { 0, "run_preflight" },
    { 3, "detect_endpoint" },
    { 4, "verify_model" },
    { 5, "render_profiles" },
    { 7, "deploy_harness" },
    { 9, "collect_results" },
    { 12, "analyze_results" },
  },
}
