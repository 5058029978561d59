local fs = require "host.fs"
local info = require "host.info"
local load = require "host.load"
local profile = require "bench.profile"
local t = require "bench.test"
local yaml = require "host.yaml"

local ENDPOINT = { url = "http://127.0.0.1:8000", model = "m", token = "canary-token" }

local function parse(source, more)
  local opts = { file = "p.yaml", endpoint = ENDPOINT, id = "run-1" }
  for key, value in pairs(more or {}) do opts[key] = value end
  return profile.parse(source, opts)
end

local function problem(source, more)
  local err = t.fails("invalid", parse(source, more))
  return err.message
end

-- The shape in which profiles of inference-perf are written.
local PERF = [[
load:
  type: constant
  interval: 15
  stages:
  - {rate: 1, duration: 30}
  - {rate: 2, duration: 30}
  num_workers: 4
  worker_max_concurrency: 10
  request_timeout: 30
api: {type: completion, streaming: true}
server: {type: vllm, model_name: m, base_url: "http://127.0.0.1:8000", ignore_eos: true}
tokenizer: {pretrained_model_name_or_path: m}
data:
  type: random
  input_distribution: {min: 256, max: 512, mean: 384, std_dev: 10, total_count: 100}
  output_distribution: {min: 10, max: 100, mean: 50, std_dev: 10, total_count: 100}
report:
  request_lifecycle: {summary: true, per_stage: true, per_request: true}
storage:
  local_storage: {path: /workspace}
]]

local function perf(from, to)
  local text = PERF
  if from then
    local start, stop = text:find(from, 1, true)
    text = text:sub(1, start - 1) .. to .. text:sub(stop + 1)
  end
  return text
end

