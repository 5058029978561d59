-- One experiment that deploys nothing: llmdbenchmark treatments_run.lua ROOT RUNS SETUPS LUA_TESTS
local root, runs, setups, tests = ...
package.path = tests .. "/?.lua;" .. package.path

local clock = require "host.clock"
local doe = require "bench.doe"
local experiment = require "bench.experiment"
local fake_driver = require "support.fake_driver"
local fs = require "host.fs"
local schedule = require "bench.doe.schedule"

local function numbers(count)
  local list = {}
  for i = 1, tonumber(count) do list[i] = i end
  return list
end

local function resident_mb()
  return tonumber(fs.read("/proc/self/status"):match "VmRSS:%s*(%d+)") / 1024
end

local driver = fake_driver.new { root = root, quiet = true }
local done, rss_first = 0, nil
local measure = driver.run
function driver:run(ctx, cell)
  done = done + 1
  if done == 1000 then
    collectgarbage()
    rss_first = resident_mb()
  end
  return measure(self, ctx, cell)
end

local nothing = function() end
local begun = clock.monotonic()
local design = doe.full_factorial { name = "many", setup = { a = numbers(setups) },
  run = { rate = numbers(runs) } }
local code = assert(experiment.run({ driver = driver, say = { info = nothing, warn = print, error = print,
  plain = nothing } }, design))
local seconds = clock.monotonic() - begun
collectgarbage()
print(("ms per treatment %.4f, resident MB %.1f to %.1f"):format(seconds * 1000 / schedule.of(design).cells,
  rss_first or 0,
  resident_mb()))
return code
