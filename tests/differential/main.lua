-- llmdbenchmark tests/differential/main.lua: our template engine against Jinja2, on generated templates and on those
-- that are shipped.
-- LLMDBENCH_TEST_SEED repeats a run, LLMDBENCH_TEST_COUNT changes its size, LLMDBENCH_TEST_FIRST begins at a later
-- number. (YAML against PyYAML: bench_tests "[differential]".)
local env = require "host.env"

local here = debug.getinfo(1, "S").source:match "^@(.*)/[^/]*$"
package.path = here .. "/?.lua;" .. package.path

local MOST_REPORTS = 5

local sums, reports = { passed = 0, failed = 0, skipped = 0 }, 0
local count = {}
function count.passed() sums.passed = sums.passed + 1 end
function count.failed(what)
  sums.failed = sums.failed + 1
  print("FAILED  " .. what)
end
function count.skipped(why)
  sums.skipped = sums.skipped + 1
  print("SKIPPED " .. why)
end
-- Shrinking takes a while, so only the first failures are shrunk.
function count.reports_left()
  reports = reports + 1
  return reports <= MOST_REPORTS
end

local seed = env.get "LLMDBENCH_TEST_SEED" or tostring(os.time())
require("jinja.suite").run(count, here .. "/jinja", {
  seed = seed,
  count = tonumber(env.get "LLMDBENCH_TEST_COUNT" or 3000),
  first = tonumber(env.get "LLMDBENCH_TEST_FIRST" or 0),
})
require("jinja.shipped").run(count, here .. "/jinja")
if sums.failed > 0 then print("repeat with LLMDBENCH_TEST_SEED=" .. seed) end
print(("%d passed, %d failed, %d skipped"):format(sums.passed, sums.failed, sums.skipped))
return sums.failed > 0 and 1 or 0
