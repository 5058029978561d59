---JSON Schemas (2020-12) from rows of keys.
---@class bench.schemas.convert
local M = {}

local json = require "host.json"

---@class bench.schemas.Style how a kind of file is written
---@field partial boolean nothing is required, and null leaves a value as it is
---@field lax boolean numbers and booleans may be written as text
---@field token? string pattern of a text that is replaced by a value before the file is read

local NUMBER_TEXT = "^\\s*[-+]?[0-9]*\\.?[0-9]+\\s*$"
local INT_TEXT = "^\\s*[-+]?[0-9]+(\\.0*)?\\s*$"
local BOOL_TEXT = "^([Tt]rue|[Ff]alse|[Yy]es|[Nn]o|[Oo]n|[Oo]ff|1|0)$"
local QUANTITY = "^[-+]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][-+]?[0-9]+)?$"
local NAME = "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"
local DRAFT = "https://json-schema.org/draft/2020-12/schema"

local ORDER = { "$schema", "title", "description", "type", "enum", "const", "pattern", "minimum", "maximum",
  "default", "properties", "additionalProperties", "required", "items", "anyOf", "$ref", "$defs" }

local function object(fields) return json.object(fields or {}, ORDER) end

local alternatives_of, members_of

-- What a value may be, gathered from all alternatives: plain values end in one schema with several types.
local function gather() return { types = {}, patterns = {}, others = {} } end

local function add_type(into, name)
  for _, known in ipairs(into.types) do
    if known == name then return end
  end
  into.types[#into.types + 1] = name
end

local function add_text(into, pattern)
  add_type(into, "string")
  if pattern then into.patterns[#into.patterns + 1] = pattern else into.any_text = true end
end

local function add_number(into, kind, style)
  add_type(into, kind.kind == "int" and "integer" or "number")
  into.min, into.max = kind.min, kind.max
  if style.lax then add_text(into, kind.kind == "int" and INT_TEXT or NUMBER_TEXT) end
end

local function add_bool(into, _, style)
  add_type(into, "boolean")
  if not style.lax then return end
  add_type(into, "integer")
  into.min, into.max = 0, 1
  add_text(into, BOOL_TEXT)
end

local function add_other(into, schema) into.others[#into.others + 1] = schema end

local function add_list(into, kind, style)
  add_other(into, object { type = "array", items = kind.of and alternatives_of(kind.of, style) or nil })
end

local function add_map(into, kind, style)
  local values = kind.of and alternatives_of(kind.of, style) or nil
  add_other(into, object { type = "object", additionalProperties = values })
end

-- Only what has a meaning in patterns: more is not allowed in strict ones.
local function escaped(word) return (word:gsub("[%^%$\\%.%*%+%?%(%)%[%]{}|/]", "\\%0")) end

local GATHER = {
  text = function(into) add_text(into) end,
  name = function(into) add_text(into, NAME) end,
  scalar = function(into)
    add_text(into)
    add_type(into, "number")
    add_type(into, "boolean")
  end,
  word = function(into, kind) add_text(into, "^" .. escaped(kind.word) .. "$") end,
  quantity = function(into)
    add_type(into, "number")
    add_text(into, QUANTITY)
  end,
  bool = add_bool,
  int = add_number,
  number = add_number,
  list = add_list,
  map = add_map,
  shape = function(into, kind) add_other(into, object { ["$ref"] = "#/$defs/" .. kind.name:sub(2) }) end,
  section = function(into, kind, style, node) add_other(into, members_of(node, kind.open, style)) end,
}

-- Only words: an enumeration, which editors complete.
local function words_of(types)
  local words = {}
  for i, kind in ipairs(types) do
    if kind.kind ~= "word" then return nil end
    words[i] = kind.word
  end
  return words
end

local function plain_schema(into)
  local types = #into.types == 1 and into.types[1] or json.list(into.types)
  local schema = object { type = types, minimum = into.min, maximum = into.max }
  if not into.any_text and #into.patterns > 0 then schema.pattern = table.concat(into.patterns, "|") end
  return schema
end

local function combine(into)
  if #into.others == 0 then return plain_schema(into) end
  local only = into.others[1]
  if #into.others == 1 and type(only.type) == "string" and #into.types <= 1 and into.types[1] ~= "string" then
    if into.types[1] then only.type = json.list { only.type, into.types[1] } end
    return only
  end
  if #into.types > 0 then table.insert(into.others, 1, plain_schema(into)) end
  return #into.others == 1 and into.others[1] or object { anyOf = json.list(into.others) }
end

function alternatives_of(types, style, node, optional)
  local may_be_null = optional or style.partial
  local words = words_of(types)
  if words and not style.token then
    if may_be_null then words[#words + 1] = json.null end
    return object { enum = json.list(words) }
  end
  local into = gather()
  for _, kind in ipairs(types) do
    if kind.kind == "any" then return object {} end
    GATHER[kind.kind](into, kind, style, node)
  end
  if style.token and #into.types > 0 then add_text(into, style.token) end
  if may_be_null then add_type(into, "null") end
  return combine(into)
end

local function field_of(node, style)
  local schema = alternatives_of(node.types, style, node, node.optional)
  schema.description = node.doc ~= "" and node.doc or nil
  return schema
end

local function required_of(node)
  local names = {}
  for _, key in ipairs(node.order) do
    if not node.fields[key].optional then names[#names + 1] = key end
  end
  return #names > 0 and json.list(names) or nil
end

function members_of(node, open, style)
  local properties = json.object({}, node.order)
  for _, key in ipairs(node.order) do properties[key] = field_of(node.fields[key], style) end
  local others = open and true or false
  if node.any then others = field_of(node.any, style) end
  return object { type = "object", properties = properties, additionalProperties = others,
    required = not style.partial and required_of(node) or nil }
end

---The schema of the top level of a file.
---@param schema { root: table, shapes: table<string, table> } from `bench.plan.schema`
---@param style bench.schemas.Style
---@return table
function M.root(schema, style)
  return members_of(schema.root, false, style)
end

---The shapes, for `$defs`.
---@param schema { shapes: table<string, table> }
---@param style bench.schemas.Style
---@param into? table `$defs` to add to
---@return table
function M.definitions(schema, style, into)
  local names = {}
  for name in pairs(schema.shapes) do names[#names + 1] = name end
  table.sort(names)
  into = into or json.object {}
  for _, name in ipairs(names) do
    local shape = schema.shapes[name]
    into[name:sub(2)] = members_of(shape, shape.types[1].open, style)
    into[name:sub(2)].description = shape.doc
  end
  return into
end

---@param title string
---@param body table becomes the document
---@return string text
function M.document(title, body)
  body["$schema"], body.title = DRAFT, title
  return json.encode(body, { indent = 1 }) .. "\n"
end

M.object = object

return M
