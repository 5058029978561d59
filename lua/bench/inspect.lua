---Turns any value into readable text: one line for messages, a YAML-like block for people.
---@class bench.inspect
local M = {}

local DEEPEST = 12

---The keys of a table in a stable order: remembered ones of decoded objects first, then numbers, then
---names alphabetically, then anything else.
---@param value table
---@return any[] keys
function M.keys(value)
  local keys, seen = {}, {}
  local meta = getmetatable(value)
  local remembered = type(meta) == "table" and rawget(meta, "kind") == "object" and rawget(meta, "keys") or {}
  for _, key in ipairs(remembered) do
    if rawget(value, key) ~= nil then
      keys[#keys + 1], seen[key] = key, true
    end
  end
  local rest = {}
  for key in next, value do
    if not seen[key] then rest[#rest + 1] = key end
  end
  local rank = { number = 1, string = 2 }
  table.sort(rest, function(a, b)
    local left, right = rank[type(a)] or 3, rank[type(b)] or 3
    if left ~= right then return left < right end
    if left == 3 then return tostring(a) < tostring(b) end
    return a < b
  end)
  for _, key in ipairs(rest) do keys[#keys + 1] = key end
  return keys
end

---True if the table has exactly the keys 1..n; an empty one counts unless it is a decoded object.
---@param value table
---@return boolean
function M.is_list(value)
  local count = 0
  for _ in next, value do count = count + 1 end
  if count == 0 then
    local meta = getmetatable(value)
    return not (type(meta) == "table" and rawget(meta, "kind") == "object")
  end
  for i = 1, count do
    if rawget(value, i) == nil then return false end
  end
  return true
end

---A number as Lua would read it back; whole numbers without a fraction.
---@param number number
---@return string
function M.number(number)
  if number ~= number then return "nan" end
  if number == math.huge then return "inf" end
  if number == -math.huge then return "-inf" end
  if number == math.floor(number) and math.abs(number) < 2 ^ 53 then return ("%d"):format(number) end
  for digits = 15, 17 do
    local text = ("%." .. digits .. "g"):format(number)
    if tonumber(text) == number then return text end
  end
  return tostring(number)
end

local function quote(text)
  return (("%q"):format(text):gsub("\\\n", "\\n"):gsub("\r", "\\r"):gsub("%z", "\\0"))
end

local function is_null(value)
  return type(value) == "userdata" and tostring(value):find("NULL", 1, true) ~= nil
end

---Text for a value that is not a table.
local function scalar(value)
  local kind = type(value)
  if kind == "string" then return quote(value) end
  if kind == "number" then return M.number(value) end
  if is_null(value) then return "null" end
  return tostring(value)
end

local line

local function line_key(key)
  if type(key) == "string" and key:match("^[%a_][%w_]*$") then return key end
  return "[" .. line(key, {}, 0) .. "]"
end

function line(value, above, depth)
  if type(value) ~= "table" then return scalar(value) end
  if above[value] then return "<cycle>" end
  if depth > DEEPEST then return "{...}" end
  above[value] = true
  local parts = {}
  if M.is_list(value) then
    for _, item in ipairs(value) do parts[#parts + 1] = line(item, above, depth + 1) end
  else
    for _, key in ipairs(M.keys(value)) do
      parts[#parts + 1] = line_key(key) .. " = " .. line(rawget(value, key), above, depth + 1)
    end
  end
  above[value] = nil
  return #parts == 0 and "{}" or "{ " .. table.concat(parts, ", ") .. " }"
end

---One line that reads like a Lua literal.
---@param value any
---@param limit? integer Longest result in bytes; the rest is replaced by `...`
---@return string
function M.line(value, limit)
  local text = line(value, {}, 0)
  if limit and #text > limit then text = text:sub(1, math.max(limit - 3, 0)) .. "..." end
  return text
end

local SHORT = 80

local function bare(text)
  return text ~= "" and not text:find "[\n%c]" and not text:find "^%s" and not text:find "%s$"
    and not tonumber(text) and not text:find "^[%[{\"'#&*!|>%%@`%-?]" and not text:find ": " and not text:find " #"
    and text ~= "true" and text ~= "false" and text ~= "null" and text ~= "nil"
end

local function leaf(value)
  if type(value) == "string" and bare(value) then return value end
  return line(value, {}, 0)
end

local function flat(value)
  if type(value) ~= "table" then return leaf(value) end
  local text = line(value, {}, 0)
  local nested = false
  for _, item in next, value do nested = nested or type(item) == "table" end
  return (next(value) == nil or (#text <= SHORT and not nested and M.is_list(value))) and text or nil
end

local function add_block(lines, value, indent, above)
  above[value] = true
  local list = M.is_list(value)
  for _, key in ipairs(M.keys(value)) do
    local item = rawget(value, key)
    local head = indent .. (list and "-" or (type(key) == "string" and key or line_key(key)) .. ":")
    local text = above[item] and "<cycle>" or flat(item)
    lines[#lines + 1] = text and head .. " " .. text or head
    if not text then add_block(lines, item, indent .. "  ", above) end
  end
  above[value] = nil
end

---A YAML-like block for people: one `key: value` or `- item` a line, short lists in one line.
---@param value any
---@return string
function M.block(value)
  local text = flat(value)
  if text then return text end
  local lines = {}
  add_block(lines, value, "", {})
  return table.concat(lines, "\n")
end

return M
