#!/usr/bin/env llmdbenchmark
-- host.text: digests, names, and which word a typo stands for.
local text = require "host.text"

print(text.sha256 "hello")
print(text.base64_decode(text.base64_encode "hello"))
print(#text.uuid(), "pod-" .. text.random_id():gsub("%w", "x"))
print("unknown phase 'standpu'" .. text.did_you_mean("standpu", { "standup", "teardown" }))
