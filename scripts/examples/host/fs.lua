#!/usr/bin/env llmdbenchmark
-- host.fs: files that are either old or new, never half written.
local fs = require "host.fs"

local folder = assert(fs.tempdir "example") -- vanishes when the program ends
local path = fs.join(folder, "results", "numbers.txt")
assert(fs.mkdir(fs.parent(path)))
assert(fs.write(path, "1\n2\n"))
assert(fs.append(path, "3\n"))
for _, found in ipairs(fs.glob(folder .. "/**/*.txt")) do
  print(fs.basename(found), assert(fs.stat(found)).size_bytes .. " bytes", fs.sha256(found):sub(1, 8))
end

local content, err = fs.read(folder .. "/nothing")
print(content, err.code, err.hint)
