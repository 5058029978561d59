-- The measurement itself.
local jobs = require "bench.jobs"

return {
  name = "deploy_harness",
  doc = "Runs the harness for each treatment and writes its reports.",
  scope = "stack",
  run = jobs.run,
}
