#!/usr/bin/env llmdbenchmark
-- host.probe: is a server alive, and what does it serve?
--   llmdbenchmark scripts/examples/host/probe.lua [URL]     (without a URL: a simulated server)
local probe, sim = require "host.probe", require "host.sim"

local url = ...
local server = not url and assert(sim.start { model = "my/model", port = 0 })
url = url or server.url
local health = assert(probe.health(url, { timeout_s = 10 }))
print("healthy after " .. health.attempts .. " attempt(s)")
for _, model in ipairs(assert(probe.models(url))) do
  local answer = assert(probe.completion(url, { model = model, prompt = "Hello", max_tokens = 4 }))
  print(model, "answered through " .. answer.api, #answer.text > 0)
end
local _, err = probe.models(url, { expect = "my/modle" })
print(err and err.code, err and err.hint)
if server then server:stop() end
