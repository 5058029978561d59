#!/usr/bin/env llmdbenchmark
-- host.info: what this program is.
local info = require "host.info"

print(info.name .. " " .. info.version .. ", scripts of API " .. info.api)
print("library in " .. info.home .. "/lua")
for _, entry in ipairs(info.exit_code_list) do print(entry.code, entry.name, entry.meaning) end
