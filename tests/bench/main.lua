-- llmdbenchmark tests/bench/main.lua [MEASURE...]: measures, prints a table, writes it to build/bench.
local fs = require "host.fs"
local json = require "host.json"

local here = debug.getinfo(1, "S").source:match "^@(.*)/[^/]*$"
package.path = here .. "/?.lua;" .. package.path

local ORDER = { "peak_streams", "first_token", "stage_cpu", "simulator", "start_up", "treatments", "plan", "render" }
local wanted = { ... }
if #wanted == 0 then wanted = ORDER end

local function number(value)
  local digits = math.abs(value) >= 100 and 0 or math.abs(value) >= 1 and 2 or 4
  return ("%." .. digits .. "f"):format(value)
end

local function spread(summary)
  return ("%s [%s, %s], n = %d"):format(number(summary.median), number(summary.low), number(summary.high), summary.n)
end

-- What a measure says its results through; each call is a row of the table.
local function recorder(rows)
  local compare = require "compare"
  local out = {}
  local function row(what, text, goal, verdict) rows[#rows + 1] = { what, text, goal or "", verdict or "" } end
  function out.value(side, round, value)
    io.stderr:write(("  %s, round %d: %s\n"):format(side, round, number(value)))
  end
  function out.side(name, values, unit) row(name, spread(compare.summary(values)) .. " " .. unit) end
  function out.fact(name, value) row(name, number(value)) end
  function out.skip(name, why) row(name, "not measured: " .. why:gsub("%s+", " "):sub(1, 200)) end
  function out.goal(name, summary, relation, limit)
    local met
    if relation == ">=" then met = summary.low >= limit else met = summary.high <= limit end
    local close
    if relation == ">=" then close = summary.median >= limit else close = summary.median <= limit end
    row(name, spread(summary), relation .. " " .. limit, met and "met" or close and "met by the median only" or "missed")
  end
  return out
end

local function print_table(title, rows)
  print("\n### " .. title .. "\n\n| what | median [95 % interval] | goal | |\n|---|---|---|---|")
  for _, row in ipairs(rows) do print(("| %s |"):format(table.concat(row, " | "))) end
end

local results, failed = {}, false
for _, name in ipairs(wanted) do
  local measure = require("measures." .. name)
  local rows = {}
  io.stderr:write(name, "\n")
  local fine, err = xpcall(measure.run, debug.traceback, recorder(rows))
  if not fine then
    failed = true
    rows[#rows + 1] = { "broke off", tostring(err):match "[^\n]*", "", "" }
    io.stderr:write(tostring(err), "\n")
  end
  print_table(measure.title, rows)
  results[#results + 1] = { name = name, title = measure.title, rows = rows }
end

local folder = here .. "/../../build/bench"
assert(fs.mkdir(folder))
assert(fs.write(folder .. "/results.json", json.encode(results)))
return failed and 1 or 0
