#!/usr/bin/env llmdbenchmark
-- host.load: requests at planned times, and what came of them. docs/load.md describes the table.
local load, sim = require "host.load", require "host.sim"

local server = assert(sim.start { model = "m", port = 0,
  time_to_first_token = "20ms", inter_token_latency = "5ms" })
local result = assert(load.run {
  url = server.url, model = "m", seed = 1,
  schedule = { arrival = "poisson", rate = 40, duration_s = 2 },
  data = { input = 32, output = 8 },
})
local ttft = result.latency.ttft
print(("verdict %s; first token after %.0f ms (p50), %.0f ms (p99)"):format(
  result.verdict, ttft.p50 * 1000, ttft.p99 * 1000))
server:stop()
