---Finds spec files, runs each spec in a task of its own, and tells what happened.
---@class bench.test.runner
local M = {}

local fs = require "host.fs"
local inspect = require "bench.inspect"
local log = require "host.log"
local task = require "host.task"

local DEFAULT_TIMEOUT_S = 20
local LEAK_GRACE_S = 2

---Marks errors that assertions raise: `assertion` is the message, `at` the place in the spec.
M.Failure = { __tostring = function(self) return self.at .. ": " .. self.assertion end }
---Marks the error that `t.skip` raises.
M.Skip = { __tostring = function(self) return "skipped: " .. self.reason end }

local scope    -- the group being declared: { name, parent, before }
local specs    -- declared by the file being loaded
local cleanups -- of the spec that runs

---`file:line` of the function `level` levels up.
---@param level integer
---@return string
function M.caller(level)
  local info = debug.getinfo(level + 1, "Sl")
  return info and ("%s:%d"):format(info.short_src, info.currentline) or "?"
end

local function check_declaring(word)
  if not specs then error(word .. " belongs at the top of a spec file, not inside a spec", 3) end
end

function M.group(name, body)
  check_declaring("describe")
  local outer = scope
  scope = { name = outer.name == "" and name or outer.name .. " > " .. name, parent = outer, before = {} }
  body()
  scope = outer
end

function M.add(name, options, body, at)
  check_declaring("it")
  specs[#specs + 1] = { name = name, group = scope, body = body, at = at,
    timeout_s = options.timeout_s or DEFAULT_TIMEOUT_S }
end

function M.before_each(body)
  check_declaring("before_each")
  table.insert(scope.before, body)
end

function M.cleanup(body)
  if not cleanups then error("cleanup needs a running spec", 3) end
  table.insert(cleanups, body)
end

function M.tempdir()
  local path = assert(fs.tempdir "spec")
  M.cleanup(function() assert(fs.remove_tree(path)) end)
  return path
end

local function run_before(group)
  if not group then return end
  run_before(group.parent)
  for _, body in ipairs(group.before) do body() end
end

local function with_traceback(err)
  local mark = getmetatable(err)
  if mark == M.Failure or mark == M.Skip then return err end
  return { raised = err, traceback = task.traceback(err) }
end

