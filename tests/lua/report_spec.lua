local report = require "host.report"
local t = require "bench.test"

local function minimal()
  return {
    version = "0.2",
    run = { uid = "r1" },
    results = { request_performance = { aggregate = { requests = { total = 3 } } } },
  }
end

t.describe("host.report", function()
  t.it("accepts a minimal report", function() t.eq(true, report.validate(minimal())) end)

  t.it("says everything that is wrong, with paths and suggestions", function()
    local tree = minimal()
    tree.run = {}
    tree.results.request_performance.agregate = { total = 1 }
    local ok, err = report.validate(tree)
    t.eq(nil, ok)
    t.eq("invalid", err.code)
    t.eq({
      { path = "run.uid", message = "is missing" },
      {
        path = "results.request_performance.agregate",
        message = "is not a field of the report (did you mean 'aggregate'?)",
      },
    }, err.problems)
  end)

  t.it("writes YAML with sorted keys and JSON in the order of the format", function()
    local tree = minimal()
    tree.results.request_performance.aggregate.latency = { request_latency = { mean = 2, units = "s" } }
    t.match("mean: 2%.0\n", report.encode(tree, "yaml"))
    t.match("^results:.*run:.*version: '0%.2'\n$", report.encode(tree, "yaml"))
    t.match('^{\n  "version": "0%.2",\n  "run": {\n    "uid": "r1"', report.encode(tree, "json"))
  end)

  t.it("refuses an unknown format", function()
    t.raises(function() report.encode(minimal(), "xml") end, "format is 'yaml' or 'json'")
  end)

  t.it("lists every field with its meaning", function()
    local by_path = {}
    for _, field in ipairs(report.fields()) do by_path[field.path] = field end
    local ttft = by_path["results.request_performance.aggregate.latency.time_to_first_token"]
    t.eq({ "ms", "s" }, ttft.units)
    t.eq(true, by_path["run.uid"].required)
    t.eq("choice", by_path["scenario.load.standardized.source"].type)
  end)
end)
