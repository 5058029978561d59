---Every key that a configuration can have: its type, and what it means. The rows are in `bench.plan.keys.*`;
---defaults are not repeated here, they are those of config/templates/values/defaults.yaml.
---@class bench.plan.schema
local M = {}

local kinds = require "bench.plan.kinds"
local override = require "bench.plan.override"

---@class bench.plan.schema.Node
---@field key string its name in the section; `*` for names of the user's own
---@field path string dotted
---@field doc string
---@field types bench.plan.Kind[]
---@field optional boolean may be missing or null
---@field secret boolean? its value is never shown
---@field fields table<string, bench.plan.schema.Node>
---@field order string[] keys of `fields`, as listed
---@field any bench.plan.schema.Node? what keys of the user's own hold

local GROUPS = { "shapes", "model", "roles", "routing", "cluster", "measuring" }

local function new_node(key, path)
  return { key = key, path = path, doc = "", types = {}, optional = true, fields = {}, order = {} }
end

local function child_of(parent, key, path)
  if key == "*" then
    parent.any = parent.any or new_node(key, path)
    return parent.any
  end
  if not parent.fields[key] then
    parent.fields[key] = new_node(key, path)
    parent.order[#parent.order + 1] = key
  end
  return parent.fields[key]
end

local function add_row(root, shapes, row)
  local node, path = root, nil
  for part in row[1]:gmatch "[^.]+" do
    path = path and path .. "." .. part or part
    if part:sub(1, 1) == "#" then
      shapes[part] = shapes[part] or new_node(part, part)
      node = shapes[part]
    else
      node = child_of(node, part, path)
    end
  end
  node.doc, node.secret = row[3], row.secret
  node.types, node.optional = kinds.parse(row[2])
end

---A schema from rows `{ dotted key, type, meaning }`. A key that begins with `#` describes a shape.
---@param rows table[]
---@return { root: bench.plan.schema.Node, shapes: table<string, bench.plan.schema.Node> }
function M.from_rows(rows)
  local built = { root = new_node("", ""), shapes = {} }
  built.root.types = { { kind = "section" } }
  for _, row in ipairs(rows) do add_row(built.root, built.shapes, row) end
  return built
end

local config

---The schema of a stack's configuration.
---@return { root: bench.plan.schema.Node, shapes: table<string, bench.plan.schema.Node> }
function M.config()
  if config then return config end
  local rows = {}
  for _, group in ipairs(GROUPS) do
    for _, row in ipairs(require("bench.plan.keys." .. group)) do rows[#rows + 1] = row end
  end
  config = M.from_rows(rows)
  return config
end

---The node that says which keys a value of this type has: the shape's, or the node itself.
---@param schema { shapes: table }
---@param node bench.plan.schema.Node
---@param kind bench.plan.Kind the alternative in question
---@return bench.plan.schema.Node
function M.members(schema, node, kind)
  return kind.kind == "shape" and schema.shapes[kind.name] or node
end

-- Looking keys up. A place is a node, or the alternatives of a list's items or a map's values.

local function as_place(types)
  return { types = types, fields = {}, order = {}, optional = true }
end

local function step_into(schema, place, kind, part)
  if kind.kind == "any" then return as_place { { kind = "any" } } end
  if kind.kind == "list" then
    if not part:match "^%d+$" then return nil end
    return as_place(kind.of or { { kind = "any" } })
  end
  if kind.kind == "map" then return as_place(kind.of or { { kind = "any" } }) end
  if kind.kind ~= "section" and kind.kind ~= "shape" then return nil end
  local members = M.members(schema, place, kind)
  local found = members.fields[part] or members.any
  if found then return found end
  local open = kind.open or (kind.kind == "shape" and members.types[1].open)
  return open and as_place { { kind = "any" } } or nil
end

---Does the meaning of a key say that nothing reads it? With what to set instead, if there is something.
---@param node bench.plan.schema.Node
---@return boolean unused
---@return string? instead
function M.is_unused(node)
  local instead = (node.doc or ""):match "^Not used: (.+)%.$"
  return instead ~= nil or node.doc == "Not used.", instead
end

---What the schema says about a key; nil if it does not know it.
---@param parts string[] indices of lists are digits
---@return bench.plan.schema.Node?
function M.find(parts)
  local schema = M.config()
  local place = schema.root
  for _, part in ipairs(parts) do
    local found
    for _, kind in ipairs(place.types) do
      found = found or step_into(schema, place, kind, part)
    end
    if not found then return nil end
    place = found
  end
  return place
end

---The keys that the schema knows in a map.
---@param parts string[] the map's own key
---@return string[] names empty if there are none, or the schema does not know the map
function M.names(parts)
  local place = M.find(parts)
  for _, kind in ipairs(place and place.types or {}) do
    if kind.kind == "section" or kind.kind == "shape" then return M.members(M.config(), place, kind).order end
  end
  return {}
end

local function holds_nothing(tree, parts, count)
  local node = tree
  for depth = 1, count do
    if type(node) ~= "table" then return false end
    node = rawget(node, parts[depth])
  end
  return type(node) == "table" and override.kind_of(node) ~= "string" and next(node) == nil
end

---May an override add this key to `tree`, which does not have it yet? True for keys of the schema, and below
---empty maps that the schema does not know.
---@param tree table the configuration before the override
---@param parts string[]
---@return boolean
function M.allows(tree, parts)
  if M.find(parts) then return true end
  local parent = { unpack(parts, 1, #parts - 1) }
  return #parent > 0 and not M.find(parent) and holds_nothing(tree, parts, #parent)
end

return M
