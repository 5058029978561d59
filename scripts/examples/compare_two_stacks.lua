#!/usr/bin/env llmdbenchmark
-- bench-api: 1
-- Is B faster than A? The same load on both, in turns, and a ratio only where it stands out from the noise.
--   llmdbenchmark scripts/examples/compare_two_stacks.lua [URL_A URL_B MODEL]   (without: two simulated
-- servers)
local load, sim, tables = require "host.load", require "host.sim", require "bench.table"

local ROUNDS = 5
local url_a, url_b, model = ...
local servers = {}

if url_a and not model then
  error("usage: compare_two_stacks.lua [URL_A URL_B MODEL]: give all three, or none for two simulated servers", 0)
end

local function simulated(inter_token_latency)
  local server = assert(sim.start { model = "m", port = 0, time_to_first_token = "20ms",
    inter_token_latency = inter_token_latency, inter_token_latency_std_dev = "1ms" })
  servers[#servers + 1] = server
  return server.url
end

local sides = { { name = "A", url = url_a or simulated "5ms" },
  { name = "B", url = url_b or simulated "4ms" } }

-- Each round has data of its own, the same on both sides.
local function measure(side, round)
  local result = assert(load.run { url = side.url, model = model or "m", seed = round,
    schedule = { concurrency = 4, duration_s = 2, warmup_s = 0.5 }, data = { input = 64, output = 32 } })
  if result.counts.succeeded == 0 then
    error(("%s (%s) answered nothing: %s"):format(side.name, side.url, table.concat(result.reasons, "; ")), 0)
  end
  if result.verdict ~= "valid" then print(("%s, round %d: %s"):format(side.name, round, result.verdict)) end
  return { ttft = result.latency.ttft.p50, itl = result.latency.itl.p50, e2e = result.latency.e2e.p50 }
end

local values = { A = {}, B = {} }
for round = 1, ROUNDS do
  -- Every second round the other way round: a drift of the machine hits both.
  for i = 1, 2 do
    local side = sides[round % 2 == 0 and 3 - i or i]
    values[side.name][round] = measure(side, round)
  end
end
for _, server in ipairs(servers) do server:stop() end

-- Mean of the rounds' ratios, and the half width of its 95 % interval (Student's t with 4 degrees of
-- freedom).
local function ratio(key)
  local sum, squares = 0, 0
  for round = 1, ROUNDS do sum = sum + values.B[round][key] / values.A[round][key] end
  local mean = sum / ROUNDS
  for round = 1, ROUNDS do squares = squares + (values.B[round][key] / values.A[round][key] - mean) ^ 2 end
  return mean, 2.776 * math.sqrt(squares / (ROUNDS - 1) / ROUNDS)
end

local rows = {}
for _, row in ipairs { { "TTFT p50", "ttft" }, { "ITL p50", "itl" }, { "E2E p50", "e2e" } } do
  local mean, margin = ratio(row[2])
  local verdict = math.abs(mean - 1) > margin and (mean < 1 and "B is faster" or "B is slower")
    or "no difference seen"
  rows[#rows + 1] = { row[1], tables.seconds(values.A[1][row[2]]), tables.seconds(values.B[1][row[2]]),
    ("%.3f ± %.3f"):format(mean, margin), verdict }
end
io.write(tables.render({ { title = "" }, { title = "A", align = "right" }, { title = "B", align = "right" },
  { title = "B / A", align = "right" }, { title = "" } }, rows))
