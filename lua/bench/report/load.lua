-- `scenario.load`: the load of a stage, in terms common to all tools and in our own.
local hidden = require "bench.hidden"
local info = require "host.info"
local json = require "host.json"
local text = require "host.text"
local tree = require "bench.tree"
local yaml = require "host.yaml"

local M = {}

-- Names of distributions in profiles, and in the report.
local DISTRIBUTIONS = { constant = "fixed", fixed = "fixed", normal = "gaussian", gaussian = "gaussian",
  uniform = "uniform",
  lognormal = "other" }
-- Kinds of data whose prompts are made up.
local MADE_UP = { random = true, shared_prefix = true, synthetic = true }

local function number(value) return type(value) == "number" and value or nil end

local function whole(value)
  return type(value) == "number" and math.floor(value + 0.5) or nil
end

-- The kind of a distribution that does not name it: bounds that coincide or no spread mean a fixed length.
local function kind_of(asked)
  if asked.type or asked.distribution then
    return DISTRIBUTIONS[asked.type or asked.distribution] or "other"
  end
  local deviation = asked.std_dev or asked.std
  if deviation and deviation > 0 then return "gaussian" end
  if asked.min and asked.max and asked.min ~= asked.max then return asked.mean and "other" or "uniform" end
  return "fixed"
end

-- A length as it was asked for; without that, as it was measured.
local function length(asked, measured)
  if type(asked) == "number" then return { distribution = "fixed", value = asked } end
  if type(asked) ~= "table" then
    if not measured or (measured.count or 0) == 0 then return nil end
    local same = measured.min == measured.max
    return { distribution = same and "fixed" or "other", value = measured.mean, std_dev = not same
      and measured.std_dev or nil,
      min = whole(measured.min), max = whole(measured.max) }
  end
  local kind = kind_of(asked)
  local low, high = number(asked.min), number(asked.max)
  local value = number(asked.mean) or (low and high and (low + high) / 2) or (measured and measured.mean) or 0
  return { distribution = kind, value = value, std_dev = kind ~= "fixed"
    and number(asked.std_dev or asked.std) or nil,
    min = kind ~= "fixed" and whole(low) or nil, max = kind ~= "fixed" and whole(high) or nil }
end

local function table_at(root, ...)
  local found = tree.at(root, ...)
  return type(found) == "table" and found or nil
end

local function source_of(data)
  if not data then return "unknown" end
  local kind = data.type
  if kind == nil or kind == json.null then
    return (data.input or data.input_distribution) and "random" or "unknown"
  end
  return MADE_UP[kind] and "random" or "sampled"
end

-- Stage tables of the native harness keep the shared prefix beside the other fields.
local function shared_of(data)
  if not data then return nil end
  local nested = table_at(data, "shared_prefix")
  if nested or data.type ~= "shared_prefix" or not data.groups then return nested end
  return { system_prompt_len = data.system, num_groups = data.groups,
    num_prompts_per_group = data.prompts_per_group,
    output_len = data.output }
end

local function prefix_of(data)
  local shared = shared_of(data)
  if not shared or (data.type ~= nil and data.type ~= "shared_prefix") then return nil end
  local system = shared.system_prompt_len or shared.system_prompt
  if not system or not number(shared.num_groups) or not number(shared.num_prompts_per_group) then
    return nil
  end
  return { prefix_len = length(system), num_groups = shared.num_groups,
    num_users_per_group = shared.num_prompts_per_group,
    num_prefixes = 1 }
end

local function input_asked(data)
  if data and data.type == "shared_prefix" then return nil end
  return data and (data.input_distribution or data.input)
end

local function output_asked(data)
  local shared = shared_of(data)
  if shared and data.type == "shared_prefix" then return shared.output_len end
  return data and (data.output_distribution or data.output)
end

local function standardized(job, stage, data)
  local metrics = stage.metrics
  local asked = metrics.load or {}
  local rate, concurrency = number(asked.requested_rate), number(asked.concurrency)
  return {
    tool = job.harness,
    tool_version = job.harness_version or info.version,
    parallelism = 1,
    source = source_of(data),
    stage = stage.index,
    input_seq_len = length(input_asked(data), metrics.tokens and metrics.tokens.input)
      or { distribution = "other", value = 0 },
    output_seq_len = length(output_asked(data), metrics.tokens and metrics.tokens.output),
    prefix = prefix_of(data),
    rate_qps = rate and rate > 0 and rate or nil,
    concurrency = concurrency and concurrency >= 1 and concurrency or nil,
  }
end

---@param job { harness: string, harness_version?: string, profile_name?: string, profile_text?: string }
---@param stage table one stage of a harness result
---@return table
function M.of(job, stage)
  local config = job.profile_text and yaml.decode(hidden.yaml(job.profile_text)) or json.null
  local data = table_at(stage, "load", "data") or table_at(config, "data")
  local native = { config = config, args = json.object { profile = job.profile_name } }
  return {
    metadata = { schema_version = "0.0.1", cfg_id = text.sha256(json.encode(config, { sort_keys = true })),
      description = job.profile_name },
    standardized = standardized(job, stage, data),
    native = native,
  }
end

return M
