#!/usr/bin/env llmdbenchmark
-- host.exec: commands, with arguments as a list and never through a shell.
local exec = require "host.exec"

local result = assert(exec.run({ "sort", "-n" }, { stdin = "3\n1\n2\n", timeout_s = 10 }))
print("exit code " .. result.exit_code, "output " .. result.stdout:gsub("\n", " "))

-- What cannot be started is an error; a bad exit code is not.
local nothing, err = exec.run { "no-such-command" }
print(nothing, err.code, err.message)

local child = assert(exec.start { "sh", "-c", "for i in 1 2 3; do echo line $i; sleep 0.05; done" })
for line in child:lines() do print(line) end -- as they come
print("it took " .. (assert(child:wait()).seconds > 0.1 and "a moment" or "no time"))
