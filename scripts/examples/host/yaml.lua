#!/usr/bin/env llmdbenchmark
-- host.yaml: read and written as PyYAML does it.
local yaml = require "host.yaml"

local config = assert(yaml.decode [[
model: { name: my/model, enabled: yes }   # YAML 1.1: yes is true
replicas: 2
]])
config.replicas = config.replicas * 2
io.write(yaml.encode(config))

local _, err = yaml.decode "a: [1, 2"
print(err.message)
