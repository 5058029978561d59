-- From a profile and treatments to what the harness reads.
local jobs = require "bench.jobs"

return {
  name = "render_profiles",
  doc = "Fills in the workload profile, once for each treatment.",
  scope = "stack",
  run = jobs.render,
}
