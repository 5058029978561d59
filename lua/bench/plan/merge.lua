---Deep merge of configuration layers, remembering for every key where its value came from.
---@class bench.plan.merge
local M = {}

local json = require "host.json"
local override = require "bench.plan.override"

---A deep copy that keeps the order of keys and the kind of empty tables.
---@param value any
---@return any
function M.copy(value)
  if type(value) ~= "table" then return value end
  if override.kind_of(value) == "list" then
    local list = {}
    for i, item in ipairs(value) do list[i] = M.copy(item) end
    return json.list(list)
  end
  local map = json.object {}
  for _, key in ipairs(json.keys(value)) do map[key] = M.copy(value[key]) end
  return map
end

local function child(path, key)
  local shown = key:find("[.\"]") and '"' .. key .. '"' or key
  return path == "" and shown or path .. "." .. shown
end

-- Notes the origin of every leaf below a value that was taken over whole.
local function note(origins, path, value, origin)
  if override.kind_of(value) ~= "map" or next(value) == nil then
    origins[path] = origin(path)
    return
  end
  for _, key in ipairs(json.keys(value)) do note(origins, child(path, key), value[key], origin) end
end

local function forget_below(origins, path)
  local prefix = path .. "."
  for known in pairs(origins) do
    if known:sub(1, #prefix) == prefix then origins[known] = nil end
  end
end

local function merge(target, layer, path, origins, origin)
  for _, key in ipairs(json.keys(layer)) do
    local value, here = layer[key], child(path, key)
    local old = rawget(target, key)
    local skipped = value == json.null and old ~= nil  -- a null leaves the lower layer's value
    if not skipped and override.kind_of(old) == "map" and override.kind_of(value) == "map" then
      merge(old, value, here, origins, origin)
    elseif not skipped then
      if type(old) == "table" then forget_below(origins, here) end
      target[key] = M.copy(value)
      note(origins, here, value, origin)
    end
  end
end

---Merges `layer` into `target`, in place: maps key by key, everything else replaces; null changes nothing.
---@param target table
---@param layer table
---@param origins table<string, string> dotted key -> where its value came from; updated
---@param origin fun(path: string): string the origin of a key of `layer`
function M.into(target, layer, origins, origin)
  merge(target, layer, "", origins, origin)
end

---Notes the origin of one key that was set by hand.
---@param origins table<string, string>
---@param path string
---@param origin string
function M.note_one(origins, path, origin)
  forget_below(origins, path)
  origins[path] = origin
end

---Sets one dotted key and notes its origin.
---@param target table
---@param key string
---@param value any
---@param origins table<string, string>
---@param origin string
---@param opts? table options of `bench.plan.override.set`
---@return boolean? ok
---@return any old_or_err
function M.set(target, key, value, origins, origin, opts)
  local parts, err = override.split_path(key)
  if not parts then return nil, err end
  local ok, old = override.set(target, parts, value, opts)
  if not ok then return nil, old end
  M.note_one(origins, override.join_path(parts), origin)
  return true, old
end

return M
