-- Removes what standup created, and nothing else.
local teardown = require "bench.teardown"

return {
  name = "delete_resources",
  doc = "Ends the servers that standup started and removes their records.",
  scope = "global",
  run = teardown.delete,
}
