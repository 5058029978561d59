---Secrets inside of configurations and profiles: finding them by their names, and writing the rest.
---What name is a secret's is decided by `log.is_secret`.
---@class bench.hidden
local M = {}

local json = require "host.json"
local log = require "host.log"
local schema = require "bench.plan.schema"
local yaml = require "host.yaml"

-- A number that may be a secret, as text: `123456`, not `1e+17`.
local function digits(value)
  return type(value) == "number" and value % 1 == 0 and math.abs(value) < 2 ^ 53 and ("%d"):format(value) or nil
end

local function learn_value(name, value)
  value = digits(value) or value
  if type(value) ~= "string" or not log.is_secret(name, value) then return end
  log.secret(value)
  local bare = value:match "^%a+ (%S+)$"  -- Bearer and Basic
  if bare then log.secret(bare) end
end

-- `--api-key VALUE` and `--api-key=VALUE` among the arguments of a program.
local function learn_argument(list, at)
  local word = list[at]
  if type(word) ~= "string" or word:sub(1, 2) ~= "--" then return end
  local name, value = word:match "^(%-%-[^=]+)=(.*)$"
  if name then return learn_value(name, value) end
  local following = list[at + 1]
  local quantity = type(following) == "string" and following:find "^[%d.]+%a*$"
  if not quantity then learn_value(word, following) end
end

-- Keys that the schema knows are secrets or not as it says, whatever they are called.
local function is_declared(path)
  local node = path and schema.find(path)
  return node ~= nil and node.path ~= nil and node.key ~= "*" and not node.secret
end

local walk

local function walk_entry(tree, key, value, path)
  local here = path and { unpack(path) }
  if here then here[#here + 1] = type(key) == "number" and tostring(key - 1) or key end
  if type(value) == "table" then return walk(value, here) end
  if type(key) == "number" then return learn_argument(tree, key) end
  if not is_declared(here) then learn_value(key, value) end
end

function walk(tree, path)
  for key, value in pairs(tree) do walk_entry(tree, key, value, path) end
  local name, value = rawget(tree, "name"), rawget(tree, "value")  -- a variable of a container
  if type(name) == "string" then learn_value(name, value) end
end

---Hides from now on what looks like a secret in a profile, or in other maps: by the names of keys, by `name` beside
---`value`, and behind arguments such as `--api-key`.
---@param tree any
function M.learn(tree)
  if type(tree) == "table" then walk(tree) end
end

---The same in a configuration, whose schema knows keys such as `vllmCommon.pullSecret` that hold none.
---@param tree any
function M.learn_config(tree)
  if type(tree) == "table" then walk(tree, {}) end
end

-- The parts of a dotted key, without the selector that `--set` allows before it.
local function parts_of(key)
  local plain = key:match '^[^":.]+:(.+)$' or key
  return require("bench.plan.override").split_path(plain) or { plain }
end

---Whether a dotted key, such as those of `--set`, is that of a secret.
---@param key string
---@return boolean
function M.is_secret_key(key)
  local parts = parts_of(key)
  return log.is_secret(parts[#parts]) and not is_declared(parts)
end

---The same in overrides. Their keys may be those of a configuration or of a profile.
---@param items { key: string, value: any }[]
function M.learn_items(items)
  for _, item in ipairs(items) do
    local parts = parts_of(item.key)
    if type(item.value) == "table" then
      walk(item.value, parts)
    elseif not is_declared(parts) then
      learn_value(parts[#parts], item.value)
    end
  end
end

local function blot(tree)
  for key, value in pairs(tree) do
    if type(value) == "table" then
      blot(value)
    elseif type(value) == "string" then
      tree[key] = log.redact(value)
    elseif digits(value) and log.redact(digits(value)) ~= digits(value) then
      tree[key] = log.redact(digits(value))
    end
  end
  return tree
end

---A copy of a value with `***` in place of every known secret. It is done text by text, so that what is written of
---it stays YAML or JSON.
---@param value any
---@return any
function M.copy(value)
  if type(value) == "string" then return log.redact(value) end
  return type(value) == "table" and blot(json.copy(value)) or value
end

---A text of YAML to be kept: as it is, comments and all, unless it holds a secret.
---@param content string
---@return string
function M.yaml(content)
  if log.redact(content) == content then return content end
  local tree = yaml.decode(content)
  return type(tree) == "table" and yaml.encode(blot(tree)) or log.redact(content)
end

return M
