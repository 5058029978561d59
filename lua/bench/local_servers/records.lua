---What is known about the model servers of this machine, on disk so that every command finds it:
---`$XDG_STATE_HOME/llmdbenchmark/local/<namespace>/<stack>/<replica>.json` beside the server's log.
---@class bench.local_servers.records
local M = {}

local env = require "host.env"
local exec = require "host.exec"
local fs = require "host.fs"
local json = require "host.json"
local task = require "host.task"

---@class bench.local_servers.Record
---@field namespace string
---@field stack string
---@field replica integer from 1
---@field spec string
---@field state "starting"|"ready"
---@field pid integer 0 until the process runs
---@field start_time string tells the process from a later one with the same pid
---@field port integer
---@field url string
---@field model string
---@field command string what runs, to read; secrets are hidden
---@field digest string of everything that makes the server what it is, see `local_servers`
---@field plan_digest string
---@field log string path
---@field started_at string RFC 3339
---@field owner? string the command that has it for itself and ends it, such as `experiment`

---The folder of all namespaces.
---@return string
function M.root()
  local state = env.get "XDG_STATE_HOME"
  if not state or state:sub(1, 1) ~= "/" then state = env.home() .. "/.local/state" end
  return state .. "/llmdbenchmark/local"
end

---@param namespace string
---@return string
function M.dir(namespace)
  return M.root() .. "/" .. namespace
end

local function stem(namespace, stack, replica)
  return M.dir(namespace) .. "/" .. stack .. "/" .. replica
end

---@return string path of the log of a replica's server
function M.log_path(namespace, stack, replica)
  return stem(namespace, stack, replica) .. ".log"
end

---@param record bench.local_servers.Record
---@return boolean? ok
---@return bench.Error? err
function M.write(record)
  local ok, err = fs.mkdir(M.dir(record.namespace) .. "/" .. record.stack)
  if not ok then return nil, err end
  local path = stem(record.namespace, record.stack, record.replica) .. ".json"
  return fs.write(path, json.encode(record, { indent = 2, sort_keys = true }) .. "\n", { mode = "600" })
end

local LEFT_OVER = "it is the record of a local server: look for a left-over server process, then remove the file"

-- What is in a folder; nothing if there is none, an error if it cannot be read.
local function entries(dir)
  local list, err = fs.list(dir)
  if list then return list end
  if err.code == "not_found" then return {} end
  err.hint = err.hint or "the records of local servers are there: make the folder readable, or set XDG_STATE_HOME"
  return nil, err
end

