---The journal of an experiment: `journal.jsonl`, a journal of `host.store` whose entries say what happened when.
---@class bench.journal
local M = {}

local clock = require "host.clock"
local json = require "host.json"
local store = require "host.store"

M.FILE = "journal.jsonl"

---@class bench.journal.Entry
---@field event string
---@field at string RFC 3339
---@field seq integer from 1

---@class bench.journal.Journal
---@field private file host.store.Journal
local Journal = {}
Journal.__index = Journal

-- The first line that is an object but no event.
local function check(entries, path)
  for i, entry in ipairs(entries) do
    if type(entry.event) ~= "string" then
      return nil, { code = "invalid", message = ("%s:%d: this is no journal entry"):format(path, i), file = path,
        line = i, hint = "something else changed the file; what stands before this line is good" }
    end
  end
  return entries
end

---The entries of a journal, oldest first.
---@param path string
---@return bench.journal.Entry[]? entries
---@return bench.Error? err `not_found`, `denied`, or `invalid` with the line
function M.read(path)
  local entries, err = store.read_journal(path)
  if not entries then return nil, err end
  return check(entries, path)
end

---Opens a journal for writing; it is created if need be. Nobody else can until it is closed.
---@param path string
---@return bench.journal.Journal? journal
---@return bench.journal.Entry[]|bench.Error entries_or_err what it holds already, or `conflict`, `invalid`
function M.open(path)
  local file, entries = store.journal(path)
  if not file then return nil, entries end
  local good, err = check(entries, path)
  if not good then
    file:close()
    return nil, err
  end
  return setmetatable({ file = file }, Journal), good
end

---Appends an entry; when this returns it is on the disk.
---@param event string
---@param fields? table<string, any>
---@return true? ok
---@return bench.Error? err
function Journal:write(event, fields)
  local entry = json.object { at = clock.rfc3339(), event = event }
  for key, value in pairs(fields or {}) do entry[key] = value end
  local seq, err = self.file:append(entry)
  if not seq then
    err.hint = "the experiment cannot go on without its journal; nothing that it recorded is lost"
    return nil, err
  end
  return true
end

---Lets others write.
function Journal:close()
  self.file:close()
end

return M
