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

local PROFILE = [[
limits: {max_schedule_delay_p99_s: 100, max_loop_lag_p99_s: 100, max_client_cpu: 100}
data: {input: {mean: 24, std_dev: 4, min: 8, max: 48}, output: 6}
stages:
  - {name: open, rate: 40, duration_s: 0.5}
  - {name: closed, concurrency: 3, requests: 12}
]]

-- A finished job of the native harness against a simulator in this process.
local function measured()
  local sim = require "host.sim"
  local running = assert(sim.start { model = "m", port = 0 })
  t.cleanup(function() running:stop() end)
  local job = {
    id = "native-slow-1-abc", dir = t.tempdir(), profile = "mini.yaml", profile_name = "mini.yaml",
    profile_text = PROFILE, endpoint = { url = running.url, model = "m" }, harness = "native",
    treatment = { name = "slow", overrides = { { key = "stages.0.rate", value = 40 } }, seed = 7,
      setup = "one",
      repetition = 2 },
  }
  local result = t.ok(require("bench.harness.native").run({}, {}, job))
  local stack = { name = "quick", method = "local", model = { name = "m" },
    config = { ["local"] = { command = { "llmdbenchmark", "sim", "--port={port}", "--seed", "1", "--fast",
      "--hf-token", "canary-2" },
      replicas = 2,
      env = { API_KEY = "canary-of-a-secret" } } } }
  local ctx = { opts = { words = { "run", "-w", "mini" } }, stacks = { stack }, harness = "native", spec = { name = "local/x" } }
  return ctx, stack, job, result
end

