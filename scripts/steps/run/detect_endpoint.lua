-- Where does the stack answer?
local endpoint = require "bench.endpoint"

return {
  name = "detect_endpoint",
  doc = "Finds the URL of a stack.",
  scope = "stack",
  run = endpoint.detect,
}
