---Secrets of a plan. Plan files hold references such as `{{secret:hf_token}}`; the values stay in this process
---and are filled in where something is handed to the cluster.
---@class bench.plan.secrets
local M = {}

local env = require "host.env"
local log = require "host.log"
local text = require "host.text"

---Variables that may hold the hub token, the first one that is set wins.
M.HUB_VARIABLES = { "HF_TOKEN", "LLMDBENCH_HF_TOKEN", "HUGGING_FACE_HUB_TOKEN" }

local PATTERN = "{{secret:([%w_.-]+)}}"
local BASE64 = "_base64$"

local known = {}

---The text that stands for a secret in files.
---@param name string
---@return string
function M.reference(name) return "{{secret:" .. name .. "}}" end

---@param value any
---@return boolean
function M.is_reference(value)
  return type(value) == "string" and value:match("^" .. PATTERN .. "$") ~= nil
end

---Keeps a secret under a name and hides it in everything that is printed.
---@param name string
---@param value string
function M.remember(name, value)
  known[name] = value
  log.secret(value)
end

---The hub token of the environment.
---@return string? value
---@return string? variable
function M.hub_token()
  for _, variable in ipairs(M.HUB_VARIABLES) do
    local value = env.get(variable)
    if value and value ~= "" then return value, variable end
  end
end

---The value of a secret; names that end in `_base64` give the base64 form of the secret without that ending.
---@param name string
---@return string? value
function M.value(name)
  if known[name] then return known[name] end
  if name:find(BASE64) then
    local plain = M.value((name:gsub(BASE64, "")))
    return plain and text.base64_encode(plain)
  end
  return name == "hf_token" and M.hub_token() or nil
end

---Replaces every reference by its value. For text that goes to the cluster, never for files.
---@param content string
---@return string? filled
---@return bench.Error? err `not_found`: a secret that is not known here
function M.fill(content)
  local missing
  local filled = content:gsub(PATTERN, function(name)
    local value = M.value(name)
    if not value then missing = missing or name end
    return value
  end)
  if not missing then return filled end
  return nil, { code = "not_found", message = "the secret '" .. missing .. "' is not known",
    hint = missing:find("^hf_token") and "set HF_TOKEN, or huggingface.token in the scenario" or nil }
end

---The text with a harmless word in place of every reference, for parsers that would stumble over the braces.
---@param content string
---@return string
function M.mask(content)
  return (content:gsub(PATTERN, "secret-%1"))
end

return M
