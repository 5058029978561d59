-- Lua in the documentation must at least be Lua.
local t = require "bench.test"
local fs, info = require "host.fs", require "host.info"

t.describe("the Lua in", function()
  for _, path in ipairs(fs.glob(info.home .. "/{README.md,docs/*.md,docs/guide/*.md}")) do
    local text = t.ok(fs.read(path))
    if text:find("```lua", 1, true) then
      t.it(path:sub(#info.home + 2) .. " parses", function()
        local problems = {}
        for block in text:gmatch "```lua\n(.-)\n```" do
          local chunk, problem = loadstring(block, "=" .. block:match "^[^\n]*")
          if not chunk then problems[#problems + 1] = problem end
        end
        t.eq({}, problems)
      end)
    end
  end
end)
