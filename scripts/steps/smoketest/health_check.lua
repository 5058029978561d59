-- Do the servers of a stack run, and do they serve the model?
local smoke = require "bench.smoke"

return {
  name = "health_check",
  doc = "Checks processes, health and served models of a stack.",
  scope = "stack",
  run = smoke.health,
}
