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

-- Shorter ones are placeholders such as `none`, which stand in configurations for something else, too.
local SHORTEST = 8

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

---Keeps a secret under a name and hides it in everything that is printed, unless it is so short that it can be
---no more than a placeholder.
---@param name string
---@param value string
function M.remember(name, value)
  known[name] = value
  if #value >= SHORTEST then log.secret(value) end
end

local function replace_plain(content, wanted, replacement)
  local from = 1
  while true do
    local first, last = content:find(wanted, from, true)
    if not first then return content end
    content = content:sub(1, first - 1) .. replacement .. content:sub(last + 1)
    from = first + #replacement
  end
end

---The text with a reference in place of every secret that is known here.
---@param content string
---@return string
function M.hide(content)
  for name, value in pairs(known) do
    if #value >= SHORTEST and content ~= M.reference(name) then
      content = replace_plain(content, value, M.reference(name))
      content = replace_plain(content, text.base64_encode(value), M.reference(name .. "_base64"))
    end
  end
  return content
end

---The same in all texts of a configuration, in place.
---@param tree table
function M.hide_all(tree)
  for key, value in pairs(tree) do
    if type(value) == "table" then
      M.hide_all(value)
    elseif type(value) == "string" and #value >= SHORTEST then
      tree[key] = M.hide(value)
    end
  end
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
