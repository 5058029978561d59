-- The phases as separate commands, several namespaces side by side, and what Ctrl-C leaves: nothing.
local fs = require "host.fs"
local json = require "host.json"
local support = require "support"
local t = require "bench.test"

local SPEC = { "--spec", "local/quickstart" }

local function phase(box, name, ...)
  local args = { SPEC[1], SPEC[2], name, ... }
  local result = box:run(args)
  t.eq(0, result.exit_code, name .. ":\n" .. result.output)
  return result
end

t.describe("the lifecycle", function()
  t.it("works as separate commands and leaves nothing", { timeout_s = 120 }, function()
    local box = support.box()
    phase(box, "standup")
    t.ok(#box:pids() > 0, "a server survives standup")
    phase(box, "smoketest")
    phase(box, "run", "-l", "native", "-w", "sanity_random.yaml", "-o", support.PATIENT)
    phase(box, "teardown")
    box:is_clean()
    local reports = fs.glob(box.workspace .. "/*-*/results/*/benchmark_report_v0.2,_stage_*.json")
    t.ok(#reports > 0, "a report was written")
    local report = t.ok(json.decode(t.ok(fs.read(reports[1]))))
    t.eq(0, report.results.request_performance.aggregate.requests.failures)
    t.ok(#fs.glob(box.workspace .. "/*-*/analysis/*/*.png") > 0, "there are pictures")
  end)

  t.it("keeps two namespaces apart", { timeout_s = 120 }, function()
    local box = support.box()
    phase(box, "standup", "-p", "one")
    phase(box, "standup", "-p", "two")
    local both = #box:pids()
    phase(box, "teardown", "-p", "one")
    t.eq(both / 2, #box:pids(), "only the servers of one are gone")
    phase(box, "smoketest", "-p", "two")
    phase(box, "teardown", "-p", "two")
    box:is_clean()
  end)

  t.it("stands up once: a second standup finds the first", { timeout_s = 120 }, function()
    local box = support.box()
    phase(box, "standup")
    local servers = box:pids()
    phase(box, "standup")
    t.eq(servers, box:pids())
    phase(box, "teardown")
    box:is_clean()
  end)

  t.it("has the servers of e2e for itself, and leaves those of others alone", { timeout_s = 120 }, function()
    local box = support.box()
    phase(box, "standup")
    local servers = box:pids()
    local refused = box:run { SPEC[1], SPEC[2], "e2e", "-l", "native", "-w", "sanity_random.yaml" }
    t.eq({ 1, servers }, { refused.exit_code, box:pids() })
    t.contains("'e2e' needs servers of its own", refused.output)
    t.contains("another namespace with --namespace", refused.output)
    phase(box, "teardown")
    local events = box.dir .. "/events.jsonl"
    local measuring = box:start { SPEC[1], SPEC[2], "--events", events, "e2e", "-l", "native", "-w", "sanity_random.yaml" }
    t.ok(support.wait_for(30, function() return (fs.read(events) or ""):find('"progress"', 1, true) ~= nil end))
    for _, command in ipairs { "standup", "run", "teardown", "e2e" } do
      local result = box:run { SPEC[1], SPEC[2], command }
      t.eq(1, result.exit_code, command)
      t.contains("another command works on namespace", result.output)
    end
    measuring:kill { signal = "INT" }
    t.ok(measuring:wait { timeout_s = 30 })
    box:is_clean()
  end)

  t.it("takes down what is not there without complaint", function()
    local box = support.box()
    phase(box, "teardown")
    box:is_clean()
  end)

  t.it("touches nothing in a dry run", { timeout_s = 60 }, function()
    local box = support.box()
    for _, command in ipairs { "standup", "smoketest", "run", "teardown", "e2e" } do
      local result = box:run { "--spec", "local/quickstart", "--dry-run", command }
      t.eq(0, result.exit_code, command .. ":\n" .. result.output)
      t.eq({}, box:pids(), command .. " started something")
    end
    t.eq({}, fs.glob(box.dir .. "/home/.local/state/llmdbenchmark/local/*"))
    box:is_clean()
  end)

  t.it("ends with Ctrl-C in the middle of the load, and takes its server down", { timeout_s = 90 }, function()
    local box = support.box()
    local profile = box:write("long.yaml", [[
load: {type: constant, stages: [{rate: 20, duration: 60}]}
api: {type: completion, streaming: true}
data: {type: random, input_distribution: {mean: 8, min: 8, max: 8}, output_distribution: {mean: 8, min: 8, max: 8}}
]])
    local events = box.dir .. "/events.jsonl"
    local child = box:start { "--spec", "local/quickstart", "--events", events,
      "e2e", "-l", "native", "-w", profile }
    t.ok(support.wait_for(30, function()
      return (fs.read(events) or ""):find("stage", 1, true) ~= nil
    end), "the load started")
    child:kill { signal = "INT" }
    local result = t.ok(child:wait { timeout_s = 30 })
    t.eq(130, result.exit_code, result.stdout .. result.stderr)
    box:is_clean()
  end)
end)
