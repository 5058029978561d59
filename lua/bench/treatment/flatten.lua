-- Maps with dotted keys and nested maps, as one list of overrides.
local json = require "host.json"
local lists = require "bench.lists"
local override = require "bench.plan.override"

local M = {}

local function is_parent(short, long)
  return long:sub(1, #short + 1) == short .. "."
end

-- A key given twice, or as a value and as a map.
local function conflict(found, key)
  for known, origin in pairs(found) do
    if known == key then return "'" .. key .. "' is set twice (also at " .. origin .. ")" end
    if is_parent(known, key) or is_parent(key, known) then
      return "'" .. key .. "' and '" .. known .. "' (" .. origin
        .. ") contradict each other: a key is a value or a map"
    end
  end
end

local function walk(source, map, path, skipped, prefix, found, overrides)
  for _, key in ipairs(json.keys(map)) do
    if not skipped[key] then
      local value, full, here = map[key], prefix == "" and key or prefix .. "." .. key,
        lists.extend(path, key)
      local err
      if override.kind_of(value) == "map" and next(value) ~= nil then
        err = walk(source, value, here, {}, full, found, overrides)
      else
        local origin = source.at(unpack(here))
        local parts, problem = override.split_path(full)
        local message = parts and conflict(found, override.join_path(parts)) or problem and problem.message
        if message then return { code = "invalid", message = origin .. ": " .. message } end
        local normal = override.join_path(parts)
        found[normal] = origin
        overrides[#overrides + 1] = { key = normal, value = value, origin = origin }
      end
      if err then return err end
    end
  end
end

---The overrides that a map of a file stands for, in its order, each with the place where it was written.
---@param source bench.treatment.Source
---@param map table
---@param path (string|integer)[] of the map in the file
---@param skipped? table<string, true> keys that are none
---@return bench.doe.Override[]? overrides
---@return bench.Error? err
function M.overrides(source, map, path, skipped)
  local overrides = {}
  local err = walk(source, map, path, skipped or {}, "", {}, overrides)
  if err then return nil, err end
  return overrides
end

return M
