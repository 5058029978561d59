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