t.describe("bench.report", function()
  local bench_report = require "bench.report"
  local env = require "host.env"
  local fs = require "host.fs"
  local json = require "host.json"
  local yaml = require "host.yaml"

  t.it("writes a valid report for each stage, as YAML and JSON, and the manifest over all", function()
    local ctx, stack, job, result = measured()
    local files = t.ok(bench_report.write(ctx, stack, job, result))
    t.eq(4, #files)
    t.eq(job.dir .. "/benchmark_report_v0.2,_stage_1.json", files[4])
    for _, path in ipairs(files) do
      local tree = t.ok(path:find "json$" and json.load(path) or yaml.load(path))
      t.eq(true, report.validate(tree))
    end
    t.eq(true, require("bench.manifest").verify(job.dir, files.manifest))
    t.eq(PROFILE, fs.read(job.dir .. "/config.yaml"))
    local sealed = t.ok(require("bench.manifest").read(job.dir))
    t.eq({ "run", "-w", "mini" }, sealed.command_line)
    t.eq({ 7, 2 }, { sealed.seed, #sealed.stage_seeds })
    local scripts = {}
    for i, script in ipairs(sealed.scripts) do scripts[i] = script.file end
    t.contains("lua/bench/harness/native.lua", table.concat(scripts, "\n"))
    for _, path in ipairs(fs.glob(job.dir .. "/*")) do
      t.ok(not fs.read(path):find("canary", 1, true), path)
    end
    t.eq({ "open", "closed" }, { files.stages[1].name, files.stages[2].name })
    t.eq(3, files.stages[2].concurrency)
  end)

  t.it("says what was measured, under which load, and what came out", function()
    local ctx, stack, job, result = measured()
    local tree = bench_report.build(ctx, stack, job, result, result.stages[2])
    local component = tree.scenario.stack[1]
    t.eq({ "inference_engine", "llmdbenchmark sim", 2, "m" },
      { component.standardized.kind, component.standardized.tool,
      component.standardized.replicas, component.standardized.model.name })
    t.eq({ ["--port"] = "{port}", ["--seed"] = "1", ["--fast"] = json.null, ["--hf-token"] = "***" },
      component.native.args)
    t.eq({ API_KEY = "***" }, component.native.envars)
    local load = tree.scenario.load.standardized
    t.eq({ "random", 1, 3 }, { load.source, load.stage, load.concurrency })
    t.eq({ distribution = "gaussian", value = 24, std_dev = 4, min = 8, max = 48 }, load.input_seq_len)
    t.eq({ distribution = "fixed", value = 6 }, load.output_seq_len)
    local aggregate = tree.results.request_performance.aggregate
    t.eq(12, aggregate.requests.total)
    t.eq({ "s", "s/token" }, { aggregate.latency.time_to_first_token.units,
      aggregate.latency.inter_token_latency.units })
    t.eq(result.stages[2].metrics.latency.ttft["p99.9"], aggregate.latency.time_to_first_token.p99p9)
    t.eq(6, aggregate.requests.output_length.mean)
    local own = tree.results.observability.llmdbenchmark
    t.eq({ "valid", "slow", 7 }, { own.verdict.status, own.treatment.name, own.treatment.data_seed })
    t.eq("stage_1.rec", own.records)
    t.eq("PT", tree.run.time.duration:sub(1, 2))
  end)

  t.it("leaves a hole where nothing was measured", function()
    local ctx, stack, job, result = measured()
    local stage = result.stages[1]
    stage.metrics.latency = {}
    stage.metrics.tokens = {}
    stage.metrics.throughput = {}
    local tree = bench_report.build(ctx, stack, job, result, stage)
    t.eq(true, report.validate(tree))
    t.eq(nil, tree.results.request_performance.aggregate.latency)
  end)

  t.it("has the same identity when it is made again", function()
    local ctx, stack, job, result = measured()
    local function ids(stage) local run = bench_report.build(ctx, stack, job, result,
      stage).run return { run.uid, run.eid } end
    t.eq(ids(result.stages[1]), ids(result.stages[1]))
    t.ne(ids(result.stages[1])[1], ids(result.stages[2])[1])
    t.eq(ids(result.stages[1])[2], ids(result.stages[2])[2])
    t.match("^%x+%-%x+%-8%x+%-[89ab]%x+%-%x+$", ids(result.stages[1])[1])
  end)

  t.it("describes an endpoint about which nothing is known", function()
    local ctx, stack, job, result = measured()
    ctx.url, stack.method = job.endpoint.url, "url"
    local tree = bench_report.build(ctx, stack, job, result, result.stages[1])
    t.eq("generic", tree.scenario.stack[1].standardized.kind)
    t.eq(true, report.validate(tree))
  end)

  t.it("prints a line per stage and why one is not valid", function()
    local ctx, _, job, result = measured()
    result.stages[2].verdict = { status = "client-limited", reasons = { "the loop lagged" } }
    result.stages[2].metrics.failures = { http_5xx = { count = 3, samples = { { status = 503, detail = "overloaded" } } } }
    local text = require("bench.report.terminal").text(ctx,
      { treatments = { { stack = "quick", treatment = "slow", id = job.id, result = result } } }, {})
    t.match("\nslow +0 +40 req/s +20 +0 ", text)
    t.match("\nslow +1 +c=3 +12 +0 .* client%-limited\n", text)
    t.contains("! slow, stage 1: client-limited: the loop lagged", text)
    t.contains("! slow, stage 1: 3 x http_5xx (HTTP 503): overloaded", text)
  end)

  t.it("says that only the first of several servers was measured", function()
    local ctx, _, job, result = measured()
    ctx.stacks = { { name = "quick", endpoint = { url = "http://a", urls = { "http://a", "http://b" } } } }
    local text = require("bench.report.terminal").text(ctx,
      { treatments = { { stack = "quick", id = job.id, result = result } } }, {})
    t.contains("! only the first of 2 servers was measured\n", text)
  end)

  t.it("passes an independent check against the published schema", function()
    local schema = env.get "LLMDBENCH_REPORT_SCHEMA" or require("host.info").home
      .. "/../shared/samples/benchmark_report/schema_emitted/br_v0_2_json_schema.2026_08.json"
    if not fs.exists(schema) then t.skip("no published schema: LLMDBENCH_REPORT_SCHEMA, or " .. schema) end
    local exec = require "host.exec"
    local python = exec.run { "python3", "-c", "import jsonschema, yaml" }
    if not python or python.exit_code ~= 0 then
      t.skip "python3-jsonschema and python3-yaml are not installed"
    end
    local ctx, stack, job, result = measured()
    local files = t.ok(bench_report.write(ctx, stack, job, result))
    local script = [[
import json, sys, jsonschema, yaml
schema = json.load(open(sys.argv[1]))
for path in sys.argv[2:]:
    tree = json.load(open(path)) if path.endswith("json") else yaml.safe_load(open(path))
    jsonschema.Draft202012Validator(schema).validate(json.loads(json.dumps(tree, default=str)))
print(len(sys.argv) - 2, "valid")
]]
    local done = t.ok(exec.run { "python3", "-c", script, schema, unpack(files) })
    t.eq("4 valid\n", done.stdout .. done.stderr)
  end)
end)
