#!/usr/bin/env llmdbenchmark
-- host.stats: percentiles, and how far a sample supports them.
local stats = require "host.stats"

local values = {}
for i = 1, 200 do values[i] = i * 77 % 201 end -- 1 to 200 in another order
local summary = stats.summary(values)
print("p50", summary.p50, "between", summary.interval.p50[1], "and", summary.interval.p50[2])
print("p99", summary.p99, "needs " .. stats.samples_needed(99) .. " values to be trusted")

local histogram = stats.histogram { unit = 0.001 }
for _, value in ipairs(values) do histogram:record(value) end
print("in constant memory", ("%.0f"):format(histogram:percentile(50)), histogram:facts().count)
