local env = require "host.env"
local screen = require "bench.report.screen"
local t = require "bench.test"
local term = require "host.term"

local function with_env(values)
  for name, value in pairs(values) do
    local before = env.get(name)
    env.set(name, value)
    t.cleanup(function() env.set(name, before) end)
  end
end

t.describe("bench.report.screen", function()
  t.it("has colour on terminals that can show it", function()
    local facts = term.facts
    t.cleanup(function() term.facts = facts end)
    term.facts = function() return { output = true, width = 100 } end
    with_env { TERM = "xterm", NO_COLOR = "" }
    t.eq({ width = 100, color = true }, screen.look())
    with_env { TERM = "dumb" }
    t.eq({ width = 100, color = false }, screen.look())
    with_env { TERM = "xterm", NO_COLOR = "1" }
    t.eq(false, screen.look().color)
  end)
end)
