---Dotted overrides such as `load.stages.0.rate=5`: reading them from text, and setting them in a tree of
---which they must already be part. Indices count from 0, as in the profile files of other tools.
---@class bench.plan.override
local M = {}

local json = require "host.json"
local text = require "host.text"

local function invalid(message, hint)
  return { code = "invalid", message = message, hint = hint }
end

-- A key as workload profiles have them.
M.EXAMPLE = "load.stages.0.rate"

-- Reading

---Splits `a.b."c.d".0` (also `a[0]`) into its parts; parts of digits stay text.
---@param key string
---@param example? string a key, for the hint; one of workload profiles unless given
---@return string[]? parts
---@return bench.Error? err
function M.split_path(key, example)
  local parts, at = {}, 1
  local normal = key:gsub("%[(%d+)%]", ".%1")
  while true do
    local quoted, stop = normal:match('^"([^"]+)"()', at)
    local part = quoted
    if not quoted then part, stop = normal:match('^([^."]+)()', at) end
    if not part then
      return nil, invalid("'" .. key .. "' is not a dotted key", "example: " .. (example or M.EXAMPLE))
    end
    parts[#parts + 1] = part
    if stop > #normal then return parts end
    if normal:sub(stop, stop) ~= "." then
      return nil, invalid("'" .. key .. "' is not a dotted key: '.' expected after '" .. part .. "'")
    end
    at = stop + 1
  end
end

---The dotted form of a path; parts with a dot are quoted.
---@param parts string[]
---@return string
function M.join_path(parts)
  local shown = {}
  for i, part in ipairs(parts) do shown[i] = part:find("[.\"]") and '"' .. part .. '"' or part end
  return table.concat(shown, ".")
end

-- Cuts at commas that stand outside of quotes and brackets.
local function split_items(list)
  local items, depth, quote, start = {}, 0, nil, 1
  for at = 1, #list do
    local c = list:sub(at, at)
    if quote then
      if c == quote then quote = nil end
    elseif c == '"' or c == "'" then
      quote = c
    elseif c == "[" or c == "{" then
      depth = depth + 1
    elseif c == "]" or c == "}" then
      depth = depth - 1
    elseif c == "," and depth <= 0 then
      items[#items + 1] = list:sub(start, at - 1)
      start = at + 1
    end
  end
  if quote then return nil, invalid("a quote is not closed in '" .. list .. "'") end
  items[#items + 1] = list:sub(start)
  return items
end

local WORDS = { ["true"] = true, yes = true, on = true, ["false"] = false, no = false, off = false }

---The value that a word on the command line stands for: true/yes/on, false/no/off, null, a decimal number, a quoted
---string, a `[...]` or `{...}` in YAML's flow style, else the word itself.
---@param word string
---@return any value `json.null` for null
---@return bench.Error? err a bracket that is not YAML
function M.parse_value(word)
  local trimmed = word:match("^%s*(.-)%s*$")
  local first, lower = trimmed:sub(1, 1), trimmed:lower()
  if (first == '"' or first == "'") and #trimmed > 1 and trimmed:sub(-1) == first then
    return trimmed:sub(2, -2)
  end
  if first == "[" or first == "{" then
    local value, err = require("host.yaml").decode(trimmed)
    if err then return nil, invalid("'" .. trimmed .. "' is not YAML: " .. err.message) end
    return value
  end
  if WORDS[lower] ~= nil then return WORDS[lower] end
  if lower == "null" or trimmed == "~" then return json.null end
  if trimmed:match("^[-+]?%d+%.?%d*[eE]?[-+]?%d*$") or trimmed:match("^[-+]?%.%d+[eE]?[-+]?%d*$") then
    return tonumber(trimmed) or trimmed
  end
  return trimmed
end

---Reads `key=value,key=value`. A comma inside quotes or brackets does not separate.
---@param list string
---@param example? string a key, for the hint; one of workload profiles unless given
---@return { key: string, value: any, raw: string }[]? overrides
---@return bench.Error? err
function M.parse_list(list, example)
  local items, err = split_items(list)
  if not items then return nil, err end
  local overrides = {}
  for _, item in ipairs(items) do
    if item:match("%S") then
      local key, raw = item:match("^%s*([^=]-)%s*=(.*)$")
      if not key or key == "" then
        return nil, invalid("'" .. item .. "' is not an override",
          "write KEY=VALUE, for example " .. (example or M.EXAMPLE) .. "=5")
      end
      local value
      value, err = M.parse_value(raw)
      if value == nil and err then return nil, err end
      overrides[#overrides + 1] = { key = key, value = value, raw = raw:match("^%s*(.-)%s*$") }
    end
  end
  return overrides
end

---The overrides of one text or of several, in order.
---@param texts string|string[] each as `parse_list` reads it
---@param example? string a key, for the hint
---@return { key: string, value: any, raw: string }[]? overrides
---@return bench.Error? err
function M.parse_lists(texts, example)
  local all = {}
  for _, list in ipairs(type(texts) == "table" and texts or { texts }) do
    local items, err = M.parse_list(list, example)
    if not items then return nil, err end
    for _, item in ipairs(items) do all[#all + 1] = item end
  end
  return all
end

-- Setting

-- Decoded tables know their kind; of others, those with entries 1..n and the empty one are lists.
local function kind_of(value)
  if value == nil or value == json.null then return "null" end
  if type(value) ~= "table" then return type(value) end
  local marked = getmetatable(value)
  if marked and marked.kind then return marked.kind == "list" and "list" or "map" end
  return (#value > 0 or next(value) == nil) and "list" or "map"
end

local KINDS = { number = "a number", boolean = "true or false", string = "a string", list = "a list",
  map = "a map" }

-- The keys of a map, and those that could be there.
local function names_in(map, parts, depth, known)
  local names, seen = {}, {}
  for _, list in ipairs { json.keys(map), known and known({ unpack(parts, 1, depth - 1) }) or {} } do
    for _, name in ipairs(list) do
      if not seen[name] then
        seen[name], names[#names + 1] = true, name
      end
    end
  end
  return names
end

local function unknown(parts, depth, table_here, could_be)
  local here = M.join_path(parts)
  local known = names_in(table_here, parts, depth, could_be)
  local message = "unknown key '" .. here .. "'"
  local near = text.nearest(parts[depth], known)
  if near then
    local meant = {}
    for i, part in ipairs(parts) do meant[i] = i == depth and near or part end
    return invalid(message .. " (did you mean '" .. M.join_path(meant) .. "'?)")
  end
  local parent = M.join_path({ unpack(parts, 1, depth - 1) })
  return invalid(message, (parent == "" and "the top level" or "'" .. parent .. "'") .. " has: "
    .. table.concat(known, ", "))
end

local function list_position(list, part, parts)
  local index = tonumber(part)
  if not index or index % 1 ~= 0 then
    return nil, invalid("'" .. M.join_path(parts) .. "': a list is addressed by number, not by '" .. part
      .. "'")
  end
  if index < 0 or index >= #list then
    local last = #list == 0 and "the list is empty" or "the last index is " .. (#list - 1)
    return nil, invalid("'" .. M.join_path(parts) .. "': there is no element " .. part .. " (" .. last .. ")")
  end
  return index + 1
end

-- The key under which `part` is found in `node`; nil and an error if it is not there.
local function locate(node, parts, depth, known)
  local kind = kind_of(node)
  local part = parts[depth]
  if kind == "list" then return list_position(node, part, parts) end
  if kind == "map" then
    if rawget(node, part) ~= nil then return part end
    return nil, unknown(parts, depth, node, known)
  end
  local parent = M.join_path({ unpack(parts, 1, depth - 1) })
  return nil, invalid("'" .. M.join_path(parts) .. "': '" .. parent .. "' is " .. (KINDS[kind] or "empty")
    .. ", it has no keys")
end

-- A value of the same kind as the old one, or nil and an error.
local function fit(old, value, raw, parts, strict)
  local was, is = kind_of(old), kind_of(value)
  if was == is or was == "null" or is == "null" or old == "auto" then return value end
  if was == "string" and raw and (is == "number" or is == "boolean") then return raw end
  if not strict then return value end
  return nil, invalid("'" .. M.join_path(parts) .. "' must be " .. KINDS[was] .. ", not '" ..
    (raw or (type(value) == "table" and "a " .. is or tostring(value))) .. "'")
end

---Sets a value in `tree`, in place. Every part of the path must exist already, unless `opts.allows` says
---that the missing key may be added.
---@param tree table
---@param key string|string[] dotted key or its parts
---@param value any
---@param opts? { strict?: boolean, raw?: string, allows?: fun(parts: string[]): boolean,
---  known?: fun(parent: string[]): string[] }
---  strict: a value of another kind than the present one is an error; raw: the value as the user typed it;
---  known: keys that could be in a map although they are not, to suggest them
---@return boolean? ok
---@return any old_or_err the value before, or the error
function M.set(tree, key, value, opts)
  opts = opts or {}
  local parts, err = key, nil
  if type(key) == "string" then parts, err = M.split_path(key) end
  if not parts then return nil, err end
  local node = tree
  local added_in, added_depth  -- the map that got a new part of the path, and which part
  -- A path that leads nowhere leaves nothing behind, and is wrong where it left what there is.
  local function refuse(problem)
    if not added_in then return nil, problem end
    added_in[parts[added_depth]] = nil
    if opts.known then return nil, problem end
    return nil, unknown(parts, added_depth, added_in)
  end
  for depth = 1, #parts - 1 do
    local at
    at, err = locate(node, parts, depth, opts.known)
    if not at and opts.allows and kind_of(node) == "map" and opts.allows({ unpack(parts, 1, depth) }) then
      at = parts[depth]
      node[at] = json.object {}
      if not added_in then added_in, added_depth = node, depth end
    elseif not at then
      return refuse(err)
    end
    node = node[at]
  end
  local at
  at, err = locate(node, parts, #parts, opts.known)
  if not at then
    if not (opts.allows and kind_of(node) == "map" and opts.allows(parts)) then return refuse(err) end
    node[parts[#parts]] = value
    return true, nil
  end
  local old = node[at]
  value, err = fit(old, value, opts.raw, parts, opts.strict)
  if err then return nil, err end
  node[at] = value
  return true, old
end

---@param value any
---@return "null"|"boolean"|"number"|"string"|"list"|"map"
M.kind_of = kind_of

return M
