---Ports for local servers. They are taken from below the range that the kernel uses for outgoing connections,
---so that a load test's own connections never occupy them, and follow from the names: the same replica gets
---the same port again if it is free.
---@class bench.local_servers.port
local M = {}

local http = require "host.http"
local records = require "bench.local_servers.records"
local text = require "host.text"

M.FIRST, M.LAST = 18000, 29999

---Ports that servers of any namespace are recorded with.
---@return table<integer, bench.local_servers.Record>
function M.recorded()
  local ports = {}
  for _, namespace in ipairs(records.namespaces()) do
    for _, record in ipairs(records.list(namespace) or {}) do ports[record.port] = record end
  end
  return ports
end

local function preferred(name)
  return M.FIRST + tonumber(text.sha256(name):sub(1, 6), 16) % (M.LAST - M.FIRST + 1)
end

---Does something listen there? Only a refused connection counts as no.
---@param host string
---@param port integer
---@return boolean
function M.in_use(host, port)
  local response, err = http.get(M.url(host, port), { timeout_s = 2 })
  return response ~= nil or err.code ~= "unreachable"
end

---@param host string address a server listens on
---@param port integer
---@return string url where it is reached
function M.url(host, port)
  local shown = host
  if host == "0.0.0.0" then shown = "127.0.0.1" end
  if host == "::" then shown = "[::1]" elseif host:find(":", 1, true) then shown = "[" .. host .. "]" end
  return "http://" .. shown .. ":" .. port
end

---A port on which nothing listens.
---@param host string
---@param name string of the server; decides, with the folder of the records, where the search begins
---@param taken table<integer, any> ports not to use
---@return integer? port
---@return bench.Error? err
function M.choose(host, name, taken)
  local port = preferred(records.root() .. "/" .. name)
  for _ = M.FIRST, M.LAST do
    if not taken[port] and not M.in_use(host, port) then return port end
    port = port < M.LAST and port + 1 or M.FIRST
  end
  return nil, { code = "conflict", message = "no free port from " .. M.FIRST .. " to " .. M.LAST,
    hint = "set local.port in the scenario" }
end

return M
