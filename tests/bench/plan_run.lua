-- Plans once, or many times in one process: llmdbenchmark plan_run.lua SPEC BASE_DIR WORKSPACE [TIMES]
-- Prints the milliseconds of each plan after the first and the peak of the memory.
local spec, base_dir, root, times = ...
times = tonumber(times) or 1

local clock = require "host.clock"
local fs = require "host.fs"
local session = require "bench.session"

require("host.log").level "error"

local function status_mb(field)
  return tonumber(fs.read("/proc/self/status"):match(field .. ":%s*(%d+)")) / 1024
end

-- Setup treatments of an experiment differ in a value or two.
local function plan(number)
  assert(session.open { spec = spec, base_dir = base_dir, workspace = root, offline = true,
    overrides = { ["decode.replicas"] = number % 7 + 1 } })
  require("host.log").close()
end

plan(0)
local first_mb, begun = nil, clock.monotonic()
for number = 1, times do
  plan(number)
  if number == math.ceil(times / 10) then
    collectgarbage()
    first_mb = status_mb "VmRSS"
  end
end
local seconds = clock.monotonic() - begun
collectgarbage()
print(("ms per plan %.4f, resident MB %.1f to %.1f, peak %.1f"):format(seconds * 1000 / times, first_mb,
  status_mb "VmRSS", status_mb "VmHWM"))
