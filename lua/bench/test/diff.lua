---Says where two values part, in the fewest lines a reader needs.
---@class bench.test.diff
local M = {}

local inspect = require "bench.inspect"

local MOST_LINES = 20

---True if both are the same value, or tables with equal contents. NaN equals NaN; metatables do not count.
---@param a any
---@param b any
---@return boolean
function M.same(a, b)
  if a == b or (a ~= a and b ~= b) then return true end
  if type(a) ~= "table" or type(b) ~= "table" then return false end
  for key, value in next, a do
    if not M.same(value, rawget(b, key)) then return false end
  end
  for key in next, b do
    if rawget(a, key) == nil then return false end
  end
  return true
end

local function join(path, key)
  if type(key) == "string" and key:match("^[%a_][%w_]*$") then
    return path == "" and key or path .. "." .. key
  end
  return path .. "[" .. inspect.line(key) .. "]"
end

local function lines_of(text)
  local lines = {}
  for line in (text .. "\n"):gmatch("(.-)\n") do lines[#lines + 1] = line end
  return lines
end

---The first line that differs of two long texts, with its neighbours.
local function text_parts(expected, actual)
  local left, right = lines_of(expected), lines_of(actual)
  local at = 1
  while left[at] == right[at] do at = at + 1 end
  local out = { ("texts differ from line %d on:"):format(at) }
  for i = math.max(1, at - 2), at - 1 do out[#out + 1] = "    " .. left[i] end
  for i = at, math.min(at + 2, #left) do out[#out + 1] = "  - " .. left[i] end
  for i = at, math.min(at + 2, #right) do out[#out + 1] = "  + " .. right[i] end
  if at > #left then out[#out + 1] = "  - (end of text)" end
  if at > #right then out[#out + 1] = "  + (end of text)" end
  return out
end

local function walk(expected, actual, path, out)
  if M.same(expected, actual) or #out > MOST_LINES then return end
  if type(expected) == "table" and type(actual) == "table" then
    local seen = {}
    for _, key in ipairs(inspect.keys(expected)) do
      seen[key] = true
      walk(rawget(expected, key), rawget(actual, key), join(path, key), out)
    end
    for _, key in ipairs(inspect.keys(actual)) do
      if not seen[key] then walk(nil, rawget(actual, key), join(path, key), out) end
    end
    return
  end
  local prefix = path == "" and "" or path .. ": "
  local both_texts = type(expected) == "string" and type(actual) == "string"
  if both_texts and (expected:find("\n", 1, true) or actual:find("\n", 1, true)) then
    for i, text in ipairs(text_parts(expected, actual)) do
      out[#out + 1] = (i == 1 and prefix or "") .. text
    end
  else
    local left, right = inspect.line(expected, 400), inspect.line(actual, 400)
    out[#out + 1] = ("%sexpected %s, got %s"):format(prefix, left, right)
  end
end

---One line per difference.
---@param expected any
---@param actual any
---@return string
function M.describe(expected, actual)
  local out = {}
  walk(expected, actual, "", out)
  if #out > MOST_LINES then
    out[MOST_LINES + 1] = "..."
    for i = #out, MOST_LINES + 2, -1 do out[i] = nil end
  end
  return table.concat(out, "\n")
end

return M
