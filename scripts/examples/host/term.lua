#!/usr/bin/env llmdbenchmark
-- host.term: what is connected to this program, and lines edited by a user.
local term = require "host.term"

local facts = term.facts()
print(("input from a terminal: %s, width %d"):format(tostring(facts.input), facts.width))
term.on_complete(function() return { "yes", "no" } end, " ") -- what TAB offers
local line = term.read_line "Go on? "
print(line == "yes" and "going on" or "not going on")
