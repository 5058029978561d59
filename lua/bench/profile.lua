---Workload profiles: our own format, and inference-perf's, as stages of load.
---@class bench.profile
local M = {}

local fields = require "bench.profile.fields"
local hidden = require "bench.hidden"
local load = require "host.load"
local text = require "host.text"
local user_yaml = require "bench.plan.user_yaml"

---@class bench.profile.Plan
---@field stages table[] stage tables for `host.load`
---@field interval_s number pause between stages
---@field seed integer from which the stages' seeds come
---@field notes string[] what the reader of the results should know
---@field shared_ratio? number share of prompt tokens that repeat earlier ones; nil if unknown
---@field wants_words boolean prompts are random text: their lengths are exact only with calibrated words

---@class bench.profile.Opts
---@field file string name used in messages
---@field endpoint? { url: string, model: string, token?: string, ca_file?: string, insecure?: boolean } used where the profile names none
---@field id? string of the run: gives other seeds to other runs
---@field repetition? integer
---@field seed? integer instead of the profile's

local FORMATS = { stages = "native", load = "inference_perf" }

---Which format a profile has.
---@param tree table
---@return "native"|"inference_perf"|nil
function M.format(tree)
  for field, format in pairs(FORMATS) do
    if type(tree) == "table" and tree[field] ~= nil then return format end
  end
end

local function digest(id) return id and tonumber(text.sha256(id):sub(1, 8), 16) or 0 end

-- Seeds of stages: distinct for each stage, run and repetition, so that no prefix cache knows a prompt.
local function give_seeds(plan, opts)
  local run = digest(opts.id) + (opts.repetition or 0)
  for i, stage in ipairs(plan.stages) do
    stage.seed = plan.fixed_seeds and plan.seed or load.derive_seed(plan.seed, i, run)
    if plan.continues_prompts then stage.data.seed = load.derive_seed(plan.seed, 0, run) end
  end
end

-- The run's endpoint wins over nothing, and must not contradict the profile.
local function one_of(what, mine, theirs, file)
  if mine and theirs and mine:gsub("/+$", "") ~= theirs:gsub("/+$", "") then
    local why = ("names the %s %s, but the run is for %s"):format(what, mine, theirs)
    fields.refuse(file .. ":", why,
      "remove it from the profile, or use a REPLACE_ENV_ token there")
  end
  return mine or theirs
end

-- Do the headers of a profile say who we are?
local function authorizes(headers)
  for name in pairs(headers or {}) do
    if name:lower() == "authorization" then return true end
  end
  return false
end

local function give_target(plan, opts)
  local endpoint = opts.endpoint or {}
  local url = one_of("server", plan.url, endpoint.url, opts.file)
  local model = one_of("model", plan.model, endpoint.model, opts.file)
  local place = opts.file .. ":"
  if not url then fields.refuse(place, "names no server, and the run gives none", "pass --endpoint-url") end
  if not model then fields.refuse(place, "names no model, and the run gives none", "pass --model") end
  for _, stage in ipairs(plan.stages) do
    stage.url, stage.model = url, model
    stage.token = plan.token or (not authorizes(stage.headers) and endpoint.token or nil)
    stage.ca_file = stage.ca_file or endpoint.ca_file
    if stage.insecure == nil then stage.insecure = endpoint.insecure end
  end
end

local function check_stages(plan, opts)
  for i, stage in ipairs(plan.stages) do
    local ok, err = load.check(stage, ("%s: stage %d"):format(opts.file, i - 1))
    if not ok then
      err.field = err.message:match "^%S+"
      error(err, 0)
    end
  end
end

local function build(tree, opts)
  local format = M.format(tree)
  if not format then
    fields.refuse(opts.file .. ":", "is no profile",
      "a native profile has `stages`, an inference-perf profile has `load`")
  end
  local plan = require("bench.profile." .. format).read(tree, opts.file)
  plan.seed = opts.seed or plan.seed or load.fresh_seed()
  give_seeds(plan, opts)
  give_target(plan, opts)
  check_stages(plan, opts)
  return plan
end

---Turns a profile into stages. A field that cannot be honoured is an error that names it.
---@param tree table the profile, its tokens filled in
---@param opts bench.profile.Opts
---@return bench.profile.Plan? plan
---@return bench.Error? err `invalid`
function M.plan(tree, opts)
  hidden.learn(tree)
  return fields.guard(build, tree, opts)
end

---Parses a rendered profile and turns it into stages.
---@param source string
---@param opts bench.profile.Opts
---@return bench.profile.Plan? plan
---@return bench.Error? err `invalid`
function M.parse(source, opts)
  local warnings = {}
  local tree, err = user_yaml.decode(source, { file = opts.file, warnings = warnings })
  if err then return nil, err end
  local token = source:match "REPLACE_ENV_[%w_]+"
  if token then
    return nil, { code = "invalid", message = opts.file .. ": " .. token .. " was not replaced by a value" }
  end
  local plan
  plan, err = M.plan(tree, opts)
  if not plan then return nil, err end
  plan.notes = plan.notes or {}
  for _, warning in ipairs(warnings) do table.insert(plan.notes, warning) end
  return plan
end

---May a treatment add this key although the profile leaves it out?
---@param parts string[] the segments of the key
---@return boolean
function M.allows(parts)
  return require("bench.profile.native").knows(parts) or require("bench.profile.inference_perf").knows(parts)
end

---May a treatment set a number where the profile has a map, or a map where it has a number?
---@param parts string[] the segments of the key
---@return boolean
function M.is_length(parts) return require("bench.profile.native").is_length(parts) end

return M
