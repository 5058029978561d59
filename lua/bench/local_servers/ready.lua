---Waiting until freshly started servers answer, or saying why they do not.
---@class bench.local_servers.ready
local M = {}

local fs = require "host.fs"
local http = require "host.http"
local parallel = require "bench.parallel"
local probe = require "host.probe"
local records = require "bench.local_servers.records"
local stranger = require "bench.local_servers.stranger"

local POLL_S = 0.1
local ANSWER_S = 2
local TAIL_LINES = 20

-- The last lines of a server's log.
local function tail(path)
  local lines = {}
  for line in (fs.read(path) or ""):gmatch("[^\n]+") do lines[#lines + 1] = line end
  return table.concat(lines, "\n", math.max(1, #lines - TAIL_LINES + 1))
end

local function last_lines(record)
  return tail(record.log) == "" and "its log is empty; " or "these were the last lines of its log; "
end

local function which(record)
  return ("the server of stack '%s' (replica %d)"):format(record.stack, record.replica)
end

local function died(record, exit_code)
  return { code = "exit", exit_code = exit_code, command = record.command, stderr_tail = tail(record.log),
    message = which(record) .. " ended while starting"
      .. (exit_code and ", with exit code " .. exit_code or ""),
    hint = last_lines(record) .. "the command comes from local.command of the scenario" }
end

local function too_slow(record, timeout_s, err)
  return { code = "timeout", after_s = timeout_s, url = record.url, stderr_tail = tail(record.log),
    message = ("%s was not ready after %g s: %s"):format(which(record), timeout_s, err.last_reason
      or err.message),
    hint = last_lines(record) .. "raise local.readiness.timeout_s if it needs longer" }
end

local function taken(record, who)
  return { code = "conflict", url = record.url, stderr_tail = tail(record.log),
    message = ("%s is not what answers on port %d: that is %s"):format(which(record), record.port, who),
    hint = last_lines(record) .. "choose another local.port, or local.port: auto" }
end

---True if the server answers its readiness path with 200, now.
---@async
---@param record bench.local_servers.Record
---@param path string
---@return boolean ready
---@return string? why_not
function M.answers(record, path)
  local response, err = http.get(record.url .. path, { timeout_s = ANSWER_S })
  if not response then return false, err.message end
  if response.status ~= 200 then return false, path .. " answers " .. response.status end
  local who = stranger.on(record)
  if who then return false, ("port %d belongs to %s"):format(record.port, who) end
  return true
end

-- Waits for one server; raises `{ culprit, err }`, which ends the waits for the others, too.
local function wait_for(record, opts)
  local function still_alive()
    local alive, exit_code = records.alive(record)
    if alive then return true end
    return nil, died(record, exit_code)
  end
  local healthy, err = probe.health(record.url, { path = opts.path, timeout_s = opts.timeout_s,
    interval_s = POLL_S, request_timeout_s = ANSWER_S, while_alive = still_alive })
  if healthy then
    -- A stranger may answer on a port that our server could not get.
    local _, why = still_alive()
    local who = not why and stranger.on(record)
    if not why and not who then return true end
    err = why or taken(record, who)
  elseif err.code == "timeout" then
    err = too_slow(record, opts.timeout_s, err)
  end
  error({ culprit = record, err = err }, 0)
end

---Waits until all servers answer. A server that ends is an error at once.
---@async
---@param waiting bench.local_servers.Record[]
---@param opts { path: string, timeout_s: number }
---@return boolean? ok
---@return bench.Error? err
---@return bench.local_servers.Record? culprit
function M.wait(waiting, opts)
  local fine, problem = pcall(parallel.map, waiting, function(record) return wait_for(record, opts) end)
  if fine then return true end
  if type(problem) == "table" and problem.culprit then return nil, problem.err, problem.culprit end
  error(problem, 0)
end

return M
