-- What is piped to other programs: with --json one document on stdout, and nothing else.
local fs = require "host.fs"
local json = require "host.json"
local sim = require "host.sim"
local support = require "support"
local t = require "bench.test"
local task = require "host.task"

local PROFILE = [[
interval_s: 0
data: {input: 8, output: 8}
stages: [{rate: 20, duration_s: 1}]
]] .. support.PATIENT_YAML

local TREATMENTS = [[
experiment: {name: tiny, harness: native, profile: short.yaml}
treatments:
  - {name: slow, stages.0.rate: 20}
  - {name: fast, stages.0.rate: 30}
]]

local function measured(box, args)
  local result = box:run(args, { timeout_s = 120 })
  t.eq({ 0, "" }, { result.exit_code, result.stderr })
  return t.ok(json.decode(result.stdout))
end

local function check_stage(stage, rate)
  t.eq({ 0, rate, rate, 0, "valid" },
    { stage.stage, stage.load.requests_per_s, stage.requests, stage.failures, stage.verdict })
  for _, figure in ipairs { "requests_per_s", "output_tokens_per_s", "ttft_p50_s", "e2e_p99_s" } do
    t.eq("number", type(stage[figure]), figure)
  end
end

t.describe("--json", function()
  t.it("of a run gives treatments, stages and figures", { timeout_s = 60 }, function()
    local box, server = support.box(), t.ok(sim.start { model = "m", port = 0 })
    local answer = measured(box, { "run", "--url", server.url, "--model", "m", "-l", "native",
      "-w", box:write("short.yaml", PROFILE), "--json" })
    t.eq({ "native", 1 }, { answer.harness, #answer.treatments })
    local treatment = answer.treatments[1]
    t.eq({ "endpoint", "m", "ok", "valid" },
      { treatment.stack, treatment.model, treatment.status, treatment.verdict })
    t.contains(answer.workspace, treatment.results_dir)
    check_stage(treatment.stages[1], 20)
    server:stop()
  end)

  t.it("of a run that is not valid says why, and of one that fails lists nothing", { timeout_s = 60 }, function()
    local box, server = support.box(), t.ok(sim.start { model = "m", port = 0 })
    local args = { "run", "--url", server.url, "--model", "m", "-l", "native",
      "-w", box:write("short.yaml", (PROFILE:gsub("rate: 20", "rate: 2"))), "--json" }
    local result = box:run(args)
    t.eq({ 4, "" }, { result.exit_code, result.stderr })
    local treatment = t.ok(json.decode(result.stdout)).treatments[1]
    t.eq("not_valid", treatment.status)
    t.match("requests succeeded", treatment.stages[1].reasons[1])
    server:stop()
    result = box:run(args)
    t.eq(1, result.exit_code)
    t.eq({}, t.ok(json.decode(result.stdout)).treatments)
    t.contains("connection refused", result.stderr)
  end)

  t.it("of a run that is interrupted gives what was measured until then, and its reports are there", { timeout_s = 60 },
    function()
      local box, server = support.box(), t.ok(sim.start { model = "m", port = 0 })
      local stages = "stages: [{rate: 20, duration_s: 1}, {rate: 20, duration_s: 600}]"
      local child = box:start { "run", "--url", server.url, "--model", "m", "-l", "native", "--workspace", box.dir .. "/ws",
        "-w", box:write("two.yaml", (PROFILE:gsub("stages: %b[]", stages))), "--json" }
      t.ok(support.wait_for(30, function() return #fs.glob(box.dir .. "/ws/*/results/*/*_stage_0.json") > 0 end))
      task.sleep(0.5)
      child:kill { signal = "INT" }
      local result = t.ok(child:wait { timeout_s = 30 })
      t.eq(130, result.exit_code)
      local treatment = t.ok(json.decode(result.stdout)).treatments[1]
      t.eq({ "interrupted", 2 }, { treatment.status, #treatment.stages })
      check_stage(treatment.stages[1], 20)
      t.eq(treatment.stages[2].verdict, treatment.verdict)
      t.contains("stopped before its end", table.concat(treatment.stages[2].reasons, "\n"))
      for _, name in ipairs { "benchmark_report_v0.2,_stage_1.yaml", "config.yaml", "stage_1.rec" } do
        t.ok(fs.exists(treatment.results_dir .. "/" .. name), name)
      end
      t.eq(false, fs.exists(treatment.results_dir .. "/manifest.json"))
      server:stop()
    end)

  t.it("of an experiment gives all of its treatments", { timeout_s = 120 }, function()
    local box = support.box()
    local answer = measured(box, { "--spec", "local/quickstart", "experiment", "-e",
      box:write("experiment.yaml", TREATMENTS), "-l", "native", "-w", box:write("short.yaml", PROFILE), "--json" })
    t.eq("tiny", answer.experiment)
    local names = {}
    for i, treatment in ipairs(answer.treatments) do
      names[i] = treatment.treatment
      t.eq({ "quickstart", "ok" }, { treatment.stack, treatment.status })
      check_stage(treatment.stages[1], treatment.run_values["stages.0.rate"])
    end
    table.sort(names)
    t.eq({ "fast", "slow" }, names)
    box:is_clean()
  end)

  t.it("of an experiment that is interrupted gives what was measured until then", { timeout_s = 120 }, function()
    local box = support.box()
    box:write("short.yaml", PROFILE)
    local child = box:start { "--spec", "local/quickstart", "experiment", "-e", box:write("experiment.yaml", TREATMENTS),
      "-l", "native", "-w", "./short.yaml", "--json" }
    t.ok(support.wait_for(60, function()
      local journal = fs.glob(box.workspace .. "/*/journal.jsonl")[1]
      return journal ~= nil and select(2, t.ok(fs.read(journal)):gsub('"treatment_started"', "")) == 2
    end))
    child:kill { signal = "TERM" }
    local result = t.ok(child:wait { timeout_s = 60 })
    t.eq(143, result.exit_code, result.stderr)
    local statuses = {}
    for i, treatment in ipairs(t.ok(json.decode(result.stdout)).treatments) do statuses[i] = treatment.status end
    t.eq({ "ok", "interrupted" }, statuses)
    local resumed = measured(box, { "experiment", "--resume", box.workspace .. "/latest", "--json" })
    t.eq({ "ok", "ok" }, { resumed.treatments[1].status, resumed.treatments[2].status })
    box:is_clean()
  end)
end)
