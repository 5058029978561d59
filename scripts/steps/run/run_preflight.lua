-- Everything that can be known to be wrong before a server is asked.
local jobs = require "bench.jobs"

return {
  name = "run_preflight",
  doc = "Finds the harness and the workload profile.",
  scope = "global",
  run = jobs.preflight,
}