t.describe("native profiles", function()
  t.it("become stages with seeds of their own", function()
    local plan = t.ok(parse [[
seed: 7
interval_s: 3
api: chat
data: {prompt: text, input: 10, output: 5}
request_timeout_s: 9
stages:
- {rate: 2, duration_s: 3, arrival: poisson}
- {name: users, concurrency: 4, requests: 8}
]])
    t.eq(2, #plan.stages)
    t.eq({ 3, 7, true, 0 }, { plan.interval_s, plan.seed, plan.wants_words, plan.shared_ratio })
    t.eq({ "0", "users" }, { plan.stages[1].name, plan.stages[2].name })
    t.eq({ arrival = "poisson", rate = 2, duration_s = 3 }, plan.stages[1].schedule)
    t.eq({ "chat", 9, "http://127.0.0.1:8000", "m", "canary-token" }, { plan.stages[2].api,
      plan.stages[2].request_timeout_s, plan.stages[2].url, plan.stages[2].model, plan.stages[2].token })
    t.ne(plan.stages[1].seed, plan.stages[2].seed)
  end)

  t.it("have other seeds in other runs and repetitions, unless fixed", function()
    local source = "seed: 7\nstages: [{rate: 1, duration_s: 1}]\n"
    local function seed(text, more) return t.ok(parse(text, more)).stages[1].seed end
    t.eq(seed(source), seed(source))
    t.ne(seed(source), seed(source, { id = "run-2" }))
    t.ne(seed(source), seed(source, { repetition = 1 }))
    t.eq(7, seed("seeds: fixed\n" .. source, { id = "run-2" }))
    t.ne(seed "stages: [{rate: 1, duration_s: 1}]", seed "stages: [{rate: 1, duration_s: 1}]")
  end)

  t.it("say which field is wrong", function()
    local stages = "stages: [{rate: 1, duration_s: 1}]\n"
    t.contains("p.yaml: sages is not a known field (did you mean 'stages'?)", problem(stages .. "sages: 1"))
    t.contains("p.yaml: stages[0].rat is not a known field (did you mean 'rate'?)",
      problem "stages: [{rat: 1}]")
    t.contains("p.yaml: stages must be a list", problem "stages: 3")
    t.contains("p.yaml: stages is empty", problem "stages: []")
    t.contains("p.yaml: seeds must be one of distinct, fixed", problem(stages .. "seeds: fix"))
    t.contains("p.yaml: stage 0.schedule.duration_s is required", problem "stages: [{rate: 1}]")
    t.contains("p.yaml: stage 0.data.input.mean must lie between",
      problem(stages .. "data: {input: {mean: 9, max: 5}}"))
    t.contains("is no profile", problem "a: 1")
    t.contains("REPLACE_ENV_X was not replaced", problem(stages .. "model: REPLACE_ENV_X"))
    t.contains("p.yaml:1:", problem "stages: [")
  end)

  t.it("must not contradict the run", function()
    local stages = "stages: [{rate: 1, duration_s: 1}]\n"
    t.contains("names the server http://other, but the run is for http://127.0.0.1:8000",
      problem(stages .. "url: http://other"))
    t.ok(parse(stages .. "url: http://127.0.0.1:8000/"))
    t.contains("names no model", problem(stages .. "url: http://x", { endpoint = {} }))
    t.eq("http://x", t.ok(parse(stages .. "url: http://x\nmodel: y", { endpoint = {} })).stages[1].url)
  end)

  t.it("as shipped are all right", function()
    local paths = fs.glob(info.home .. "/workload/profiles/native/*.yaml.in")
    t.ok(#paths >= 8)
    for _, path in ipairs(paths) do
      local source = t.ok(fs.read(path))
      source = source:gsub("REPLACE_ENV_LLMDBENCH_DEPLOY_CURRENT_MODEL", "m")
        :gsub("REPLACE_ENV_LLMDBENCH_HARNESS_STACK_ENDPOINT_URL", ENDPOINT.url)
        :gsub("REPLACE_ENV_[%w_]+", "x")
      local plan = t.ok(profile.parse(source, { file = path, endpoint = ENDPOINT }))
      t.ok(#plan.stages >= 1)
    end
  end)
end)

t.describe("profiles of inference-perf", function()
  t.it("are read as they are", function()
    local plan = t.ok(parse(PERF))
    t.eq({ 15, 2 }, { plan.interval_s, #plan.stages })
    t.eq({ arrival = "constant", rate = 2, duration_s = 30, max_concurrency = 40 }, plan.stages[2].schedule)
    t.eq({ type = "random", input = { type = "normal", mean = 384, std_dev = 10, min = 256, max = 512 },
      output = { type = "normal", mean = 50, std_dev = 10, min = 10, max = 100 } }, plan.stages[1].data)
    local first = plan.stages[1]
    t.eq({ "completions", true, true, 30 },
      { first.api, first.streaming, first.ignore_eos, first.request_timeout_s })
    t.eq(2, #plan.notes)
    t.contains("counts are the server's own", plan.notes[1])
    t.contains("at most 40 requests in flight", plan.notes[2])
    t.eq(60, t.ok(load.plan(plan.stages[2])).requests)
  end)

  t.it("with equal bounds need no mean", function()
    local from = "{min: 256, max: 512, mean: 384, std_dev: 10, total_count: 100}"
    local plan = t.ok(parse(perf(from, "{min: 16, max: 16}")))
    t.eq({ type = "constant", mean = 16, min = 16, max = 16 }, plan.stages[1].data.input)
  end)

  t.it("with concurrency are closed loops", function()
    local plan = t.ok(parse(perf([[  type: constant
  interval: 15
  stages:
  - {rate: 1, duration: 30}
  - {rate: 2, duration: 30}]],
      "  type: concurrent\n  stages:\n  - {concurrency_level: 4, num_requests: 64}")))
    t.eq({ concurrency = 4, requests = 64 }, plan.stages[1].schedule)
    t.eq(1, plan.interval_s)
  end)

  t.it("with shared prefixes keep their groups, by either name", function()
    local source = yaml.decode(PERF)
    source.data = { type = "shared_prefix", shared_prefix = { num_groups = 3, num_prompts_per_group = 4,
      system_prompt_len = 300, question_len = 100, output_len = 20, enable_multi_turn_chat = false } }
    local plan = t.ok(parse(yaml.encode(source)))
    local seed = plan.stages[1].data.seed  -- one set of prompts for all stages
    t.eq("number", type(seed))
    for _, stage in ipairs(plan.stages) do t.eq(seed, stage.data.seed) end
    t.ok(plan.continues_prompts)
    t.eq({ type = "shared_prefix", groups = 3, prompts_per_group = 4, system = 300, question = 100,
      output = 20, seed = seed }, plan.stages[1].data)
    t.eq(0.75, plan.shared_ratio)
    source.data.shared_prefix = { num_unique_system_prompts = 5, num_users_per_system_prompt = 6 }
    plan = t.ok(parse(yaml.encode(source)))
    t.eq({ 5, 6 }, { plan.stages[1].data.groups, plan.stages[1].data.prompts_per_group })
    source.data.shared_prefix.enable_multi_turn_chat = true
    t.contains("data.shared_prefix.enable_multi_turn_chat cannot be honoured", problem(yaml.encode(source)))
  end)

  t.it("with a ShareGPT file filter it", function()
    local plan = t.ok(parse(perf([[  type: random
  input_distribution: {min: 256, max: 512, mean: 384, std_dev: 10, total_count: 100}
  output_distribution: {min: 10, max: 100, mean: 50, std_dev: 10, total_count: 100}]],
      "  type: shareGPT\n  path: /x.json\n  input_distribution: {min: 10, max: 1024}")))
    t.eq({ type = "file", format = "sharegpt", path = "/x.json", input_min = 10, input_max = 1024 },
      plan.stages[1].data)
  end)

  t.it("say that num_workers alone limits nothing", function()
    local plan = t.ok(parse(perf("  worker_max_concurrency: 10\n", "")))
    t.contains("load.num_workers: limits nothing", table.concat(plan.notes, "\n"))
    t.eq(nil, plan.stages[1].schedule.max_concurrency)
  end)

  t.it("that ask for what cannot be done are refused by the field's name", function()
    local function refused(words, from, to) t.contains("p.yaml: " .. words, problem(perf(from, to))) end
    refused("data.input_distribution.std is not a known field", "std_dev: 10, total_count: 100}", "std: 10}")
    refused("data.type cannot be honoured", "type: random", "type: billsum_conversations")
    refused("load.type must be one of constant, poisson, concurrent", "type: constant", "type: trace_replay")
    refused("load.sweep cannot be honoured", "  interval: 15", "  sweep: {type: linear}")
    refused("load.worker_max_concurrency cannot be honoured without num_workers", "  num_workers: 4\n", "")
    refused("report.prometheus cannot be honoured", "report:", "report:\n  prometheus: {summary: true}")
    refused("storage.google_cloud_storage is not a known field", "storage:",
      "storage:\n  google_cloud_storage: {}")
    refused("server.type must be one of vllm", "type: vllm", "type: mock")
    refused("api.typ is not a known field (did you mean 'type'?)", "type: completion", "typ: completion")
    refused("metrics cannot be honoured", "storage:", "metrics: {type: prometheus}\nstorage:")
    refused("load.stages[0].durations is not a known field", "{rate: 1, duration: 30}",
      "{rate: 1, durations: 30}")
    refused("stage 0.data.input.mean must lie between min and max", "max: 512, mean: 384",
      "max: 300, mean: 384")
  end)

  t.it("let treatments add known keys only", function()
    t.ok(profile.allows { "load", "num_workers" })
    t.ok(profile.allows { "data", "input_distribution", "std_dev" })
    t.ok(profile.allows { "stages", "0", "rate" })
    t.ok(profile.allows { "limits", "min_samples" })
    t.eq(false, profile.allows { "load", "num_wrokers" })
    t.eq(false, profile.allows { "data", "input", "men" })
  end)
end)
