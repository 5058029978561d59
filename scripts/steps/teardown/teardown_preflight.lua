-- Says what will be removed before anything is.
local teardown = require "bench.teardown"

return {
  name = "teardown_preflight",
  doc = "Lists what standup created and teardown will remove.",
  scope = "global",
  run = teardown.list,
}
