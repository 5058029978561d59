#!/usr/bin/env llmdbenchmark
-- bench-api: 1
-- What a server says about itself while it is under load: one line a second from its /metrics.
--   llmdbenchmark scripts/examples/watch_metrics.lua [URL [SECONDS]]     (without a URL: a simulated server)
local http, load, sim, task = require "host.http", require "host.load", require "host.sim",
  require "host.task"

local SHOWN = { "vllm:num_requests_running", "vllm:num_requests_waiting", "vllm:generation_tokens_total" }
local url, seconds = ...
local server, load_task

if not url then
  server = assert(sim.start { model = "m", port = 0, time_to_first_token = "50ms",
    inter_token_latency = "10ms",
    max_num_seqs = 8 })
  url = server.url
  load_task = task.spawn(load.run, { url = url, model = "m", seed = 1,
    schedule = { rate = 12, duration_s = 5 },
    data = { input = 64, output = 64 } })
end

-- The sum of a metric over its labels.
local function total(text, name)
  local sum
  for value in ("\n" .. text):gmatch("\n" .. name .. "%f[{%s][^\n]-%s([%d.eE+-]+)%s*%f[\n%z]") do
    sum = (sum or 0) + tonumber(value)
  end
  return sum
end

for second = 1, tonumber(seconds) or 5 do
  task.sleep(1)
  local answer = assert(http.get(url .. "/metrics", { timeout_s = 5 }))
  local parts = {}
  for i, name in ipairs(SHOWN) do
    parts[i] = ("%s %s"):format(name:match("[^:]+$"), total(answer.body, name) or "-")
  end
  print(("%2d s  %s"):format(second, table.concat(parts, "  ")))
end

if load_task then print("load: " .. assert(load_task:join()).verdict) end
if server then server:stop() end
