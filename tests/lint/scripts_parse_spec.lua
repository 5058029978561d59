local t = require "bench.test"
local fs, info = require "host.fs", require "host.info"

t.describe("every Lua file", function()
  for _, folder in ipairs { "lua", "scripts", "workload", "tests" } do
    t.it("in " .. folder .. " parses", function()
      local problems = {}
      for _, path in ipairs(fs.glob(info.home .. "/" .. folder .. "/**.lua")) do
        local text = t.ok(fs.read(path)):gsub("^#[^\n]*", "")
        local chunk, problem = loadstring(text, "@" .. path)
        if not chunk and not path:find "/fixtures/" then problems[#problems + 1] = problem end
      end
      t.eq({}, problems)
    end)
  end

  t.it("among the shipped scripts is short", function()
    local long = {}
    for _, path in ipairs(fs.glob(info.home .. "/scripts/**.lua")) do
      local _, lines = t.ok(fs.read(path)):gsub("\n", "\n")
      if lines > 80 then long[#long + 1] = ("%s: %d lines"):format(path, lines) end
    end
    t.eq({}, long)
  end)
end)
