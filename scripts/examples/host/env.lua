#!/usr/bin/env llmdbenchmark
-- host.env: the surroundings of this process.
local env, exec = require "host.env", require "host.exec"

print(("%s@%s, %d processors"):format(env.user(), env.hostname(), env.cpu_count()))
print("editor: " .. env.get("EDITOR", "none set"))
print("a path of mine: " .. env.expand "~/benchmarks")

env.set("GREETING", "hello") -- for commands that are started from now on
io.write(assert(exec.run { "printenv", "GREETING" }).stdout)
