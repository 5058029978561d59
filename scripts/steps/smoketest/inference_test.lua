-- Does the model answer a prompt?
local smoke = require "bench.smoke"

return {
  name = "inference_test",
  doc = "Asks the model for a few tokens.",
  scope = "stack",
  run = smoke.inference,
}
