local comparison = require "bench.experiment.comparison"
local json = require "host.json"
local t = require "bench.test"

local function csv(setup_values, run_values)
  return comparison.csv { { setup = "a", run = "b", repetition = 1, stack = "s", dir = "d", figures = { rate = 2 },
    setup_values = setup_values, run_values = run_values } }
end

local function columns(text)
  local names = {}
  for name in text:match("^[^\n]*"):gmatch "[^,]+" do names[#names + 1] = name end
  return names
end

t.describe("treatments.csv", function()
  t.it("writes lists and maps as JSON, and null", function()
    t.contains([["[""x"",""y""]"]], csv({ command = { "x", "y" } }, {}))
    t.contains("a,b,1,s,null,", csv({}, { ["stages.0.duration_s"] = json.null }))
  end)

  t.it("has no two columns of one name", function()
    local names, seen = columns(csv({ stack = 1, seed = 2 }, { rate = 3, seed = 4, results_dir = 5 })), {}
    for _, name in ipairs(names) do
      t.eq(nil, seen[name], name)
      seen[name] = true
    end
    t.eq({ "setup.seed", "setup.stack", "run.rate", "run.results_dir", "run.seed" }, { unpack(names, 5, 9) })
  end)
end)

t.describe("the table of an experiment", function()
  local function row(setup, more)
    local figures = { stage = 0, verdict = "valid", requests = 20, failures = 0 }
    for key, value in pairs(more or {}) do figures[key] = value end
    return { setup = setup, run = "r", repetition = 1, stack = "s", servers = setup == "two" and 2 or 1, figures = figures }
  end

  t.it("says once of each setup that only its first server was measured", function()
    local text = comparison.table({ row "one", row "two", row "two" }, 1, {})
    local _, count = text:gsub("only the first of 2 servers was measured", "")
    t.eq(1, count)
    t.contains("! setup 'two', stack 's': only the first of 2 servers was measured\n", text)
  end)

  t.it("explains a rate that only the last answers pull down", function()
    local note = "req/s counts until the last answer"
    t.contains(note, comparison.table({ row("one", { rate = 10, request_rate = 8.98 }) }, 1, {}))
    t.ok(not comparison.table({ row("one", { rate = 10, request_rate = 9.9 }) }, 1, {}):find(note, 1, true))
    local limited = row("one", { rate = 10, request_rate = 5, verdict = "under-delivered" })
    t.ok(not comparison.table({ limited }, 1, {}):find(note, 1, true))
  end)
end)
