-- The program's own cost of a treatment: an experiment whose standup, load and teardown do nothing. Journal,
-- summary, result folders and manifests are real.
local env = require "host.env"
local exec = require "host.exec"
local fs = require "host.fs"
local lab = require "lab"

local FEW, MANY = 1000, 10000
local SETUPS = 10

local here = debug.getinfo(1, "S").source:match "^@(.*)/[^/]*$"

-- A process of its own, so that nobody else's memory is counted.
local function run(count)
  local root = assert(fs.tempdir "treatments")
  local result = assert(exec.run({ lab.program, here .. "/../treatments_run.lua", root,
    tostring(count / SETUPS), tostring(SETUPS),
    here .. "/../../lua" }, { timeout_s = 1800 }))
  fs.remove_tree(root)
  local pattern = "ms per treatment ([%d.]+), resident MB ([%d.]+) to ([%d.]+)"
  local ms, rss_first, rss_last = result.stdout:match(pattern)
  if not ms then error("treatments_run.lua: " .. (result.stdout .. result.stderr):sub(-2000), 0) end
  return tonumber(ms), tonumber(rss_last) - tonumber(rss_first)
end

return {
  title = "Own cost of a treatment",
  run = function(out)
    local growth = {}
    local values = lab.compare.interleave(math.min(lab.rounds, 3), {
      { name = FEW .. " treatments", run = function() return (run(FEW)) end },
      { name = MANY .. " treatments", run = function()
        local ms, mb = run(MANY)
        growth[#growth + 1] = mb
        return ms
      end },
    }, out.value)
    local few, many = values[FEW .. " treatments"], values[MANY .. " treatments"]
    out.side(FEW .. " treatments, each", few, "ms")
    out.goal(MANY .. " treatments, each [ms]", lab.compare.summary(many), "<=", 50)
    out.goal("cost of one among " .. MANY .. " / among " .. FEW, lab.compare.ratio(many, few), "<=", 1.5)
    out.goal("growth of memory from the 1,000th to the last [MB]", lab.compare.summary(growth), "<=", 32)
    out.fact("processors", env.cpu_count())
  end,
}
