---The journal of an experiment: `journal.jsonl`, one JSON object per line, appended and synced to the disk
---before the program goes on. A process that was killed leaves at most an incomplete last line, which readers
---ignore and the next writer cuts off.
---@class bench.journal
local M = {}

local clock = require "host.clock"
local fs = require "host.fs"
local json = require "host.json"

M.FILE = "journal.jsonl"

---@class bench.journal.Entry
---@field event string
---@field at string RFC 3339
---@field seq integer from 1

---@class bench.journal.Journal
---@field path string
---@field private seq integer
local Journal = {}
Journal.__index = Journal

-- Complete lines of the text, and how many bytes they take.
local function split(content)
  local lines, size = {}, 0
  for line, stop in content:gmatch("([^\n]*)\n()") do
    lines[#lines + 1] = line
    size = stop - 1
  end
  return lines, size
end

local function decode(lines, path)
  local entries = {}
  for i, line in ipairs(lines) do
    local entry = json.decode(line)
    if type(entry) ~= "table" or type(entry.event) ~= "string" then
      return nil, {
        code = "invalid", message = ("%s:%d: this is no journal entry"):format(path, i), file = path,
        line = i,
        hint = "something else changed the file; what stands before this line is good",
      }
    end
    entries[i] = entry
  end
  return entries
end

---The entries of a journal, oldest first.
---@param path string
---@return bench.journal.Entry[]? entries
---@return bench.Error? err `not_found`, `denied`, or `invalid` with the line
function M.read(path)
  local content, err = fs.read(path)
  if not content then return nil, err end
  return decode((split(content)), path)
end

-- What a killed writer left behind the last line break.
local function cut_torn_end(path)
  local content, err = fs.read(path)
  if not content then return nil, err end
  local _, size = split(content)
  if size < #content then return fs.write(path, content:sub(1, size)) end
  return true
end

---Opens a journal for writing; it is created if need be.
---@param path string
---@return bench.journal.Journal? journal
---@return bench.journal.Entry[]|bench.Error entries_or_err what it holds already
function M.open(path)
  local entries = {}
  if fs.exists(path) then
    local ok, err = cut_torn_end(path)
    if not ok then return nil, err end
    entries, err = M.read(path)
    if not entries then return nil, err end
  end
  return setmetatable({ path = path, seq = #entries }, Journal), entries
end

---Appends an entry; when this returns it is on the disk.
---@param event string
---@param fields? table<string, any>
---@return true? ok
---@return bench.Error? err
function Journal:write(event, fields)
  local entry = json.object { seq = self.seq + 1, at = clock.rfc3339(), event = event }
  for key, value in pairs(fields or {}) do entry[key] = value end
  local ok, err = fs.append(self.path, json.encode(entry) .. "\n")
  if not ok then
    err.hint = "the experiment cannot go on without its journal; nothing that it recorded is lost"
    return nil, err
  end
  self.seq = self.seq + 1
  return true
end

return M
