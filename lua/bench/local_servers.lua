---The deploy method `local`: model servers as processes of this machine that outlive the command which
---started them. What is known about them is in `bench.local_servers.records`.
---@class bench.local_servers
local M = {}

local command = require "bench.local_servers.command"
local exec = require "host.exec"
local process = require "bench.local_servers.process"
local records = require "bench.local_servers.records"
local settings = require "bench.local_servers.settings"
local up = require "bench.local_servers.up"

---The digest that servers of this stack would have; equal digests mean equal servers.
---@param stack bench.plan.Stack
---@param namespace string
---@return string? digest
---@return bench.Error? err
function M.digest(stack, namespace)
  local own, err = settings.read(stack, namespace)
  if not own then return nil, err end
  return own.digest
end

---Checks, without starting anything, that the servers of a stack could be started: the settings are sound,
---the command resolves and its program exists.
---@param stack bench.plan.Stack
---@param namespace string
---@return string[]? argv of the first replica; `{port}` is left open unless it is fixed
---@return bench.Error? err
function M.check(stack, namespace)
  local own, err = settings.read(stack, namespace)
  if not own then return nil, err end
  local resolved
  resolved, err = command.resolve(stack, { host = own.host, model = stack.model.name, namespace = namespace,
    stack = stack.name, replica = 1, port = own.port })
  if not resolved then return nil, err end
  local found
  found, err = exec.which(command.program(resolved.argv[1]))
  if found then return resolved.argv end
  err.hint = "local.command of stack '" .. stack.name .. "' names it; correct the scenario, --set or PATH"
  return nil, err
end

---Starts the servers of a stack and waits until they answer. Those that run already with the same command and
---answer are kept. If one fails, or the task is cancelled, everything that this call started is ended again.
---A command that measures and ends the servers names itself as `owner`: it takes over none, and no other command
---may change the namespace until `release`.
---@async
---@param stack bench.plan.Stack
---@param opts { namespace: string, spec: string, save_logs?: string, owner?: string } `save_logs`: where logs of
---  failures go
---@return { servers: bench.local_servers.Record[], started: integer, reused: integer }? result
---@return bench.Error? err `conflict`, `exit`, `timeout`, `not_found`, `invalid`
function M.up(stack, opts)
  local own, err = settings.read(stack, opts.namespace)
  if not own then return nil, err end
  local work = { stack = stack, settings = own, namespace = opts.namespace, spec = opts.spec,
    save_logs = opts.save_logs, owner = opts.owner, started = {}, reused = 0, bad_ports = {} }
  if opts.owner then
    local kept
    kept, err = records.keep(opts.namespace, opts.owner)
    if not kept then return nil, err end
  end
  local lock = { purpose = "standup of stack '" .. stack.name .. "'", stack = stack.name }
  return records.locked(opts.namespace, lock, function()
    local finished, servers, why = pcall(up.run, work)
    if not finished then
      up.take_back(work)
      error(servers, 0)
    end
    if not servers then return nil, why end
    return { servers = servers, started = #work.started, reused = work.reused }
  end)
end

---The error for a server that another command has for itself and works with right now; nil if there is none.
---@async
---@param record bench.local_servers.Record
---@return bench.Error? err
function M.in_use(record)
  return record.owner and records.at_work(record.namespace) or nil
end

---Other commands may change the namespace again.
---@param namespace string
function M.release(namespace) records.let_go(namespace) end

---Servers that a command had for itself and leaves standing become like those of any standup.
---@param namespace string
---@param filter bench.local_servers.Filter
---@return true? ok
---@return bench.Error? err
function M.leave(namespace, filter)
  local owned, err = M.owned(namespace, filter)
  if not owned then return nil, err end
  for _, record in ipairs(owned.servers) do
    local ok
    ok, err = records.disown(record)
    if not ok then return nil, err end
  end
  return true
end

---The servers of a stack as the records say, with `alive` filled in.
---@param namespace string
---@param stack_name string
---@return bench.local_servers.Record[]? servers by replica
---@return bench.Error? err
function M.servers(namespace, stack_name)
  local all, err = records.list(namespace)
  if not all then return nil, err end
  local found = {}
  for _, record in ipairs(all) do
    if record.stack == stack_name then
      record.alive = records.alive(record)
      found[#found + 1] = record
    end
  end
  return found
end

local function selector(filter)
  local wanted
  if filter.stacks then
    wanted = {}
    for _, name in ipairs(filter.stacks) do wanted[name] = true end
  end
  return function(entry)
    return entry.spec == filter.spec and (not wanted or wanted[entry.stack]) and (not filter.owned or entry.owner ~= nil)
  end
end

---@class bench.local_servers.Filter
---@field spec string
---@field stacks? string[] only these
---@field owned? boolean only servers that a command had for itself

---What a teardown would end: the servers of a specification, of these stacks if named, and processes that a
---killed standup left without a record.
---@param namespace string
---@param filter bench.local_servers.Filter
---@return { servers: bench.local_servers.Record[], orphans: table[] }?
---@return bench.Error?
function M.owned(namespace, filter)
  local all, err = records.list(namespace)
  if not all then return nil, err end
  local orphans
  orphans, err = records.orphans(namespace)
  if not orphans then return nil, err end
  local is_mine, owned = selector(filter), { servers = {}, orphans = {} }
  for _, record in ipairs(all) do
    if is_mine(record) then table.insert(owned.servers, record) end
  end
  for _, orphan in ipairs(orphans) do
    orphan.owner = "" -- whoever's standup it was, it was killed
    if is_mine(orphan) then table.insert(owned.orphans, orphan) end
  end
  return owned
end

local function end_server(record, result)
  local was_alive, err = process.stop(record)
  if was_alive == nil then return err end
  local key = was_alive and "ended" or "stale"
  result[key] = result[key] + 1
  local _, problem = records.remove(record)
  return problem
end

local function end_orphan(orphan, result)
  local was_alive, err = process.stop(orphan)
  if was_alive == nil then return err end
  result.ended = result.ended + 1
end

---Ends servers and removes their records: the whole session, first politely, then by force; a server counts
---as
---ended only when it is gone.
---@async
---@param namespace string
---@param filter bench.local_servers.Filter
---@return { ended: integer, stale: integer }? result stale: their process was gone already
---@return bench.Error? err of the first that could not be ended; the others are ended all the same
function M.down(namespace, filter)
  return records.locked(namespace, { purpose = "teardown of " .. filter.spec }, function()
    local owned, err = M.owned(namespace, filter)
    if not owned then return nil, err end
    local result, failed = { ended = 0, stale = 0 }, nil
    for _, record in ipairs(owned.servers) do failed = end_server(record, result) or failed end
    for _, orphan in ipairs(owned.orphans) do failed = end_orphan(orphan, result) or failed end
    if failed then return nil, failed end
    return result
  end)
end

return M
