---One server: started with its record, ended with it.
---@class bench.local_servers.process
local M = {}

local clock = require "host.clock"
local command = require "bench.local_servers.command"
local exec = require "host.exec"
local fs = require "host.fs"
local log = require "host.log"
local port = require "bench.local_servers.port"
local records = require "bench.local_servers.records"

local GRACE_S = 10

-- Another server's or another program's port is a conflict unless any port will do.
local function choose_port(work, replica)
  local own, taken = work.settings, port.recorded()
  if not own.port then
    for number in pairs(work.bad_ports) do taken[number] = true end
    return port.choose(own.host, work.namespace .. "/" .. work.stack.name .. "/" .. replica, taken)
  end
  local number = own.port + replica - 1
  local other = taken[number]
  if other then
    return nil, { code = "conflict",
      message = ("port %d belongs to stack '%s' of namespace '%s'"):format(number, other.stack,
        other.namespace),
      hint = "tear that down first, or choose another local.port" }
  end
  if port.in_use(own.host, number) then
    return nil, { code = "conflict", message = "port " .. number .. " is in use by another program",
      hint = "choose another local.port, or local.port: auto" }
  end
  return number
end

local function new_record(work, replica, number)
  local own, stack = work.settings, work.stack
  return {
    namespace = work.namespace, stack = stack.name, replica = replica, spec = work.spec, state = "starting",
    pid = 0, start_time = "", port = number, url = port.url(own.host, number), model = stack.model.name,
    command = "", digest = own.digest, plan_digest = stack.digest, readiness = own.path,
    log = records.log_path(work.namespace, stack.name, replica), started_at = clock.rfc3339(), owner = work.owner,
  }
end

local function variables_for(record, env)
  local variables = { [records.MARK] = records.mark(record) }
  for name, value in pairs(env) do variables[name] = value end
  return variables
end

-- The record is written before and after: at any moment it or the process's mark tells of the server.
local function launch(work, record)
  local own = work.settings
  local resolved, err = command.resolve(work.stack, { port = record.port, host = own.host,
    model = record.model,
    namespace = record.namespace, stack = record.stack, replica = record.replica })
  if not resolved then return nil, err end
  record.command = exec.quote(resolved.argv)
  local ok
  ok, err = records.write(record)
  if not ok then return nil, err end
  fs.remove(record.log)
  local argv = { command.program(resolved.argv[1]), unpack(resolved.argv, 2) }
  local started
  started, err = exec.start(argv, { detached = true, log_file = record.log,
    env = variables_for(record, resolved.env), cwd = own.cwd })
  if not started then
    records.remove(record)
    return nil, err
  end
  record.pid, record.start_time = started.pid, started.start_time
  table.insert(work.started, record)
  return records.write(record)
end

---Starts one replica; it is added to `work.started` as soon as it runs.
---@param work bench.local_servers.Work
---@param replica integer
---@return bench.local_servers.Record? record
---@return bench.Error? err
function M.start(work, replica)
  local number, err = choose_port(work, replica)
  if not number then return nil, err end
  local record = new_record(work, replica, number)
  local ok
  ok, err = launch(work, record)
  if not ok then return nil, err end
  log.info(("stack '%s' replica %d: started process %d on port %d"):format(
    record.stack, replica, record.pid, number))
  return record
end

---Ends a server with all its children, politely and then by force; one that is gone already is fine.
---@param process { pid: integer, start_time: string }
---@return boolean? was_alive
---@return bench.Error? err
function M.stop(process)
  if process.pid == 0 then return false end
  return exec.stop(process.pid, process.start_time, { grace_s = GRACE_S })
end

return M
