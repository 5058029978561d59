#!/usr/bin/env llmdbenchmark
-- host.task: several things at once, each of which waits without blocking the others.
local task = require "host.task"

local function count(name, pause_s)
  for i = 1, 3 do
    task.sleep(pause_s)
    print(name, i)
  end
  return name .. " is done"
end

local fast, slow = task.spawn(count, "fast", 0.01), task.spawn(count, "slow", 0.04)
print(fast:join())
print(slow:join())

print(task.deadline(0.05, task.sleep, 1000)) -- nil and an error, soon

local watch = task.spawn(task.sleep, 1000)
watch:cancel() -- as everything that is still running is when the script ends
print(select(2, watch:join()).code)
