-- Nothing that was measured may be missing.
local jobs = require "bench.jobs"

return {
  name = "collect_results",
  doc = "Checks that every treatment left its results.",
  scope = "stack",
  run = jobs.collect,
}
