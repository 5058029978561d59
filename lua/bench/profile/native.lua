---Our own profiles: the fields of docs/load.md, with `stages` as a list of schedules.
---@class bench.profile.native
local M = {}

local fields = require "bench.profile.fields"
local lists = require "bench.lists"

-- Fields that all stages have in common, by the names of docs/load.md.
local COMMON = { "api", "streaming", "ignore_eos", "continuous_usage", "extra", "headers", "ca_file",
  "cert_file", "key_file", "insecure", "request_timeout_s", "drain_s", "stage_timeout_s", "threads", "spin_s",
  "keep_alive", "max_connections", "warm_connections", "prepare_bytes", "limits" }
-- Fields of the profile itself.
local OWN = { "description", "url", "model", "seed", "seeds", "interval_s", "data", "stages" }
-- Fields of one stage besides `name`.
local SCHEDULE = { "arrival", "burstiness", "rate", "to_rate", "duration_s", "segments", "max_concurrency",
  "warmup_s", "concurrency", "requests", "warmup_requests", "ramp_s" }
local DATA = { "type", "prompt", "input", "output", "vocab_min", "vocab_max", "words", "first_words",
  "groups", "prompts_per_group", "system", "question", "path", "format", "input_min", "input_max",
  "output_min", "output_max", "characters_per_token", "limit", "shuffle" }
local LENGTHS = { "input", "output", "system", "question" }
local LENGTH = { "type", "mean", "std_dev", "min", "max" }

---What a profile, a stage of it and its data can hold: the keys that `bench.profile.keys.native` describes.
M.FIELDS = lists.extend(OWN, unpack(COMMON))
M.STAGE_FIELDS = lists.extend(SCHEDULE, "name")
M.DATA_FIELDS = DATA

local function given(reader, names, into)
  for _, name in ipairs(names) do into[name] = reader:get(name) end
  return into
end

local function stage_of(profile, item, index)
  local stage = given(profile, COMMON, {})
  stage.data = profile:get "data"
  stage.name = item:text("name", tostring(index))
  stage.schedule = given(item, SCHEDULE, {})
  item:done()
  if stage.schedule.rate and stage.schedule.concurrency then
    fields.refuse(item:name "concurrency", "and rate exclude each other: an open loop has a rate, a closed loop users",
      "set one of them to null")
  end
  return stage
end

local function mean_of(length, fallback)
  if type(length) == "number" then return length end
  if type(length) ~= "table" then return fallback end
  return length.mean or (length.min and length.max and (length.min + length.max) / 2) or fallback
end

---The share of prompt tokens that a prefix cache may know: the prefixes of groups.
---@param data? table
---@return number? share
function M.shared_ratio(data)
  if not data or data.type == nil or data.type == "random" then return 0 end
  if data.type ~= "shared_prefix" then return nil end
  local system, question = mean_of(data.system, 100), mean_of(data.question, 50)
  return system / (system + question)
end

---Whether prompts are random text.
---@param api? string
---@param data? table
---@return boolean
function M.is_text(api, data)
  local kind = data and data.type or "random"
  local text = api == "chat" or (data ~= nil and data.prompt == "text")
  return text and kind ~= "file" and not (data and data.words)
end

---@param tree table
---@param file string
function M.read(tree, file)
  local profile = fields.reader(file .. ":", tree)
  profile:text "description"
  local plan = {
    url = profile:text "url",
    model = profile:text "model",
    seed = profile:number "seed",
    fixed_seeds = profile:choice("seeds", { "distinct", "fixed" }, "distinct") == "fixed",
    interval_s = profile:number("interval_s", 1),
    shared_ratio = M.shared_ratio(profile:get "data"),
    wants_words = M.is_text(profile:get "api", profile:get "data"),
    notes = {},
    stages = {},
  }
  for i, item in ipairs(profile:maps "stages") do plan.stages[i] = stage_of(profile, item, i - 1) end
  profile:done()
  return plan
end

---Whether a key holds a length, which is a number or a table.
---@param parts string[]
---@return boolean
function M.is_length(parts)
  return #parts == 2 and parts[1] == "data" and lists.contains(LENGTHS, parts[2])
end

---Whether a key belongs to the format; indices of `stages` are numbers as text.
---@param parts string[]
---@return boolean
function M.knows(parts)
  local first, second, third = parts[1], parts[2], parts[3]
  if #parts == 1 then return lists.contains(COMMON, first) or lists.contains(OWN, first) end
  if first == "extra" or first == "headers" or first == "limits" then return true end
  if first == "data" and #parts == 2 then return lists.contains(DATA, second) end
  if first == "data" then return #parts == 3 and lists.contains(LENGTH, third) end
  return first == "stages" and #parts == 3 and (third == "name" or lists.contains(SCHEDULE, third))
end

return M
