-- Does the endpoint serve what will be asked of it?
local endpoint = require "bench.endpoint"

return {
  name = "verify_model",
  doc = "Checks that the endpoint serves the model.",
  scope = "stack",
  run = endpoint.verify,
}
