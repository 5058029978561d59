---What the plan phase leaves in a workspace: the rendered specification and each stack's configuration.
---@class bench.plan.files
local M = {}

local json = require "host.json"
local log = require "host.log"
local spec = require "bench.spec"
local yaml = require "host.yaml"

local SECRET_VALUES = { "token", "tokenBase64" }

-- A copy in which the hub token is a reference.
local function without_secrets(config)
  local copy = json.decode(json.encode(config))
  local hub = copy.huggingface
  if type(hub) ~= "table" then return copy end
  for _, key in ipairs(SECRET_VALUES) do
    local value = rawget(hub, key)
    if type(value) == "string" and value ~= "" then hub[key] = "{{secret:hf_" .. key:lower() .. "}}" end
  end
  return copy
end

local function origins_text(stack)
  local keys = {}
  for key in pairs(stack.origins) do keys[#keys + 1] = key end
  table.sort(keys)
  local lines = {}
  for i, key in ipairs(keys) do lines[i] = yaml.encode({ [key] = stack.origins[key] }, { width = 0 }) end
  return table.concat(lines)
end

---Writes `plan/<spec>.yaml`, `plan/<stack>/config.yaml` and `plan/<stack>/origins.yaml` (where every value
---came
---from).
---@param built bench.Plan
---@param place bench.Workspace
---@return boolean? ok
---@return bench.Error? err
function M.write(built, place)
  if built.spec then
    local ok, err = place:write("plan/" .. spec.stored_name(built.spec.path), built.spec.text .. "\n")
    if not ok then return nil, err end
  end
  for _, stack in ipairs(built.stacks) do
    local folder = "plan/" .. stack.name .. "/"
    local config = log.redact(yaml.encode(without_secrets(stack.config), { sort_keys = true }))
    local ok, err = place:write(folder .. "config.yaml", config)
    if ok then ok, err = place:write(folder .. "origins.yaml", origins_text(stack)) end
    if not ok then return nil, err end
  end
  return true
end

return M
