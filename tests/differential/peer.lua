--- An independent implementation in Python that answers one JSON line for each JSON line.
local env = require "host.env"
local exec = require "host.exec"
local json = require "host.json"

local M = {}
local Peer = {}
Peer.__index = Peer

---Starts the script with the first Python that has what it needs.
---@param script string
---@return table? peer
---@return string? why
function M.start(script)
  local why = "python3 is not installed"
  for _, python in ipairs { env.get "LLMDBENCH_TEST_PYTHON" or "python3", "/usr/bin/python3" } do
    local child = exec.start({ python, "-W", "ignore", script }, { keep_stdin = true, outlives_task = true })
    local hello = child and child:line { timeout_s = 30 }
    if hello then return setmetatable({ child = child, versions = json.decode(hello) }, Peer) end
    if child then
      local result = child:wait { timeout_s = 10 }
      why = result and result.stderr:match "([^\n]*)%s*$" or why
    end
  end
  return nil, why
end

function Peer:send(request) assert(self.child:write(json.encode(request) .. "\n")) end

function Peer:receive()
  local line, err = self.child:line { timeout_s = 120 }
  if not line then error("the reference ended: " .. tostring(err), 0) end
  return assert(json.decode(line))
end

function Peer:ask(request)
  self:send(request)
  return self:receive()
end

function Peer:stop()
  self.child:close_stdin()
  self.child:wait { timeout_s = 20 }
end

return M
