-- A server that we did not write: llama.cpp's, with a tiny model. Here it shows whether we count and time rightly
-- under real batching, queueing and prefix reuse.
package.path = (debug.getinfo(1, "S").source:match "^@(.*)/[^/]*$") .. "/../e2e/?.lua;" .. package.path

local env = require "host.env"
local fs = require "host.fs"
local json = require "host.json"
local load = require "host.load"
local support = require "support"
local t = require "bench.test"

local SLOTS = 4
local KEPT = { "LLMDBENCH_LLAMA_SERVER", "LLMDBENCH_LLAMA_GGUF" }

local function engine_box()
  local box = support.box()
  for _, name in ipairs(KEPT) do
    box.env[name] = t.ok(env.get(name), name .. " is not set: use tests/engine/run")
  end
  box.env.LLMDBENCH_LLAMA_SLOTS = tostring(SLOTS)
  box.env.LLMDBENCH_LLAMA_THREADS = "1"        -- two would wait for each other on a busy machine
  return box
end

local function command(box, ...)
  local args = { "--spec", "local/llama-cpp", ... }
  local result = box:run(args, { timeout_s = 120 })
  -- Engine and client share the machine's cores, so a verdict may say that the client was late: exit code 4.
  local verdict_only = result.exit_code == 4 and result.output:find "client%-limited"
  t.eq(0, verdict_only and 0 or result.exit_code, table.concat(args, " ") .. "\n" .. result.output)
  return result
end

local PROFILE = [[
load: {type: %s, stages: [%s]}
api: {type: completion, streaming: true}
server: {ignore_eos: true}
data:
  type: random
  input_distribution: {mean: %d, min: %d, max: %d}
  output_distribution: {mean: %d, min: %d, max: %d}
]]

---Runs one profile; gives its only stage: the result as computed from the records, and the records.
local function run_profile(box, name, text)
  local before = {}
  for _, file in ipairs(fs.glob(box.workspace .. "/*-*/results/*/*.rec")) do before[file] = true end
  command(box, "run", "-l", "native", "-w", box:write(name .. ".yaml", text))
  for _, file in ipairs(fs.glob(box.workspace .. "/*-*/results/*/*.rec")) do
    if not before[file] then
      local records = {}
      for record in t.ok(load.records(file)) do records[#records + 1] = record end
      return t.ok(load.summarise(file)), records, fs.parent(file)
    end
  end
  error("no record file was written")
end

t.describe("a real engine", function()
  t.it("is benchmarked from standup to teardown", { timeout_s = 240 }, function()
    local box = engine_box()
    command(box, "standup")
    command(box, "smoketest")

    -- 16 tokens in, 32 out, one at a time: nothing waits.
    local calm, records, folder = run_profile(box, "calm",
      PROFILE:format("concurrent", "{num_requests: 20, concurrency_level: 1}", 16, 16, 16, 32, 32, 32))
    t.eq(20, #records)
    for _, record in ipairs(records) do
      t.eq(json.null, record.failure)
      t.eq(16, record.prompt_tokens)
      t.eq(32, record.completion_tokens, "usage says what was asked for")
      local ttft_s, e2e_s = record.first_token_s - record.sent_s, record.end_s - record.sent_s
      t.ok(ttft_s >= record.server_prompt_s - 1e-6, "first token before the engine had read the prompt")
      t.ok(e2e_s >= record.server_prompt_s + record.server_predicted_s - 1e-4, "faster than the engine")
    end
    t.ok(calm.latency.tpot.p50 > 0.8 * calm.server.tpot.p50, "time per token is that of the engine")
    t.ok(calm.latency.tpot.p50 < 1.5 * calm.server.tpot.p50 + 1e-3, "and not much more")
    local report = t.ok(json.decode(t.ok(fs.read(fs.glob(folder .. "/benchmark_report_v0.2,_stage_*.json")[1]))))
    t.eq(20, report.results.request_performance.aggregate.requests.total)
    t.eq(0, report.results.request_performance.aggregate.requests.failures)

    -- Four slots: with sixteen users three of four wait for one.
    local full = run_profile(box, "full",
      PROFILE:format("concurrent", "{num_requests: 64, concurrency_level: 4}", 16, 16, 16, 32, 32, 32))
    local over = run_profile(box, "over",
      PROFILE:format("concurrent", "{num_requests: 128, concurrency_level: 16}", 16, 16, 16, 32, 32, 32))
    t.eq(0, full.counts.failed + over.counts.failed)
    t.ok(over.latency.ttft.p50 > 2 * full.latency.ttft.p50, "waiting for a slot shows in the first token")
    t.ok(over.throughput.output_tokens_per_s < 2 * full.throughput.output_tokens_per_s,
      "more users than slots do not bring more tokens")

    -- Prompts that begin alike.
    local shared, shared_records = run_profile(box, "shared", [[
load: {type: concurrent, stages: [{num_requests: 24, concurrency_level: 1}]}
api: {type: completion, streaming: true}
server: {ignore_eos: true}
data:
  type: shared_prefix
  shared_prefix: {num_groups: 1, num_prompts_per_group: 24, system_prompt_len: 200, question_len: 8, output_len: 8}
]])
    t.eq(0, shared.counts.failed)
    local cached = 0
    for _, record in ipairs(shared_records) do cached = cached + (record.cached_tokens or 0) end
    t.ok(cached > 12 * 190, "the engine reports the prefix it had: " .. cached)

    command(box, "teardown")
    box:is_clean()
  end)

  t.it("e2e does it all in one command", { timeout_s = 120 }, function()
    local box = engine_box()
    command(box, "e2e")
    t.ok(#fs.glob(box.workspace .. "/*-*/results/*/benchmark_report_v0.2,_stage_*.yaml") > 0)
    box:is_clean()
  end)

  t.it("a server that does not start fails with the tail of its log", { timeout_s = 60 }, function()
    local box = engine_box()
    box.env.LLMDBENCH_LLAMA_GGUF = box:write("not_a_model.gguf", "this is no model")
    local result = box:run({ "--spec", "local/llama-cpp", "standup" })
    t.eq(1, result.exit_code, result.output)
    t.contains("gguf", result.output:lower())
    t.match("invalid magic", result.output)
    box:is_clean()
  end)
end)
