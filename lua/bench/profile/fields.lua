---Reads the known fields of a table from a file and refuses the rest, naming each by its path.
---@class bench.profile.fields
local M = {}

local json = require "host.json"
local text = require "host.text"

local Reader = {}
Reader.__index = Reader

---Thrown by readers and caught by `guard`: an `err` table.
local function refuse(path, why, hint)
  error({ code = "invalid", message = path .. " " .. why, hint = hint, field = path }, 0)
end
M.refuse = refuse

---A reader of `value`, which must be a table with names (or absent, which is an empty one).
---@param path string Names the table in messages, e.g. `sanity.yaml: load`.
---@param value any
function M.reader(path, value)
  if value == nil or value == json.null then value = {} end
  if type(value) ~= "table" or #value > 0 then refuse(path, "must be a map") end
  return setmetatable({ path = path, value = value, known = {}, order = {} }, Reader)
end

function Reader:name(field) return self.path .. (self.path:find ":$" and " " or ".") .. field end

---The field as it is; nil when absent or null.
function Reader:get(field)
  if not self.known[field] then
    self.known[field] = true
    self.order[#self.order + 1] = field
  end
  local value = self.value[field]
  if value == json.null then return nil end
  return value
end

local function typed(self, field, wanted, fallback)
  local value = self:get(field)
  if value == nil then return fallback end
  if type(value) ~= wanted then
    local shown = type(value) == "table" and "a list or map" or tostring(value)
    refuse(self:name(field), ("must be a %s, not %s"):format(wanted, shown))
  end
  return value
end

function Reader:number(field, fallback) return typed(self, field, "number", fallback) end
function Reader:text(field, fallback) return typed(self, field, "string", fallback) end
function Reader:flag(field, fallback) return typed(self, field, "boolean", fallback) end

---A nested table as a reader.
function Reader:map(field) return M.reader(self:name(field), self:get(field)) end

---`; is 'stagse' meant to be 'stages'?` when an unknown field looks like the missing one.
function Reader:meant(field)
  local unknown = {}
  for _, name in ipairs(json.keys(self.value)) do
    if not self.known[name] then unknown[#unknown + 1] = name end
  end
  local near = text.nearest(field, unknown)
  return near and ("; is '%s' meant to be '%s'?"):format(near, field) or ""
end

---A list of maps as readers.
function Reader:maps(field)
  local list, readers = self:get(field), {}
  if list == nil then refuse(self:name(field), "is missing" .. self:meant(field)) end
  if type(list) ~= "table" or (#list == 0 and next(list) ~= nil) then refuse(self:name(field), "must be a list") end
  if #list == 0 then refuse(self:name(field), "is empty: at least one is needed") end
  for i, item in ipairs(list) do
    readers[i] = M.reader(("%s[%d]"):format(self:name(field), i - 1), item)
  end
  return readers
end

---One of a few words.
function Reader:choice(field, allowed, fallback)
  local value = self:text(field, fallback)
  for _, word in ipairs(allowed) do
    if value == word then return value end
  end
  local why = ("must be one of %s, not %s"):format(table.concat(allowed, ", "), tostring(value))
  refuse(self:name(field), why .. (value and text.did_you_mean(value, allowed) or ""))
end

---Refuses fields of which nobody can make use: each is named with the reason.
---@param reasons table<string, string>
function Reader:cannot(reasons)
  for field, why in pairs(reasons) do
    local value = self:get(field)
    if value ~= nil and value ~= false then refuse(self:name(field), "cannot be honoured: " .. why) end
  end
end

---Refuses what was not asked for.
function Reader:done()
  for _, field in ipairs(json.keys(self.value)) do
    if not self.known[field] then
      refuse(self:name(field), "is not a known field" .. text.did_you_mean(field, self.order))
    end
  end
end

---Calls `body` and turns what readers refuse into `nil, err`.
function M.guard(body, ...)
  local results = { pcall(body, ...) }
  if results[1] then return unpack(results, 2) end
  local err = results[2]
  if type(err) == "table" and err.field then return nil, err end
  error(err, 0)
end

return M
