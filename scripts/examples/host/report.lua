#!/usr/bin/env llmdbenchmark
-- host.report: which fields a benchmark report has, and whether a table is one.
local report = require "host.report"

print("format " .. report.version)
local required = 0
for _, field in ipairs(report.fields()) do
  if field.required then required = required + 1 end
end
print(#report.fields() .. " fields, " .. required .. " of them required where their parent is")

local _, err = report.validate { version = "0.2", run = { uid = 7 } }
for _, problem in ipairs(err.problems) do print(problem.path, problem.message) end
