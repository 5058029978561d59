#!/usr/bin/env llmdbenchmark
-- host.clock: what time it is, and how long something took.
local clock, task = require "host.clock", require "host.task"

local start = clock.monotonic() -- never jumps: for durations
task.sleep(0.05)
print(("slept %.0f ms"):format((clock.monotonic() - start) * 1000))
print("now it is " .. clock.rfc3339()) -- of the wall clock: for people and files
print("a folder could be called results-" .. clock.stamp())
