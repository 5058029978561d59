---Reading a merged configuration: a missing key is an error that says where to add it, never a silent nil.
---@class bench.plan.access
local M = {}

local json = require "host.json"
local override = require "bench.plan.override"
local tree = require "bench.tree"

local function raise_missing(path, key, source)
  local full = path == "" and key or path .. "." .. key
  error({ code = "invalid", key = full,
    message = "the configuration has no '" .. full .. "'",
    hint = "define it in " .. source .. ", or pass --set " .. full .. "=VALUE" }, 2)
end

-- Keeps what the metatable of a data table already says and adds the complaint.
local function guard(map, path, source)
  local kept = getmetatable(map)
  local mt = {}
  for name, value in pairs(kept or {}) do mt[name] = value end
  mt.__index = function(_, key) raise_missing(path, tostring(key), source) end
  setmetatable(map, mt)
end

---Makes every map of `config`, in place, raise when a key is read that it does not have. Use `get` for keys
---that may be absent.
---@param config table
---@param source string the files in which a key would be defined, for the error
---@return table config
function M.strict(config, source)
  local function walk(map, path)
    for _, key in ipairs(json.keys(map)) do
      local value = map[key]
      if override.kind_of(value) == "map" then
        walk(value, path == "" and key or path .. "." .. key)
      end
    end
    guard(map, path, source)
  end
  walk(config, "")
  return config
end

---The value at a dotted path, or `fallback` if it is missing or null.
---@param config table
---@param path string parts separated by dots, no quotes and no indices
---@param fallback any
---@return any
function M.get(config, path, fallback)
  local parts = {}
  for part in path:gmatch("[^.]+") do parts[#parts + 1] = part end
  local value = tree.at(config, unpack(parts))
  if value == nil then return fallback end
  return value
end

return M
