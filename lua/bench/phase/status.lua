---The live line of a running phase: what each stack is doing, and for how long. Only on a terminal.
---@class bench.phase.status
local M = {}

local clock = require "host.clock"
local env = require "host.env"
local log = require "host.log"
local task = require "host.task"

---@class bench.phase.Status
---@field private phase string
---@field private parts table<string, { text: string, since: number }>
---@field private ticker? host.task.Task
local Status = {}
Status.__index = Status

-- What steps have to tell themselves, by stack.
local details = {}

local function show(self, key)
  if details[key] then return end
  local part = self.parts[key]
  local seconds = math.floor(clock.monotonic() - part.since)
  log.status(seconds < 1 and part.text or ("%s %d s"):format(part.text, seconds), { key = key })
end

local function tick(self)
  while true do
    task.sleep(1)
    for key in pairs(self.parts) do show(self, key) end
  end
end

---A status for one run of a phase; nil where nobody would see it. It ends with `close`.
---@param phase string
---@return bench.phase.Status?
function M.open(phase)
  if not env.is_terminal "stdout" then return nil end
  local self = setmetatable({ phase = phase, parts = {} }, Status)
  self.ticker = task.spawn(tick, self)
  return self
end

---Shows what a step of a stack has to tell, instead of its name, until nil is given.
---@param stack string
---@param text? string
function M.detail(stack, text)
  details[stack] = text
  log.status(text, { key = stack })
end

---What a stack (or, with nil, the phase itself) does from now on; nil as text when it is done.
---@param stack? string
---@param text? string
function Status:set(stack, text)
  local key = stack or self.phase
  if not text then
    self.parts[key] = nil
    log.status(nil, { key = key })
    return
  end
  self.parts[key] = { text = stack and stack .. ": " .. text or text, since = clock.monotonic() }
  show(self, key)
end

---Takes the line away.
function Status:close()
  self.ticker:cancel()
  for key in pairs(self.parts) do log.status(nil, { key = key }) end
  self.parts = {}
end

return M
