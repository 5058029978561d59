---Profiles of inference-perf, unchanged. What the native load cannot do is an error that names the field;
---what it does in another way is a note (docs/profiles.md).
---@class bench.profile.inference_perf
local M = {}

local fields = require "bench.profile.fields"
local lists = require "bench.lists"
local native = require "bench.profile.native"

-- Defaults of the format.
local LENGTH = { min = 10, max = 1024, mean = 512, std_dev = 200 }
local PREFIX = { groups = 10, prompts = 10, system = 100, question = 50, output = 50 }
local WORKER_CONCURRENCY, WORKER_CONNECTIONS = 100, 2500

local KNOWN = {
  api = { "type", "streaming", "headers" },
  server = { "type", "model_name", "base_url", "ignore_eos", "api_key" },
  tokenizer = { "pretrained_model_name_or_path", "trust_remote_code", "token" },
  data = { "type", "path", "input_distribution", "output_distribution", "shared_prefix" },
  load = { "type", "interval", "stages", "num_workers", "worker_max_concurrency",
    "worker_max_tcp_connections", "request_timeout", "base_seed" },
  report = { "request_lifecycle" },
  storage = { "local_storage" },
}
local STAGE = { "rate", "duration", "concurrency_level", "num_requests" }
local DISTRIBUTION = { "type", "min", "max", "mean", "std_dev", "total_count" }

local function read_api(profile, plan)
  local api = profile:map "api"
  local kind = api:choice("type", { "completion", "chat" }, "completion")
  plan.common.api = kind == "chat" and "chat" or "completions"
  plan.common.streaming = api:flag("streaming", false)
  plan.common.headers = api:get "headers"
  api:done()
end

local function read_server(profile, plan)
  local server = profile:map "server"
  server:choice("type", { "vllm", "sglang", "tgi" }, "vllm")
  plan.model = server:text "model_name"
  plan.url = server:text "base_url"
  plan.common.ignore_eos = server:flag("ignore_eos", true)
  plan.token = server:text "api_key"
  server:done()
end

