local lines = require "bench.experiment.lines"
local t = require "bench.test"

-- A stage of a run treatment: what it sets, and what was measured at which rate.
local function row(run, rate, sets, more)
  local values, overrides = {}, { { key = "stages.0.duration_s", value = 2 } }
  for key, value in pairs(sets) do
    values[key], overrides[#overrides + 1] = value, { key = key, value = value }
  end
  local figures = { stage = 0, verdict = "valid", rate = rate, e2e_p50_s = 1 }
  for key, value in pairs(more and more.figures or {}) do figures[key] = value end
  return { setup = more and more.setup or "default", stack = more and more.stack or "s", run = run,
    repetition = 1, run_values = values, overrides = overrides, figures = figures }
end

local function titles(rows)
  local list = {}
  for i, line in ipairs(lines.of(rows)) do list[i] = { line.title, #line.stages } end
  return list
end

local function point(run, rate, output, more)
  return row(run, rate, { ["stages.0.rate"] = rate, ["data.output.mean"] = output }, more)
end

t.describe("the lines of the picture of all treatments", function()
  t.it("keep treatments apart that differ in more than load", function()
    local rows = { point("short", 10, 16), point("long", 10, 90), point("fast", 20, 16) }
    t.eq({ { "data.output.mean=16", 2 }, { "data.output.mean=90", 1 } }, titles(rows))
  end)

  t.it("take the mean of repetitions only", function()
    local rows = { point("a", 10, 16), point("b", 20, 16),
      point("a", 10, 16, { figures = { e2e_p50_s = 3, verdict = "client-limited" } }) }
    local only = lines.of(rows)
    t.eq(1, #only)
    local headline = only[1].stages[1].headline
    t.eq({ 2, "not valid" }, { headline.e2e_p50_s, headline.verdict })
    t.eq(20, only[1].stages[2].headline.rate)
  end)

  t.it("split a line with two treatments in one place, which differ in their length", function()
    local rows = { point("a", 10, 16), point("b", 10, 16) }
    t.eq({ { "a", 1 }, { "b", 1 } }, titles(rows))
  end)

  t.it("are one for each treatment that sweeps by itself, and for each setup and stack", function()
    local second = { figures = { stage = 1, rate = 20 } }
    t.eq({ { "a", 2 }, { "b", 1 } }, titles { point("a", 10, 16), point("a", 10, 16, second), point("b", 10, 90) })
    t.eq({ { "one", 2 }, { "two", 1 } },
      titles { point("a", 1, 16, { setup = "one" }), point("b", 2, 16, { setup = "one" }),
        point("a", 1, 16, { setup = "two" }) })
    t.eq({ { "x", 1 }, { "y", 1 } },
      titles { point("a", 1, 16, { stack = "x" }), point("a", 1, 16, { stack = "y" }) })
  end)

  t.it("look through lists of whole stages", function()
    local function whole(run, stage)
      return row(run, nil, { stages = { stage } }, { figures = { rate = stage.rate, concurrency = stage.concurrency } })
    end
    local rows = { whole("r1", { rate = 1, duration_s = 2 }), whole("r2", { rate = 2, duration_s = 2 }),
      whole("c1", { concurrency = 1 }), whole("p1", { rate = 1, arrival = "poisson" }) }
    t.eq({ 3, 1 }, { #lines.of(rows)[1].stages, #lines.of(rows)[2].stages })
  end)
end)