-- The files of all records of a namespace.
local function paths_of(dir)
  local paths = {}
  local stacks, err = entries(dir)
  if not stacks then return nil, err end
  for _, stack in ipairs(stacks) do
    local files = {}
    if stack.type == "dir" then files, err = entries(dir .. "/" .. stack.name) end
    if not files then return nil, err end
    for _, file in ipairs(files) do
      if file.name:find "%.json$" then paths[#paths + 1] = ("%s/%s/%s"):format(dir, stack.name, file.name) end
    end
  end
  return paths
end

---The server belongs to no command any more.
---@param record bench.local_servers.Record
---@return boolean? ok
---@return bench.Error? err
function M.disown(record)
  if not record.owner then return true end
  record.owner = nil
  return M.write(record)
end

-- A record that cannot be read is reported, not trusted: it may stand for a running process.
local function read(path)
  local record, err = json.load(path)
  if not record then
    err.hint = err.code == "denied" and err.hint or LEFT_OVER
    return nil, err
  end
  for _, field in ipairs { "namespace", "stack", "replica", "pid", "start_time", "port", "url", "digest",
    "log" } do
    if type(record) ~= "table" or rawget(record, field) == nil then
      return nil, { code = "invalid", message = path .. ": not a record of a local server (no '" .. field
        .. "')",
        hint = LEFT_OVER }
    end
  end
  return record
end

---Does the recorded process run?
---@param record bench.local_servers.Record
---@return boolean alive
---@return integer? exit_code if this very command started it
function M.alive(record)
  if record.pid == 0 then return false end
  return exec.alive(record.pid, record.start_time)
end

---All records of a namespace, by stack and replica.
---@param namespace string
---@return bench.local_servers.Record[]? records
---@return bench.Error? err
function M.list(namespace)
  local records = {}
  local paths, err = paths_of(M.dir(namespace))
  if not paths then return nil, err end
  for _, path in ipairs(paths) do
    local record
    record, err = read(path)
    if not record then return nil, err end
    records[#records + 1] = record
  end
  table.sort(records, function(a, b)
    if a.stack ~= b.stack then return a.stack < b.stack end
    return a.replica < b.replica
  end)
  return records
end

---The variable that every server is started with. A server whose standup was killed before it could write the
---record is found by it.
M.MARK = "LLMDBENCH_LOCAL_SERVER"

---@param record bench.local_servers.Record
---@return string value of `MARK` for this server
function M.mark(record)
  return record.spec .. ":" .. stem(record.namespace, record.stack, record.replica)
end

-- The random last part of a start time is what a server's whole session has in common.
local function session_of(start_time)
  return start_time:match("[^-]*$")
end

---Processes of a namespace that no record knows.
---@param namespace string
---@return { spec: string, stack: string, pid: integer, start_time: string }[]? orphans
---@return bench.Error? err
function M.orphans(namespace)
  local all, err = M.list(namespace)
  if not all then return nil, err end
  local known, orphans = {}, {}
  for _, record in ipairs(all) do
    if record.pid ~= 0 then known[session_of(record.start_time)] = true end
  end
  local prefix = M.dir(namespace) .. "/"
  for _, process in ipairs(exec.find(M.MARK)) do
    local spec, path = process.value:match("^(.-):(/.*)$")
    local stack = path and path:sub(1, #prefix) == prefix and path:sub(#prefix + 1):match("^([^/]+)/%d+$")
    if stack and not known[session_of(process.start_time)] then
      orphans[#orphans + 1] = { spec = spec, stack = stack, pid = process.pid,
        start_time = process.start_time }
    end
  end
  return orphans
end

---The namespaces that have records.
---@return string[]
function M.namespaces()
  local names, seen = {}, {}
  for _, path in ipairs(fs.glob(M.root() .. "/*/*/*.json")) do
    local name = path:match("([^/]+)/[^/]+/[^/]+$")
    if not seen[name] then
      seen[name] = true
      names[#names + 1] = name
    end
  end
  table.sort(names)
  return names
end

---Removes the record of a server that is gone, with its log unless `opts.keep_log`, and folders that are
---empty then.
---@param record bench.local_servers.Record
---@param opts? { keep_log?: boolean }
---@return boolean? ok
---@return bench.Error? err
function M.remove(record, opts)
  local path = stem(record.namespace, record.stack, record.replica)
  if not (opts and opts.keep_log) then fs.remove(path .. ".log") end
  local ok, err = fs.remove(path .. ".json")
  if not ok then return nil, err end
  fs.remove(M.dir(record.namespace) .. "/" .. record.stack)
  return true
end

-- Locks: one command at a time changes a namespace. Inside this process the tasks of several stacks share the
-- lock; two for the same stack, or one for all stacks, wait for each other. A command that must have the
-- servers for itself keeps the lock in between, too.

local PAUSE_S = 0.005
local ALL = {}
local held = {}

-- The lock of a namespace, taken by this process once; other tasks that need it wait until it is there.
local function take(dir, purpose)
  while held[dir] == "pending" do task.sleep(PAUSE_S) end
  if held[dir] then return held[dir] end
  held[dir] = "pending"
  local fine, lock, err = pcall(fs.lock, dir .. "/.lock", { purpose = purpose })
  held[dir] = nil
  if not fine then error(lock, 0) end
  if not lock then return nil, err end
  held[dir] = { lock = lock, users = {} }
  return held[dir]
end

local function is_busy(entry, who)
  if not entry or entry == "pending" then return false end
  if who == ALL then return next(entry.users) ~= nil end
  return entry.users[ALL] ~= nil or entry.users[who] ~= nil
end

local function enter(dir, purpose, who)
  while true do
    while is_busy(held[dir], who) do task.sleep(PAUSE_S) end
    local entry, err = take(dir, purpose)
    if not entry then return nil, err end
    if not is_busy(entry, who) then
      entry.users[who] = true
      return entry
    end
  end
end

local function leave(dir, entry, who)
  if who then entry.users[who] = nil end
  if entry.kept or next(entry.users) ~= nil then return end
  held[dir] = nil
  entry.lock:release()
end

local function elsewhere(namespace, err)
  err.message = "another command works on namespace '" .. namespace .. "': " .. err.message
  err.hint = "wait for it to end, or use another namespace with --namespace"
  return err
end

---Keeps every other process from changing the servers of a namespace until `let_go` or the end of this one.
---@async
---@param namespace string
---@param purpose string for whoever meets the lock
---@return true? ok
---@return bench.Error? err `conflict` if another command is at work
function M.keep(namespace, purpose)
  local dir = M.dir(namespace)
  local ok, err = fs.mkdir(dir)
  if not ok then return nil, err end
  local entry
  entry, err = take(dir, purpose)
  if not entry then return nil, elsewhere(namespace, err) end
  entry.kept = true
  return true
end

---Another process at work on a namespace, as an error to pass on; nil if there is none.
---@async
---@param namespace string
---@return bench.Error? err
function M.at_work(namespace)
  local dir = M.dir(namespace)
  if held[dir] then return nil end
  local lock, err = fs.lock(dir .. "/.lock", { purpose = "a look" })
  if not lock then return elsewhere(namespace, err) end
  lock:release()
end

---Ends what `keep` began.
---@param namespace string
function M.let_go(namespace)
  local dir = M.dir(namespace)
  local entry = held[dir]
  if not entry or entry == "pending" or not entry.kept then return end
  entry.kept = nil
  leave(dir, entry, nil)
end

---Runs `body` while this process alone may change the servers of a namespace.
---@async
---@generic T
---@param namespace string
---@param opts { purpose: string, stack?: string } `purpose`: for whoever meets the lock; `stack`: only it is changed
---@param body fun(): T?, bench.Error?
---@return T?
---@return bench.Error? err `conflict` if another command is at work
function M.locked(namespace, opts, body)
  local dir, who = M.dir(namespace), opts.stack or ALL
  local ok, err = fs.mkdir(dir)
  if not ok then return nil, err end
  local entry
  entry, err = enter(dir, opts.purpose, who)
  if not entry then return nil, elsewhere(namespace, err) end
  local results = { pcall(body) }
  leave(dir, entry, who)
  if not results[1] then error(results[2], 0) end
  return unpack(results, 2, table.maxn(results))
end

return M
