---Switches that were written as text (`"off"`, `"false"`, `${...}`) or as 0 and 1 become booleans, so that
---templates, which take any text for true, and the phases see the same.
---@class bench.plan.booleans
local M = {}

local json = require "host.json"
local kinds = require "bench.plan.kinds"
local schema_of = require "bench.plan.schema"

local function is_switch(node) return #node.types == 1 and node.types[1].kind == "bool" end

local settle_table

local function settle_members(schema, value, members)
  for _, key in ipairs(json.keys(value)) do
    local node, member = members.fields[key] or members.any, rawget(value, key)
    if node and type(member) == "table" then
      settle_table(schema, member, node)
    elseif node and is_switch(node) then
      local truth = kinds.boolean(member)
      if truth ~= nil then value[key] = truth end
    end
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
  for _, each in pairs(value) do
    if type(each) == "table" then settle_table(schema, each, item) end
  end
end

---Settles all switches of a configuration, in place. What stands for neither true nor false is left alone: the
---check of the types reports it.
---@param config table
function M.settle(config)
  local schema = schema_of.config()
  settle_members(schema, config, schema.root)
end

return M
