#!/usr/bin/env llmdbenchmark
-- host.metrics: what a server counted between two looks at its /metrics.
local metrics, probe, sim = require "host.metrics", require "host.probe", require "host.sim"

local server = assert(sim.start { model = "m", port = 0 })
local function look() return assert(metrics.parse(assert(probe.metrics(server.url)))) end

local before = look()
for _ = 1, 3 do
  assert(probe.completion(server.url, { model = "m", prompt = "Hello", max_tokens = 8 }))
end
local between = metrics.delta(before, look())
print("requests", metrics.value(between, "vllm:request_success_total"))
print("tokens", metrics.value(between, "vllm:generation_tokens_total"))
print("first token, mean of", metrics.mean(between, "vllm:time_to_first_token_seconds"), "s")
server:stop()
