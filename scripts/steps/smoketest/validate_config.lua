-- Is what runs what the plan says?
local smoke = require "bench.smoke"

return {
  name = "validate_config",
  doc = "Compares the running servers with the plan.",
  scope = "stack",
  run = smoke.config,
}
