---Values written as text become what their keys hold: switches (`"off"`, `"false"`, `${...}`, also 0 and 1) booleans,
---plain decimal numbers (`"90"`) numbers. Templates take any text for true and print texts in quotes.
---@class bench.plan.settle
local M = {}

local json = require "host.json"
local kinds = require "bench.plan.kinds"
local schema_of = require "bench.plan.schema"

local function is_switch(node) return #node.types == 1 and node.types[1].kind == "bool" end

-- The number that a text stands for, if the key holds numbers first of all: `int | text`, not `text | int`.
local function number_in(node, text)
  local number = kinds.plain_number(text)
  if not number then return nil end
  for _, kind in ipairs(node.types) do
    local numeric = kind.kind == "int" or kind.kind == "number"
    if kinds.accepts(kind, numeric and number or text) then return numeric and number or nil end
  end
end

-- What a plain value becomes; nil if it stays.
local function settled(node, value)
  if is_switch(node) then return kinds.boolean(value) end
  if type(value) == "string" then return number_in(node, value) end
end

local settle_table

local function settle_one(schema, holder, key, node)
  local value = rawget(holder, key)
  if type(value) == "table" then return settle_table(schema, value, node) end
  local better = settled(node, value)
  if better ~= nil then holder[key] = better end
end

local function settle_members(schema, value, members)
  for _, key in ipairs(json.keys(value)) do
    local node = members.fields[key] or members.any
    if node then settle_one(schema, value, key, node) end
  end
end

function settle_table(schema, value, node)
  local kind = kinds.for_container(node.types, value)
  if not kind or kind.kind == "any" then return end
  if kind.kind ~= "list" and kind.kind ~= "map" then
    return settle_members(schema, value, schema_of.members(schema, node, kind))
  end
  if not kind.of then return end
  local item = { types = kind.of, fields = {}, order = {} }
  local keys = {}
  for key in pairs(value) do keys[#keys + 1] = key end
  for _, key in ipairs(keys) do settle_one(schema, value, key, item) end
end

---Settles a configuration, in place. What fits no type of its key is left alone: the check of the types reports it.
---@param config table
function M.config(config)
  local schema = schema_of.config()
  settle_members(schema, config, schema.root)
end

return M
