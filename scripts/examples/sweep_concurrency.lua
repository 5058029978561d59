#!/usr/bin/env llmdbenchmark
-- bench-api: 1
-- A sweep in ten lines: throughput and latency with 1 to 32 users.
--   llmdbenchmark scripts/examples/sweep_concurrency.lua [URL MODEL]     (without a URL: a simulated server)
local load, sim, tables = require "host.load", require "host.sim", require "bench.table"
local url, model = ...
local server = not url and assert(sim.start { model = "m", port = 0, time_to_first_token = "20ms",
  inter_token_latency = "5ms", max_num_seqs = 16 })

local columns, rows = { "users", "out tok/s", "TTFT p50", "ITL p50", "E2E p99", "verdict" }, {}
for i, title in ipairs(columns) do
  columns[i] = { title = title, align = i < #columns and "right" or "left" }
end
for _, users in ipairs { 1, 2, 4, 8, 16, 32 } do
  local result = assert(load.run { url = url or server.url, model = model or "m", seed = users,
    schedule = { concurrency = users, duration_s = 2, warmup_s = 0.5 }, data = { input = 64, output = 32 } })
  local latency = result.latency
  rows[#rows + 1] = { users, tables.number(result.throughput.output_tokens_per_s),
    tables.seconds(latency.ttft.p50),
    tables.seconds(latency.itl.p50), tables.seconds(latency.e2e.p99), result.verdict }
end
io.write(tables.render(columns, rows))
if server then server:stop() end
