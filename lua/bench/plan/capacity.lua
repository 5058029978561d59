---Does the model fit on the GPUs that a stack asks for, and how many requests fit beside it?
---@class bench.plan.capacity
local M = {}

local demand_of = require "bench.plan.capacity.demand"
local formulas = require "bench.plan.capacity.formulas"
local log = require "host.log"
local source = require "bench.plan.capacity.source"
local tree = require "bench.tree"

---@class bench.plan.capacity.Message
---@field level "info"|"warning"|"error" error: only if `control.ignoreFailedValidation` is false
---@field text string

---@class bench.plan.capacity.Row one role and model
---@field role string
---@field model string
---@field verdict "fits"|"does not load"|"serves nothing"|"wrong"|"unknown"|"skipped"
---@field gpus_per_pod integer?
---@field gpu_gib number? memory of a GPU
---@field available_gib number? of all GPUs of a replica, as far as the engine may take it
---@field model_gib number?
---@field activation_gib number?
---@field non_torch_gib number? of one GPU
---@field kv_bytes_per_token integer?
---@field request_gib number? KV cache of a request of the greatest length
---@field left_gib number? for the KV cache
---@field max_concurrent integer?
---@field messages bench.plan.capacity.Message[]

---@class bench.plan.capacity.Options
---@field token? string for the hub; that of the stack unless given
---@field endpoint? string of the hub
---@field model_config? string a `config.json` or a folder, instead of the hub
---@field offline? boolean the hub is not asked
---@field cache? table shared by the stacks of a command
---@field timeout_s? number of each request

-- vLLM's own default.
local USUAL_UTILISATION = 0.9

local SENTINELS = { ["REPLACE_TOKEN"] = true, ["REPLACE_TOKEN_B64"] = true, [""] = true }

-- The hub token of a stack; its configuration may hold a reference to it.
local function token_of(stack, opts)
  if opts.token then return opts.token end
  local secrets = require "bench.plan.secrets"
  local given = tree.at(stack.config, "huggingface", "token")
  if type(given) == "string" and not SENTINELS[given] then
    local value = secrets.is_reference(given) and secrets.value(given:match "^{{secret:(.-)}}$") or given
    if value and not secrets.is_reference(value) then
      log.secret(value)
      return value
    end
  end
  return (secrets.hub_token())
end
M.token_of = token_of

