---Bringing the servers of a stack up.
---@class bench.local_servers.up
local M = {}

local fs = require "host.fs"
local log = require "host.log"
local process = require "bench.local_servers.process"
local ready = require "bench.local_servers.ready"
local records = require "bench.local_servers.records"
local task = require "host.task"

local START_ATTEMPTS = 3

---@class bench.local_servers.Work one call of `up`
---@field stack bench.plan.Stack
---@field settings bench.local_servers.Settings
---@field namespace string
---@field spec string
---@field save_logs? string
---@field owner? string the command that must have the servers for itself
---@field started bench.local_servers.Record[] by this call
---@field reused integer
---@field bad_ports table<integer, true>

-- Ends what this call started; its logs are kept where `save_logs` says.
local function take_back(work)
  task.shielded(function()
    for i = #work.started, 1, -1 do
      local record = work.started[i]
      if process.stop(record) ~= nil then
        if work.save_logs and fs.mkdir(work.save_logs) then
          local said = fs.read(record.log) or ""
          fs.write(("%s/%s-%d.log"):format(work.save_logs, record.stack, record.replica), log.redact(said))
        end
        records.remove(record)
      end
    end
    work.started = {}
  end)
end

-- What is already there

local function conflict(record, why)
  return { code = "conflict", url = record.url,
    message = ("stack '%s' of namespace '%s' runs already (process %d, %s), but %s"):format(
      record.stack, record.namespace, record.pid, record.url, why),
    hint = "tear it down first, or use another namespace with --namespace" }
end

-- Why a living server is not the one that is wanted; nil if it is.
local function difference(record, work)
  if record.spec ~= work.spec then return "it belongs to the specification '" .. record.spec .. "'" end
  if record.digest ~= work.settings.digest then
    return "with another command, environment or model than the plan has"
  end
  if record.replica > work.settings.replicas then
    return "the plan wants only " .. work.settings.replicas .. " of it"
  end
end

local function end_orphans(work)
  local orphans, err = records.orphans(work.namespace)
  if not orphans then return nil, err end
  for _, orphan in ipairs(orphans) do
    if orphan.stack == work.stack.name then
      log.warn(("stack '%s': process %d was left by a standup that was killed; ending it"):format(
        orphan.stack, orphan.pid))
      local stopped
      stopped, err = process.stop(orphan)
      if stopped == nil then return nil, err end
    end
  end
  return true
end

local function remove_stale(record)
  log.debug(("stack '%s' replica %d: process %d is gone; its record is removed"):format(
    record.stack, record.replica, record.pid))
  local stopped, err = process.stop(record)
  if stopped == nil then return nil, err end
  return records.remove(record)
end

-- A command that wants the servers for itself takes over none. Those that such a command left when it was killed
-- are ended; we have the lock, so it is not at work any more.
local function make_room(record, work)
  if not record.owner then
    return conflict(record, ("'%s' needs servers of its own and ends them: it would share this one with whoever uses it")
      :format(work.owner))
  end
  log.warn(("stack '%s' replica %d: process %d was left by an earlier '%s'; ending it"):format(record.stack,
    record.replica, record.pid, record.owner))
  local stopped, err = process.stop(record)
  if stopped == nil then return err end
  local _, problem = records.remove(record)
  return problem
end

-- The living servers of the stack by replica. Those that are not wanted as they are are a conflict; records
-- of dead ones are removed.
local function existing(work)
  local all, err = records.list(work.namespace)
  if not all then return nil, err end
  local found = {}
  for _, record in ipairs(all) do
    local mine = record.stack == work.stack.name
    if mine and records.alive(record) and work.owner then
      err = make_room(record, work)
      if err then return nil, err end
    elseif mine and records.alive(record) then
      local why = difference(record, work)
      if why then return nil, conflict(record, why) end
      found[record.replica] = record
    elseif mine then
      local ok
      ok, err = remove_stale(record)
      if not ok then return nil, err end
    end
  end
  return found
end

-- Bringing up

-- True for a server that works already, false for one whose standup was killed while it was starting.
local function is_ready(record, path)
  if record.state ~= "ready" then return false end
  local fine, why = ready.answers(record, path)
  if fine then return true end
  return nil, conflict(record, "it does not work: " .. why)
end

-- True for a server that is there and works. A command that had it for itself has it no more.
local function take_over(record, work)
  local is_up, err = is_ready(record, work.settings.path)
  if not is_up then return is_up, err end
  return records.disown(record)
end

-- All replicas, those that must be waited for in `waiting`.
local function gather(work, found, waiting)
  local all = {}
  for replica = 1, work.settings.replicas do
    local record, is_up, err = found[replica], false
    if record then
      is_up, err = take_over(record, work)
    else
      record, err = process.start(work, replica)
    end
    if err then return nil, err end
    if is_up then work.reused = work.reused + 1 else waiting[#waiting + 1] = record end
    all[replica] = record
  end
  return all
end

-- One attempt; the server at fault is returned with the error.
local function attempt(work)
  local ok, err = end_orphans(work)
  if not ok then return nil, err end
  local found, all, culprit
  found, err = existing(work)
  if not found then return nil, err end
  local waiting = {}
  work.reused = 0
  all, err = gather(work, found, waiting)
  if not all then return nil, err end
  ok, err, culprit = ready.wait(waiting, { path = work.settings.path, timeout_s = work.settings.timeout_s })
  if not ok then return nil, err, culprit end
  for _, record in ipairs(waiting) do
    record.state = "ready"
    ok, err = records.write(record)
    if not ok then return nil, err end
  end
  return all
end

local function may_retry(work, err, culprit)
  if not culprit or work.settings.port then return false end
  local could_not_bind = (err.stderr_tail or ""):lower():find("address already in use", 1, true) ~= nil
  return err.code == "conflict" or err.code == "exit" and could_not_bind
end

---Brings up what is missing; see `bench.local_servers.up`.
---@param work bench.local_servers.Work
---@return bench.local_servers.Record[]? servers
---@return bench.Error? err
function M.run(work)
  local servers, err, culprit
  for try = 1, START_ATTEMPTS do
    servers, err, culprit = attempt(work)
    if servers then return servers end
    take_back(work)
    if try == START_ATTEMPTS or not may_retry(work, err, culprit) then return nil, err end
    log.warn(("port %d was taken by another program meanwhile; trying another one"):format(culprit.port))
    work.bad_ports[culprit.port] = true
  end
end

M.take_back = take_back

return M
