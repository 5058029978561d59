---Who really answers on the port of a local server: two standups may choose the same port at the same moment,
---and then the one that lost would measure the other's server.
---@class bench.local_servers.stranger
local M = {}

local exec = require "host.exec"
local records = require "bench.local_servers.records"

-- The sessions of servers that some standup of this tool started, by the pid that opened them, each with its mark.
local function marks()
  local by_session = {}
  for _, process in ipairs(exec.find(records.MARK)) do by_session[process.pid] = process.value end
  return by_session
end

---Who listens on the server's port although it is another's. A listener of whom we know nothing may belong to the
---server, as the port of a container does.
---@param record bench.local_servers.Record
---@return string? who for people, nil if the server itself listens, or perhaps does
function M.on(record)
  local by_session, who = marks(), nil
  for _, listener in ipairs(exec.listeners(record.port)) do
    local mark = by_session[listener.session]
    if listener.session == record.pid or mark == records.mark(record) then return nil end
    if mark then
      who = ("process %d, a server of another standup (%s)"):format(listener.pid, mark)
    elseif not listener.pid and not listener.own and listener.uid ~= 0 then
      who = "a process of user " .. listener.uid
    end
  end
  return who
end

return M