local function models_of(config)
  local names = tree.at(config, "model", "huggingfaceId")
    or tree.at(config, "model", "name") or ""
  local list = {}
  for name in tostring(names):gmatch "[^,%s]+" do list[#list + 1] = name end
  return list
end

local function load_facts(stack, model, opts)
  if opts.model_config then return source.from_path(opts.model_config) end
  if opts.offline then
    return nil, { code = "unreachable", message = "the hub is not asked offline",
      hint = "name a local folder with --model-config" }
  end
  return source.from_hub(model, { token = token_of(stack, opts), endpoint = opts.endpoint,
    timeout_s = opts.timeout_s })
end

-- Asked once per command and model.
local function facts_of(stack, model, opts)
  local cache, key = opts.cache, "capacity " .. model
  local known = cache and cache[key]
  if not known then
    local facts, err = load_facts(stack, model, opts)
    known = { facts = facts, err = err }
    if cache then cache[key] = known end
  end
  return known.facts, known.err
end

-- Checks, each adding messages to its row

local Check = {}
Check.__index = Check

function Check:say(level, pattern, ...)
  if level ~= "info" then self.row.verdict = "wrong" end
  table.insert(self.row.messages, { level = level == "problem" and self.problem_level or level,
    text = log.redact(pattern:format(...)) })
end

function Check:gpus()
  local demand = self.demand
  if demand.need > demand.gpus_per_pod then
    self:say("problem", "tensor %d x local data %d parallelism needs %d GPUs, a pod asks for %d: "
      .. "raise %s.accelerator.count or lower %s.parallelism",
      demand.tensor, demand.data, demand.need, demand.gpus_per_pod, demand.role, demand.role)
  elseif demand.need < demand.gpus_per_pod then
    self:say("problem", "a pod asks for %d GPUs, tensor %d x local data %d parallelism uses %d: %d idle",
      demand.gpus_per_pod, demand.tensor, demand.data, demand.need, demand.gpus_per_pod - demand.need)
  end
  if not demand.gpu_gib then
    self:say("info", "the memory of a GPU is not known%s: set accelerator.memory to check it",
      demand.gpu and " (" .. demand.gpu .. ")" or "")
  end
end

function Check:model_limits(config)
  local heads, longest = formulas.limits(config)
  local tensor = self.demand.tensor
  if not heads then
    self:say("problem", "the model's configuration has no num_attention_heads, "
      .. "so %d-fold tensor parallelism cannot be checked", tensor)
  elseif heads % tensor ~= 0 then
    self:say("problem", "tensor parallelism %d does not divide the model's %d attention heads; possible: %s",
      tensor, heads, table.concat(formulas.divisors(heads), ", "))
  end
  if longest and self.max_len and self.max_len > longest then
    self:say("problem", "model.maxModelLen %d is more than the model's %d positions", self.max_len, longest)
  end
end

local function model_gib(facts)
  if facts.params then
    local bytes, reason = formulas.model_bytes(facts.params, facts.config)
    return bytes and bytes / formulas.GIB, reason
  end
  return facts.bytes and facts.bytes / formulas.GIB, facts.reason
end

function Check:sizes(facts)
  local row, config = self.row, facts.config
  local weights_gib, reason = model_gib(facts)
  row.model_gib = weights_gib
  row.activation_gib, row.non_torch_gib = formulas.activation_gib(config), formulas.non_torch_gib(self.demand.tensor)
  if not row.model_gib then self:say("info", "the size of the weights is not known: %s", reason) end
  row.kv_bytes_per_token, reason = formulas.kv_bytes_per_token(config)
  if not row.kv_bytes_per_token then self:say("info", "the KV cache cannot be checked: %s", reason) end
  if row.kv_bytes_per_token and self.max_len then
    row.request_gib = row.kv_bytes_per_token * self.max_len / formulas.GIB
  end
end

local REMEDIES = "shorten model.maxModelLen (%s), raise %s.parallelism.tensor (%d), "
  .. "take GPUs with more memory (%g GiB), or raise model.gpuMemoryUtilization (%g)"

function Check:remedies()
  return REMEDIES:format(self.max_len and ("%d"):format(self.max_len) or "not a number", self.demand.role,
    self.demand.tensor, self.demand.gpu_gib, self.utilisation)
end

function Check:fit()
  local row, demand = self.row, self.demand
  if not demand.gpu_gib then return end
  row.available_gib = demand.gpu_gib * self.utilisation * demand.need
  if not row.model_gib then return end
  row.left_gib = formulas.left_gib { gpu_gib = demand.gpu_gib, utilisation = self.utilisation, tensor = demand.tensor,
    data = demand.data, model_gib = row.model_gib, activation_gib = row.activation_gib,
    non_torch_gib = row.non_torch_gib }
  if row.left_gib < 0 then
    self:say("problem", "the model will not load: %.1f GiB are missing; %s", -row.left_gib, self:remedies())
    row.verdict, row.max_concurrent = "does not load", 0
    return
  end
  if not row.request_gib then return end
  row.max_concurrent = formulas.concurrent(row.left_gib, row.request_gib)
  if row.max_concurrent == 0 then
    self:say("problem", "no request of %d tokens fits: it takes %.2f GiB of KV cache, %.2f GiB are left; %s",
      self.max_len, row.request_gib, row.left_gib, self:remedies())
    row.verdict = "serves nothing"
  elseif row.verdict == "unknown" then
    row.verdict = "fits"
  end
end

local function new_check(stack, demand, model)
  local config = stack.config
  local strict = tree.at(config, "control", "ignoreFailedValidation") == false
  local row = { role = demand.role, model = model, verdict = "unknown", messages = {},
    gpus_per_pod = demand.gpus_per_pod, gpu_gib = demand.gpu_gib }
  local max_len = tonumber(tree.at(config, "model", "maxModelLen"))
  local utilisation = tonumber(tree.at(config, "model", "gpuMemoryUtilization"))
  return setmetatable({ row = row, demand = demand, problem_level = strict and "error" or "warning",
    max_len = max_len, utilisation = utilisation or USUAL_UTILISATION }, Check)
end

local function check_model(stack, demand, model, opts)
  local check = new_check(stack, demand, model)
  check:gpus()
  if check.utilisation == 0 then
    check:say("info", "model.gpuMemoryUtilization is 0, the engine takes no GPU memory: nothing to check")
    check.row.verdict = "skipped"
    return check.row
  end
  local facts, err = facts_of(stack, model, opts)
  if not facts then
    check:say("problem", "the model's configuration is not available: %s%s", err.message,
      err.hint and " (" .. err.hint .. ")" or "")
    check.row.verdict = "unknown"
    return check.row
  end
  check.row.from = facts.from
  check:model_limits(facts.config)
  check:sizes(facts)
  check:fit()
  return check.row
end

local function skipped(demand, model)
  return { role = demand.role, model = model, verdict = "skipped",
    messages = { { level = "info", text = demand.role .. " " .. demand.skip } } }
end

local function has_error(rows)
  for _, row in ipairs(rows) do
    for _, message in ipairs(row.messages) do
      if message.level == "error" then return true end
    end
  end
  return false
end

---Checks every role of a stack with every model.
---@async
---@param stack { name: string, config: table, method?: string }
---@param opts? bench.plan.capacity.Options
---@return { stack: string, rows: bench.plan.capacity.Row[], ok: boolean, note: string? } result `ok` is false if there
---  is an error, which only `control.ignoreFailedValidation: false` makes of a problem
function M.check(stack, opts)
  opts = opts or {}
  local roles, note = demand_of.roles(stack)
  local rows = {}
  for _, role in ipairs(roles) do
    local demand = demand_of.of(stack.config, role)
    for _, model in ipairs(models_of(stack.config)) do
      rows[#rows + 1] = demand.skip and skipped(demand, model) or check_model(stack, demand, model, opts)
    end
  end
  return { stack = stack.name, rows = rows, ok = not has_error(rows), note = note }
end

---May the weights of all models of these stacks be downloaded? Each model is asked about once.
---@async
---@param stacks { config: table }[]
---@param opts? bench.plan.capacity.Options
---@return bench.hub.Access[] answers in the order of the stacks
function M.access(stacks, opts)
  opts = opts or {}
  local hub, answers, seen = require "bench.hub", {}, {}
  for _, stack in ipairs(stacks) do
    for _, model in ipairs(models_of(stack.config)) do
      if not seen[model] then
        seen[model] = true
        answers[#answers + 1] = hub.access(model, { token = token_of(stack, opts), endpoint = opts.endpoint,
          timeout_s = opts.timeout_s })
      end
    end
  end
  return answers
end

return M
