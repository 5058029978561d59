---The run as it happens, one JSON object per line: `--events FILE`. docs/cli.md lists the events.
---@class bench.events
local M = {}

local clock = require "host.clock"
local json = require "host.json"
local log = require "host.log"

---@class bench.events.Writer
---@field path string
---@field private file file*
---@field private seq integer
local Writer = {}
Writer.__index = Writer

---Opens a file to append to. `/dev/stdout` and pipes are fine.
---@param path string
---@return bench.events.Writer? writer
---@return bench.Error? err `denied`
function M.open(path)
  local file, problem = io.open(path, "a")
  if not file then
    return nil, { code = "denied", message = "cannot write the events file " .. problem, path = path,
      hint = "give --events a file in a folder that exists and can be written" }
  end
  file:setvbuf "line"
  return setmetatable({ path = path, file = file, seq = 0 }, Writer)
end

-- Says once that events are missing.
local function tell(self, problem)
  if self.told then return end
  self.told = true
  io.stderr:write(("llmdbenchmark: warning: events are missing from %s: %s\n"):format(self.path, problem))
end

---Adds one line: `event`, `at` (RFC 3339), `seq` (from 1 in this process) and the fields. A disk that is full
---must not end a benchmark: what cannot be written is dropped, and the first time is told.
---@param event string
---@param fields? table
function Writer:write(event, fields)
  if not self.file then return end
  self.seq = self.seq + 1
  local entry = json.object { event = event } -- stays in front; the other keys are sorted
  entry.at, entry.seq = clock.rfc3339(), self.seq
  for key, value in pairs(fields or {}) do entry[key] = value end
  local fine, problem = self.file:write(log.redact(json.encode(entry)), "\n")
  if fine then fine, problem = self.file:flush() end
  if not fine then tell(self, problem) end
end

---Closes the file; later events are dropped.
function Writer:close()
  if not self.file then return end
  local fine, problem = self.file:close()
  if not fine then tell(self, problem) end
  self.file = nil
end

return M
