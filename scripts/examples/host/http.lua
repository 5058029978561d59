#!/usr/bin/env llmdbenchmark
-- host.http: requests, and answers that stream. The server here is the simulator.
local http, json, sim = require "host.http", require "host.json", require "host.sim"

local server = assert(sim.start { model = "m", port = 0 })
local answer = assert(http.get(server.url .. "/v1/models", { timeout_s = 5 }))
print(answer.status, assert(json.decode(answer.body)).data[1].id)

local question = json.encode { model = "m", prompt = "Hello", max_tokens = 4, stream = true }
local post = { method = "POST", body = question, headers = { ["Content-Type"] = "application/json" } }
local count = 0
for event in assert(http.events(server.url .. "/v1/completions", post)) do
  if event.data ~= "[DONE]" then count = count + 1 end
end
print(count .. " pieces streamed")
server:stop()