local function read_tokenizer(profile, plan)
  local tokenizer = profile:map "tokenizer"
  local name = tokenizer:text "pretrained_model_name_or_path"
  tokenizer:flag "trust_remote_code"
  tokenizer:text "token"
  tokenizer:done()
  if not name then return end
  plan.notes[#plan.notes + 1] = "tokenizer: not loaded; token counts are the server's own (usage)"
end

-- A fixed length where bounds or spread leave no other.
local function length(reader)
  local kind = reader:choice("type", { "normal", "lognormal", "uniform", "fixed" }, "normal")
  local min, max = reader:number("min", LENGTH.min), reader:number("max", LENGTH.max)
  local mean, std_dev = reader:number("mean"), reader:number("std_dev", LENGTH.std_dev)
  mean = mean or (min == max and min) or LENGTH.mean
  reader:number "total_count"  -- every request gets a prompt of its own
  reader:done()
  if kind == "uniform" then return { type = "uniform", min = min, max = max } end
  if kind == "fixed" or std_dev == 0 or min == max then
    return { type = "constant", mean = mean, min = min, max = max }
  end
  return { type = kind, mean = mean, std_dev = std_dev, min = min, max = max }
end

local function random_data(data)
  return { type = "random", input = length(data:map "input_distribution"),
    output = length(data:map "output_distribution") }
end

local function shared_prefix_data(data)
  local prefix = data:map "shared_prefix"
  prefix:cannot { enable_multi_turn_chat = "the native load has no multi-turn chats" }
  local groups = prefix:number "num_groups" or prefix:number("num_unique_system_prompts", PREFIX.groups)
  local prompts = prefix:number "num_prompts_per_group"
    or prefix:number("num_users_per_system_prompt", PREFIX.prompts)
  local made = {
    type = "shared_prefix", groups = groups, prompts_per_group = prompts,
    system = prefix:number("system_prompt_len", PREFIX.system),
    question = prefix:number("question_len", PREFIX.question),
    output = prefix:number("output_len", PREFIX.output),
  }
  prefix:done()
  return made
end

local function bounds(reader)
  local min, max = reader:number "min", reader:number "max"
  reader:done()
  return min, max
end

local function sharegpt_data(data)
  local made = { type = "file", format = "sharegpt", path = data:text "path" }
  if not made.path then
    fields.refuse(data:name "path", "is required: the native load downloads nothing",
      "give the path of a ShareGPT file that is on this machine")
  end
  made.input_min, made.input_max = bounds(data:map "input_distribution")
  made.output_min, made.output_max = bounds(data:map "output_distribution")
  return made
end

local DATA = { random = random_data, shared_prefix = shared_prefix_data, shareGPT = sharegpt_data }

local function read_data(profile, plan)
  local data = profile:map "data"
  local kind = data:text "type"
  if not DATA[kind] then
    fields.refuse(data:name "type",
      "cannot be honoured: the native load makes random, shared_prefix and shareGPT data")
  end
  plan.common.data = DATA[kind](data)
  if kind == "random" then data:get "path" end
  data:done()
  plan.continues_prompts = kind == "shared_prefix"  -- one set of prefixes for all stages, as that tool has it
  plan.shared_ratio = native.shared_ratio(plan.common.data)
  plan.wants_words = native.is_text(plan.common.api, plan.common.data)
end

local function open_stage(item, kind)
  return { arrival = kind, rate = item:number "rate", duration_s = item:number "duration" }
end

local function closed_stage(item)
  return { concurrency = item:number "concurrency_level", requests = item:number "num_requests" }
end

-- num_workers x worker_max_concurrency is how many requests that tool can have in flight; here the cap is
-- explicit and its waits are reported.
local function cap(load, plan)
  local workers = load:number "num_workers"
  local each = load:number "worker_max_concurrency"
  local connections = load:number "worker_max_tcp_connections"
  if not each and not connections then
    if workers then
      plan.notes[#plan.notes + 1] = "load.num_workers: limits nothing without worker_max_concurrency or "
        .. "worker_max_tcp_connections"
    end
    return nil
  end
  if not workers then
    fields.refuse(load:name(each and "worker_max_concurrency" or "worker_max_tcp_connections"),
      "cannot be honoured without num_workers: the product is the cap")
  end
  return workers * math.min(each or WORKER_CONCURRENCY, connections or WORKER_CONNECTIONS)
end

local function read_load(profile, plan)
  local load = profile:map "load"
  load:cannot {
    sweep = "the native load does not search for saturation", trace = "it replays no traces",
    circuit_breakers = "it has verdicts instead", lora_traffic_split = "it addresses one model",
  }
  local kind = load:choice("type", { "constant", "poisson", "concurrent" }, "constant")
  plan.interval_s = load:number("interval", 1)
  plan.common.request_timeout_s = load:number "request_timeout"
  plan.seed = load:number "base_seed"
  local most = cap(load, plan)
  for i, item in ipairs(load:maps "stages") do
    local schedule = kind == "concurrent" and closed_stage(item) or open_stage(item, kind)
    if kind ~= "concurrent" then schedule.max_concurrency = most end
    item:done()
    plan.schedules[i] = schedule
  end
  load:done()
  if most and kind ~= "concurrent" then
    local note = "load: at most %d requests in flight, num_workers x worker_max_concurrency (see cap_wait)"
    plan.notes[#plan.notes + 1] = note:format(most)
  end
end

-- Everything that the reports here contain may be asked for; they are written in any case.
local function read_report(profile)
  local report = profile:map "report"
  local lifecycle = report:map "request_lifecycle"
  for _, field in ipairs { "summary", "per_stage", "per_request" } do lifecycle:flag(field) end
  lifecycle:done()
  report:cannot { prometheus = "server metrics are collected by the run, not by the load" }
  report:done()
  local storage = profile:map "storage"
  local folder = storage:map "local_storage"
  folder:text "path"  -- the run decides where results go
  folder:done()
  storage:done()
end

---@param tree table
---@param file string
function M.read(tree, file)
  local profile = fields.reader(file .. ":", tree)
  local plan = { common = {}, schedules = {}, stages = {}, notes = {} }
  read_api(profile, plan)
  read_server(profile, plan)
  read_tokenizer(profile, plan)
  read_data(profile, plan)
  read_load(profile, plan)
  read_report(profile)
  profile:cannot { metrics = "server metrics are collected by the run, not by the load" }
  profile:done()
  for i, schedule in ipairs(plan.schedules) do
    local stage = { name = tostring(i - 1), schedule = schedule }
    for name, value in pairs(plan.common) do stage[name] = value end
    plan.stages[i] = stage
  end
  return plan
end

---Whether a key belongs to the format.
---@param parts string[]
---@return boolean
function M.knows(parts)
  local first, second, third = parts[1], parts[2], parts[3]
  if not KNOWN[first] then return false end
  if #parts == 1 then return true end
  if first == "load" and second == "stages" then
    return #parts == 4 and lists.contains(STAGE, parts[4])
  end
  if not lists.contains(KNOWN[first], second) then return false end
  if #parts == 2 then return true end
  if first == "api" and second == "headers" then return true end
  local is_length = second == "input_distribution" or second == "output_distribution"
  return is_length and #parts == 3 and lists.contains(DISTRIBUTION, third)
end

return M
