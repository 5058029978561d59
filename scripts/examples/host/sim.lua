#!/usr/bin/env llmdbenchmark
-- host.sim: a server that behaves as told, on a port of this machine, until `stop`.
local probe, sim = require "host.probe", require "host.sim"

local server = assert(sim.start { model = "m", port = 0,
  time_to_first_token = "100ms", inter_token_latency = "1ms" })
local answer = assert(probe.completion(server.url, { model = "m", max_tokens = 8 }))
print("an answer took longer than the 100 ms of its first token: " .. tostring(answer.seconds > 0.1))
local metrics = assert(probe.metrics(server.url))
print(metrics:match "[^\n]*generation_tokens_total{[^\n]*")
server:stop()
