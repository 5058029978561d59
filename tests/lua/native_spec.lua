local fs = require "host.fs"
local json = require "host.json"
local native = require "bench.harness.native"
local sim = require "host.sim"
local t = require "bench.test"
local task = require "host.task"

-- Machines that run specs are busy: verdicts must not depend on how punctual this one is.
local PATIENT = "\nlimits: {max_schedule_delay_p99_s: 100, max_loop_lag_p99_s: 100, max_client_cpu: 100}\n"

local function job(source, more, server)
  server = server or { time_to_first_token = "5ms" }
  server.model, server.port = "m", 0
  local running = assert(sim.start(server))
  t.cleanup(function() running:stop() end)
  local made = { id = "native-1", dir = t.tempdir(), profile = "p.yaml", profile_text = source,
    endpoint = { url = running.url, model = "m" } }
  for key, value in pairs(more or {}) do made[key] = value end
  return made
end

local TWO = PATIENT .. [[
interval_s: 0
data: {input: 8, output: 4}
stages:
- {name: open, rate: 100, duration_s: 0.2}
- {name: closed, concurrency: 2, requests: 12}
]]

t.describe("the native harness", function()
  t.it("measures every stage and leaves records and results", function()
    local seen = {}
    local work = job(TWO, { on_progress = function(p) seen[#seen + 1] = p end })
    local result = t.ok(native.run({}, {}, work))
    t.eq(2, #result.stages)
    local first = result.stages[1]
    t.eq({ 0, "open", "valid" }, { first.index, first.name, first.verdict.status })
    t.eq(20, result.stages[1].metrics.counts.succeeded)
    t.eq(12, result.stages[2].metrics.counts.succeeded)
    t.eq(work.dir .. "/stage_1.rec", result.stages[2].records)
    local kept = t.ok(json.load(work.dir .. "/stage_0.json"))
    t.eq(20, kept.counts.succeeded)
    t.ne(result.stages[1].metrics.seed, result.stages[2].metrics.seed)
    t.match("^%d+-%d+-%d+T", result.started_at)

    local again = t.ok(native.collect(work.dir))
    t.eq(2, #again.stages)
    t.eq(result.stages[1].metrics.latency, again.stages[1].metrics.latency)
  end)

  t.it("tells how a stage is going", function()
    local seen
    local work = job("data: {input: 8, output: 4}\nstages: [{rate: 20, duration_s: 1.2}]",
      { on_progress = function(p) seen = p end })
    t.ok(native.run({}, {}, work))
    t.eq({ 1, 1, 1.2, 24 }, { seen.stage, seen.stages, seen.duration_s, seen.planned })
    t.ok(seen.sent > 0)
  end)

  t.it("keeps what was measured when it is cancelled", function()
    local work = job("data: {input: 8, output: 4}\nstages: [{rate: 50, duration_s: 60}]")
    local running = task.spawn(native.run, {}, {}, work)
    task.sleep(0.4)
    running:cancel()
    local result, err = running:join()
    t.eq({ nil, "cancelled" }, { result, err.code })
    local kept = t.ok(json.load(work.dir .. "/stage_0.json"))
    t.eq({ true, "under-delivered" }, { kept.cancelled, kept.verdict })
    t.contains("stopped before its end", table.concat(kept.reasons, "\n"))
    t.eq(3000, kept.counts.planned)
    t.ok(kept.counts.succeeded > 0)
    t.ok(fs.exists(work.dir .. "/stage_0.rec"))
  end)

  t.it("tells of each stage as it ends, also of the one that is cancelled", function()
    local told, stages = {}, nil
    local work = job(PATIENT .. [[
interval_s: 0
data: {input: 8, output: 4}
stages: [{rate: 50, duration_s: 0.3}, {rate: 50, duration_s: 60}]
]], {
      on_stage = function(result, entry)
        told[#told + 1], stages = { entry.index, entry.verdict.status, #result.stages, result.seed == nil }, result.stages
        return true
      end })
    local running = task.spawn(native.run, {}, {}, work)
    repeat task.sleep(0.01) until told[1]
    task.sleep(0.2)
    running:cancel()
    t.fails("cancelled", running:join())
    t.eq({ { 0, "valid", 1, false }, { 1, "under-delivered", 2, false } }, told)
    t.ok(stages[2].metrics.counts.succeeded > 0)
  end)

  t.it("ends when a stage cannot be reported", function()
    local work = job("data: {input: 8, output: 4}\nstages: [{rate: 50, duration_s: 0.1}, {rate: 50, duration_s: 60}]",
      { on_stage = function() return nil, { code = "denied", message = "disk full" } end })
    t.eq("disk full", t.fails("denied", native.run({}, {}, work)).message)
  end)

  t.it("stays within the time of the job", function()
    local work = job(PATIENT .. [[
interval_s: 0
data: {input: 8, output: 4}
stages: [{rate: 50, duration_s: 60}, {rate: 50, duration_s: 60}]
]], { timeout_s = 0.5 })
    local result = t.ok(native.run({}, {}, work))
    t.eq("under-delivered", result.stages[1].verdict.status)
    t.eq("under-delivered", result.stages[2].verdict.status)
    t.ok(result.stages[1].metrics.counts.succeeded > 0)
    t.eq(0, result.stages[2].metrics.counts.succeeded)
  end)

  t.it("reads profiles of inference-perf", function()
    local work = job [[
load: {type: concurrent, stages: [{concurrency_level: 2, num_requests: 12}]}
api: {type: completion, streaming: true}
data:
  type: shared_prefix
  shared_prefix: {num_groups: 2, num_prompts_per_group: 6, system_prompt_len: 20, question_len: 5,
    output_len: 4}
]]
    local result = t.ok(native.run({}, {}, work))
    local stage = result.stages[1]
    t.eq({ 12, 25 },
      { stage.metrics.counts.succeeded, stage.metrics.tokens.input.mean })
  end)

  t.it("makes chat prompts of exact length where the server can tokenize", function()
    local work = job [[
api: chat
data: {input: {min: 5, max: 60}, output: 4}
stages: [{concurrency: 2, requests: 12}]
]]
    local result = t.ok(native.run({}, {}, work))
    local metrics = result.stages[1].metrics
    t.eq({}, result.notes)
    t.eq(12, metrics.counts.succeeded)
    t.ok(metrics.data.given.words > 100)
  end)

  t.it("passes on what is wrong with a profile", function()
    local err = t.fails("invalid", native.run({}, {}, job "stages: [{rate: 1, duration_s: 1, rat: 2}]"))
    t.contains("stages[0].rat is not a known field", err.message)
  end)

  t.it("finds nothing to collect in an empty folder", function()
    t.fails("not_found", native.collect(t.tempdir()))
  end)
end)
