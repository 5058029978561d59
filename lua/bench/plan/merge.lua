---Deep merge of configuration layers, remembering for every key where its value came from.
---@class bench.plan.merge
local M = {}

local json = require "host.json"
local override = require "bench.plan.override"

---A key of the configuration, for hints.
M.EXAMPLE = "decode.replicas"

local function child(path, key)
  local shown = key:find("[.\"]") and '"' .. key .. '"' or key
  return path == "" and shown or path .. "." .. shown
end

---The dotted key of an entry of the map at `path`.
---@param path string "" at the top
---@param key string
---@return string
M.child = child

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

-- Keys that are new stand behind those that are there, in the layer's order: templates walk maps.
local function merge(target, layer, path, origins, origin)
  local order = json.keys(target)
  for _, key in ipairs(json.keys(layer)) do
    local value, here = layer[key], child(path, key)
    local old = rawget(target, key)
    if override.kind_of(old) == "map" and override.kind_of(value) == "map" then
      if next(old) == nil and next(value) ~= nil then origins[here] = nil end  -- now its keys have origins
      merge(old, value, here, origins, origin)
    elseif value ~= json.null then  -- a null leaves what the lower layer says, even if that is nothing
      if type(old) == "table" and next(old) ~= nil then forget_below(origins, here) end
      origins[here] = nil  -- a map has none of its own, its values have
      if old == nil then order[#order + 1] = key end
      json.take(target, key, layer)
      note(origins, here, value, origin)
    end
  end
  json.object(target, order)
end

---Merges `layer` into `target`, in place: maps key by key, everything else replaces; null changes nothing.
---@param target table
---@param layer table
---@param origins table<string, string> dotted key -> where its value came from; updated
---@param origin fun(path: string): string the origin of a key of `layer`
function M.into(target, layer, origins, origin)
  merge(target, layer, "", origins, origin)
end

---Where a key came from: itself, else the first key below it, else what it is part of.
---@param origins table<string, string>
---@param path string
---@return string? origin
function M.origin_at(origins, path)
  if origins[path] then return origins[path] end
  local prefix, below = path .. ".", nil
  for known in pairs(origins) do
    if known:sub(1, #prefix) == prefix and (not below or known < below) then below = known end
  end
  if below then return origins[below] end
  local parent = path:match '^(.*)%."[^"]*"$' or path:match "^(.*)%.[^.]*$"
  return parent and M.origin_at(origins, parent) or nil
end

---Notes the origin of one key that was set by hand.
---@param origins table<string, string>
---@param path string
---@param origin string
function M.note_one(origins, path, origin)
  if origins[path] == nil then forget_below(origins, path) end
  origins[path] = origin
end

---Sets a key that the program itself decides, making the maps on the way to it, and notes its origin.
---@param stack { config: table, origins: table<string, string> }
---@param path string parts separated by dots, no quotes and no indices
---@param value any
---@param origin string
function M.put(stack, path, value, origin)
  local node, last = stack.config, nil
  for part in path:gmatch("[^.]+") do
    if last then
      if override.kind_of(rawget(node, last)) ~= "map" then node[last] = json.object {} end
      node = node[last]
    end
    last = part
  end
  node[last] = value
  M.note_one(stack.origins, path, origin)
end

local function collect(value, path, leaves)
  if override.kind_of(value) ~= "map" or next(value) == nil then
    leaves[path] = value
    return
  end
  for _, key in ipairs(json.keys(value)) do collect(value[key], child(path, key), leaves) end
end

---Every value of a configuration that is not a map with keys, by dotted key.
---@param config table
---@return table<string, any>
function M.leaves(config)
  local leaves = {}
  for _, key in ipairs(json.keys(config)) do collect(config[key], child("", key), leaves) end
  return leaves
end

-- The value at a path whose parts may be indices of lists, from 0.
local function value_at(node, parts)
  for _, part in ipairs(parts) do
    local kind = override.kind_of(node)
    if kind ~= "list" and kind ~= "map" then return nil end
    node = rawget(node, kind == "list" and (tonumber(part) or -1) + 1 or part)
  end
  return node
end

-- Maps that were empty had an origin; now what they hold has.
local function forget_maps(target, parts, origins)
  for depth = 1, #parts do
    local above = { unpack(parts, 1, depth) }
    if override.kind_of(value_at(target, above)) == "map" then origins[override.join_path(above)] = nil end
  end
end

local function parts_below(parts, key)
  local longer = { unpack(parts) }
  longer[#longer + 1] = key
  return longer
end

local function set_whole(target, parts, value, origins, origin, opts)
  local ok, old = override.set(target, parts, value, opts)
  if not ok then return nil, old end
  local path = override.join_path(parts)
  forget_below(origins, path)
  forget_maps(target, parts, origins)
  note(origins, path, value_at(target, parts), function() return origin end)
  return true, old
end

local function is_filled_map(value) return override.kind_of(value) == "map" and next(value) ~= nil end

local function set_parts(target, parts, value, origins, origin, opts)
  if not is_filled_map(value) or override.kind_of(value_at(target, parts)) ~= "map" then
    return set_whole(target, parts, value, origins, origin, opts)
  end
  local inner = {}
  for name, option in pairs(opts or {}) do inner[name] = option end
  inner.raw = nil  -- the text of the whole map
  for _, key in ipairs(json.keys(value)) do
    if value[key] ~= json.null then
      local ok, err = set_parts(target, parts_below(parts, key), value[key], origins, origin, inner)
      if not ok then return nil, err end
    end
  end
  return true
end

---Sets one dotted key and notes its origin. A map with keys is merged into a map that is there, as layers are;
---an empty one empties it.
---@param target table
---@param key string
---@param value any
---@param origins table<string, string>
---@param origin string
---@param opts? table options of `bench.plan.override.set`
---@return boolean? ok
---@return any old_or_err the value before, unless maps were merged; or the error
function M.set(target, key, value, origins, origin, opts)
  local parts, err = override.split_path(key, M.EXAMPLE)
  if not parts then return nil, err end
  return set_parts(target, parts, value, origins, origin, opts)
end

return M
