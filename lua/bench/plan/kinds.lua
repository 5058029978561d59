---The types that keys of the configuration can have, written as text: `int>=0`, `number 0..1?`,
---`text | list of text`, `list of ("a" | "b")`, `map of scalar`, `#probe`, `"auto"`. A `?` at the end: may be missing or
---null.
---@class bench.plan.kinds
local M = {}

local json = require "host.json"
local override = require "bench.plan.override"

---@class bench.plan.Kind one alternative of a type
---@field kind string text, name (of a Kubernetes namespace), bool, int, number, quantity, scalar, any, word, list, map, section or shape
---@field min? number
---@field max? number
---@field of? bench.plan.Kind[] of a list's items, of a map's values
---@field open? boolean a section that may have keys of the user's own
---@field name? string of a shape
---@field word? string

local BOOL_WORDS = { ["true"] = true, ["false"] = false, yes = true, no = false, on = true, off = false,
  ["1"] = true, ["0"] = false }
local SIMPLE = { text = true, name = true, bool = true, quantity = true, scalar = true, any = true, list = true, map = true,
  section = true }

-- Reading types

local parse_alternatives

local function with_range(kind, rest)
  local low, high = rest:match "^%s*(-?[%d.]+)%.%.(-?[%d.]+)$"
  if low then return { kind = kind, min = tonumber(low), max = tonumber(high) } end
  return { kind = kind, min = tonumber(rest:match "^%s*>=%s*(-?[%d.]+)$") }
end

local function parse_one(text)
  local word = text:match '^"(.*)"$'
  if word then return { kind = "word", word = word } end
  if text:sub(1, 1) == "#" then return { kind = "shape", name = text } end
  local container, of = text:match "^(%l+) of (.+)$"
  if container then return { kind = container, of = parse_alternatives(of:match "^%((.*)%)$" or of) } end
  if text == "open section" then return { kind = "section", open = true } end
  local number, rest = text:match "^(int)(.*)$"
  if not number then number, rest = text:match "^(number)(.*)$" end
  if number then return with_range(number, rest) end
  if not SIMPLE[text] then error("unknown type '" .. text .. "'") end
  return { kind = text }
end

-- What stands in parentheses belongs together.
local function hide_inner(text)
  return (text:gsub("%b()", function(inner) return (inner:gsub(" | ", " \1 ")) end))
end

