#!/usr/bin/env llmdbenchmark
-- host.json: order and null are kept.
local json = require "host.json"

local tree = assert(json.decode '{ "zeta": 1, "alpha": null, "list": [] }')
print(json.encode(tree)) -- the same order
print(tree.alpha == json.null, #json.keys(tree))
tree.added = { 1, 2 }
print(json.encode(tree, { indent = 2 }))

local _, err = json.decode '{ "a": 1,, }'
print(err.message)