-- Keeps the frames of the spec, drops those of the runner.
local function shorten(traceback)
  local kept = {}
  for line in traceback:gmatch("[^\n]+") do
    local noise = line:find("bench/test/runner.lua", 1, true) or line:find("stack traceback", 1, true)
      or line:find("[C]: in function 'xpcall'", 1, true)
    if not noise then kept[#kept + 1] = line end
  end
  return table.concat(kept, "\n")
end

local function raised_text(raised)
  local plain = type(raised) == "table" and getmetatable(raised) ~= M.Failure
  return plain and inspect.line(raised, 4000) or tostring(raised)
end

local function text_of(err)
  if type(err) ~= "table" or not rawget(err, "traceback") then return raised_text(err) end
  return raised_text(err.raised) .. "\n" .. shorten(err.traceback)
end

-- The outcome of running `body` in a child task: "passed", or "failed"/"skipped" and why.
local function attempt(body, timeout_s)
  local err
  local fine, done, timeout = pcall(task.deadline, timeout_s, function()
    local ok
    ok, err = xpcall(body, with_traceback)
    if not ok and task.cancelled() then error(type(err) == "table" and err.raised or err, 0) end
    return ok and "fine" or "raised"
  end)
  if not fine then return "failed", "a task that nobody joined failed: " .. text_of(done) end
  if done == "fine" then return "passed" end
  if done == nil then
    local where = type(err) == "table" and err.traceback and "\n" .. shorten(err.traceback) or ""
    return "failed", (timeout and timeout.message or "cancelled") .. where
  end
  if getmetatable(err) == M.Skip then return "skipped", err.reason end
  return "failed", text_of(err)
end

local function run_cleanups()
  local problem
  for i = #cleanups, 1, -1 do
    local outcome, why = attempt(cleanups[i], DEFAULT_TIMEOUT_S)
    if outcome ~= "passed" then problem = "cleanup: " .. why end
  end
  return problem
end

local function count(names)
  local counts = {}
  for _, name in ipairs(names) do counts[name] = (counts[name] or 0) + 1 end
  return counts
end

-- What is alive now and was not before; cancelled operations get a moment to end.
local function leaked(before)
  local fresh
  for _ = 1, LEAK_GRACE_S * 50 do
    fresh = {}
    local known = count(before)
    for _, name in ipairs(task.handles()) do
      known[name] = (known[name] or 0) - 1
      if known[name] < 0 then fresh[#fresh + 1] = name end
    end
    if #fresh == 0 then return nil end
    task.sleep(0.02)
  end
  return "left alive: " .. table.concat(fresh, ", ")
end

local function run_spec(spec)
  local before = task.handles()
  cleanups = {}
  local outcome, why = attempt(function()
    run_before(spec.group)
    spec.body()
  end, spec.timeout_s)
  local problem = run_cleanups()
  cleanups = nil
  problem = problem or leaked(before)
  if outcome ~= "failed" and problem then outcome, why = "failed", problem end
  return outcome, why
end

local function full_name(spec)
  return spec.group.name == "" and spec.name or spec.group.name .. " > " .. spec.name
end

local function load_specs(file)
  local chunk, syntax = loadfile(file)
  if not chunk then return nil, syntax end
  scope, specs = { name = "", before = {} }, {}
  local outcome, why = attempt(chunk, 60)
  local declared = specs
  scope, specs = nil, nil
  if outcome == "passed" then return declared end
  return nil, why, outcome
end

local function indent(text) return "    " .. text:gsub("\n", "\n    ") end

local function tell(totals, outcome, name, why)
  totals[outcome] = totals[outcome] + 1
  if outcome ~= "passed" then
    io.write(log.redact(("%s: %s\n%s\n"):format(outcome == "failed" and "FAILED" or "skipped", name, indent(why))))
    io.flush()
  end
end

local function run_file(file, filter, totals)
  local declared, why, outcome = load_specs(file)
  if not declared then return tell(totals, outcome or "failed", file, why) end
  local passed, selected = totals.passed, 0
  for _, spec in ipairs(declared) do
    local name = full_name(spec)
    if not filter or name:find(filter, 1, true) or file:find(filter, 1, true) then
      selected = selected + 1
      local result, reason = run_spec(spec)
      tell(totals, result, ("%s (%s)"):format(name, spec.at), reason)
    end
  end
  if selected > 0 then io.write(("%s: %d of %d passed\n"):format(file, totals.passed - passed, selected)) end
  io.flush()
end

---The files to run for a path: itself, or the `*_spec.lua` files below a folder; a folder without any gives
---all its `*.lua` files.
---@param path string
---@return string[]? files
---@return string? problem
function M.find(path)
  local stat = fs.stat(path)
  if stat and stat.type == "file" then return { path } end
  local files = fs.glob(fs.join(path, "**/*.lua"))
  if #files == 0 then return nil, "no Lua files at " .. path end
  local named = {}
  for _, file in ipairs(files) do
    if file:match("_spec%.lua$") then named[#named + 1] = file end
  end
  return #named > 0 and named or files
end

---Runs the spec files; prints failures, skips and totals.
---@param files string[]
---@param filter? string Only specs whose name or file contains this text
---@return { passed: integer, failed: integer, skipped: integer }
function M.run(files, filter)
  local totals = { passed = 0, failed = 0, skipped = 0 }
  for _, file in ipairs(files) do
    local folder = file:match("^(.*)/[^/]*$") or "."
    local path = package.path
    package.path = folder .. "/?.lua;" .. path
    run_file(file, filter, totals)
    package.path = path
  end
  io.write(("%d passed, %d failed, %d skipped\n"):format(totals.passed, totals.failed, totals.skipped))
  return totals
end

return M