function parse_alternatives(text)
  local alternatives = {}
  for part in (hide_inner(text) .. " | "):gmatch "(.-) | " do
    alternatives[#alternatives + 1] = parse_one((part:gsub(" \1 ", " | ")))
  end
  return alternatives
end

local parsed = {}

---What a type written as text means. Equal texts give the same table, which nobody may change.
---@param text string
---@return bench.plan.Kind[] alternatives
---@return boolean optional
function M.parse(text)
  local bare = text:match "^(.*)%?$"
  local key = bare or text
  parsed[key] = parsed[key] or parse_alternatives(key)
  return parsed[key], bare ~= nil
end

-- Checking values. Numbers and booleans may be written as text, as the command line and `${...}` give them;
-- text must be text.

local function number_of(value)
  if type(value) == "number" then return value end
  if type(value) ~= "string" or not value:match "^%s*[-+]?%.?%d" or value:find "[xX]" then return nil end
  return tonumber(value)
end

---The number that a plain decimal text such as `90`, `-1` or `0.95` stands for; nil for other texts, for those with
---leading zeros, and for whole numbers of which not all digits would be kept.
---@param text string
---@return number?
function M.plain_number(text)
  local whole, rest = text:match "^[-+]?(%d+)(.*)$"
  if not whole or (#whole > 1 and whole:sub(1, 1) == "0") or not (rest == "" or rest:match "^%.%d+$") then return nil end
  if #whole > 15 then return nil end
  return tonumber(text)
end

local function in_range(kind, number)
  return (not kind.min or number >= kind.min) and (not kind.max or number <= kind.max)
end

local function is_quantity(value)
  if type(value) == "number" then return true end
  if type(value) ~= "string" then return false end
  local unit = value:match "^[-+]?%d+%.?%d*(.*)$" or value:match "^[-+]?%.%d+(.*)$"
  return unit ~= nil and (unit == "" or unit:match "^[KMGTPE]i$" ~= nil or unit:match "^[numkMGTPE]$" ~= nil
    or unit:match "^[eE][-+]?%d+$" ~= nil)
end

local function is_name(value)
  return type(value) == "string" and #value <= 63 and value:match "^[a-z0-9][-a-z0-9]*$" ~= nil and value:sub(-1) ~= "-"
end

local function is_scalar(value)
  return type(value) == "string" or type(value) == "number" or type(value) == "boolean"
end

---The truth value that a plain value stands for: itself, `yes`/`no`, `on`/`off`, `true`/`false` as text, 1 and 0.
---@param value any
---@return boolean? truth nil if it stands for none
function M.boolean(value)
  if type(value) == "boolean" then return value end
  if value == 0 or value == 1 then return value == 1 end
  if type(value) == "string" then return BOOL_WORDS[value:lower()] end
end

local ACCEPTS = {
  text = function(_, value) return type(value) == "string" end,
  name = function(_, value) return is_name(value) end,
  scalar = function(_, value) return is_scalar(value) end,
  any = function() return true end,
  word = function(kind, value) return value == kind.word end,
  quantity = function(_, value) return is_quantity(value) end,
  bool = function(_, value) return M.boolean(value) ~= nil end,
  int = function(kind, value)
    local number = number_of(value)
    return number ~= nil and number % 1 == 0 and in_range(kind, number)
  end,
  number = function(kind, value)
    local number = number_of(value)
    return number ~= nil and in_range(kind, number)
  end,
}

---Does a plain value fit an alternative? Containers never do: see `for_container`.
---@param kind bench.plan.Kind
---@param value any
---@return boolean
function M.accepts(kind, value)
  local accepts = ACCEPTS[kind.kind]
  return accepts ~= nil and (accepts(kind, value) and true or false)
end

---The alternative that a list or map belongs to, or nil.
---@param alternatives bench.plan.Kind[]
---@param value table
---@return bench.plan.Kind?
function M.for_container(alternatives, value)
  local is = override.kind_of(value)
  local empty = next(value) == nil
  for _, kind in ipairs(alternatives) do
    local wants = kind.kind == "list" and "list" or "map"
    local container = kind.kind == "list" or kind.kind == "map" or kind.kind == "section"
      or kind.kind == "shape"
    if kind.kind == "any" or (container and (wants == is or (empty and is == "list"
      and getmetatable(value) == nil))) then return kind end
  end
end

-- Describing types and values

local NAMES = { text = "text", name = "a name of lower-case letters, digits and '-'", bool = "true or false",
  quantity = "an amount such as 4, 500m or 40Gi",
  scalar = "a plain value", any = "anything", list = "a list", map = "a map", section = "a map",
  shape = "a map" }

local function range_words(kind, noun)
  if kind.max then return ("%s from %g to %g"):format(noun, kind.min, kind.max) end
  if kind.min then return ("%s of at least %g"):format(noun, kind.min) end
  return noun
end

local function describe_words(kinds)
  local words = {}
  for i, kind in ipairs(kinds) do words[i] = "'" .. kind.word .. "'" end
  return "a list of " .. table.concat(words, ", ")
end

local function describe_one(kind)
  if kind.kind == "word" then return kind.word == "" and "empty" or "'" .. kind.word .. "'" end
  if kind.kind == "int" then return range_words(kind, "a whole number") end
  if kind.kind == "number" then return range_words(kind, "a number") end
  if kind.kind == "list" and kind.of and kind.of[1].kind == "word" then return describe_words(kind.of) end
  if kind.kind == "list" and kind.of and kind.of[1].kind ~= "any" then
    local plural = { text = "texts", map = "maps", shape = "maps", scalar = "plain values" }
    return "a list of " .. (plural[kind.of[1].kind] or "values")
  end
  if kind.kind == "map" and kind.of then
    local plural = { text = "texts", scalar = "plain values", map = "maps" }
    return "a map of " .. (plural[kind.of[1].kind] or "values")
  end
  return NAMES[kind.kind]
end

---What a type allows, in words: `a whole number of at least 0 or 'auto'`.
---@param alternatives bench.plan.Kind[]
---@return string
function M.describe(alternatives)
  local words = {}
  for i, kind in ipairs(alternatives) do words[i] = describe_one(kind) end
  return table.concat(words, " or ")
end

---A value as messages show it.
---@param value any
---@return string
function M.show(value)
  local kind = override.kind_of(value)
  if kind == "list" or kind == "map" then return "a " .. kind end
  if value == nil or value == json.null then return "null" end
  if kind == "string" then return "the text '" .. (#value > 60 and value:sub(1, 57) .. "..." or value) .. "'" end
  if kind == "number" then return ("%.14g"):format(value) end
  return tostring(value)
end

return M
