---One step of a phase: what it is, and how one run of it ends.
---@class bench.step
local M = {}

local clock = require "host.clock"
local inspect = require "bench.inspect"
local task = require "host.task"
local text = require "host.text"

---@class bench.Step
---@field name string
---@field doc? string One sentence, shown when it starts
---@field scope? "global"|"stack" `global` unless given
---@field when? fun(ctx: bench.Context, stack?: bench.Stack): any, string? Skipped unless true; then why
---@field run fun(ctx: bench.Context, stack?: bench.Stack): any, bench.Error?
---@field undo? fun(ctx: bench.Context, stack?: bench.Stack): any, bench.Error? Copes with a half-done run
---@field timeout_s? number|fun(ctx: bench.Context, stack?: bench.Stack): number?

---@class bench.StepRecord
---@field number? integer
---@field name string
---@field stack? string
---@field status "ok"|"failed"|"skipped"|"undone"|"cancelled"
---@field message? string
---@field err? bench.Error
---@field undone? boolean
---@field undo_err? bench.Error
---@field seconds number

local FIELDS = {
  name = "string", doc = "string", scope = "string", when = "function", run = "function", undo = "function",
}
local NAMES = { "name", "doc", "scope", "when", "run", "undo", "timeout_s" }

local function check_field(where, key, value)
  if key == "timeout_s" then
    if type(value) ~= "number" and type(value) ~= "function" then
      error(where .. ": timeout_s is a number", 0)
    end
  elseif not FIELDS[key] then
    error(("%s: unknown field '%s'%s"):format(where, tostring(key), text.did_you_mean(key, NAMES)), 0)
  elseif type(value) ~= FIELDS[key] then
    error(("%s: %s is a %s, got a %s"):format(where, key, FIELDS[key], type(value)), 0)
  end
end

---Checks a step as a script wrote it. Raises with `where` in front if something is wrong.
---@param definition bench.Step
---@param where string File or phase, for messages
---@return bench.Step
function M.check(definition, where)
  if type(definition) ~= "table" then error(where .. ": a step is a table, got a " .. type(definition), 0) end
  for key, value in pairs(definition) do check_field(where, key, value) end
  if not definition.name then error(where .. ": a step needs a name", 0) end
  if not definition.run then error(where .. ": step '" .. definition.name .. "' needs a run function", 0) end
  local scope = definition.scope
  if scope and scope ~= "global" and scope ~= "stack" then
    error(("%s: scope is 'global' or 'stack', got '%s'"):format(where, scope), 0)
  end
  return definition
end

-- Blames the script that names a step that is not there.
local function no_step(phase, name, file, err)
  local names, prefix = {}, "steps/" .. phase .. "/"
  for _, script in ipairs(require("bench.search").list()) do
    if script.name:sub(1, #prefix) == prefix then names[#names + 1] = script.name:sub(#prefix + 1) end
  end
  error({ code = err.code, message = ("%sthe phase '%s' has no step '%s'%s"):format(file and file .. ": " or "", phase,
    name, text.did_you_mean(name, names)), hint = ("a step is a table or the name of a file; %s"):format(err.message) }, 0)
end

---The step in `scripts/steps/<phase>/<name>.lua` on the search path. Raises an error table if there is none.
---@param phase string
---@param name string
---@param file? string The script that names it
---@return bench.Step
function M.load(phase, name, file)
  local module = ("scripts.steps.%s.%s"):format(phase, name)
  local path, err = require("bench.search").find(("steps/%s/%s"):format(phase, name))
  if not path and not package.loaded[module] then no_step(phase, name, file, err) end
  local definition = M.check(require(module), module)
  if definition.name ~= name then
    error(("%s: the step calls itself '%s'; its name is that of its file"):format(module, definition.name), 0)
  end
  return definition
end

---The table form of anything that was raised or returned as a failure. What has no code, such as a bug in
---a step, gets `invalid` and its traceback.
---@param err any
---@param traceback? string
---@return bench.Error
function M.as_error(err, traceback)
  if type(err) == "table" and err.message and err.code then return err end
  local message = type(err) == "table" and (err.message or inspect.line(err, 2000)) or err
  return { code = "invalid", message = tostring(message), traceback = traceback }
end

local function with_traceback(err)
  return { raised = err, traceback = task.traceback(err) }
end

local function time_limit(step, ctx, stack)
  if type(step.timeout_s) == "function" then return step.timeout_s(ctx, stack) end
  return step.timeout_s
end

-- Runs one function of a step: its first result or true, or nil and an error table.
local function call(step, fn, ctx, stack, limit_s)
  local results
  local function body()
    results = { fn(ctx, stack) }
    return true
  end
  local fine, done, late = xpcall(function()
    if limit_s then return task.deadline(limit_s, body) end
    return body()
  end, with_traceback)
  if not fine and type(done) ~= "table" then return nil, M.as_error(done) end -- the stack had no room for the handler
  if not fine then return nil, M.as_error(done.raised, done.traceback) end
  if not done then
    return nil, { code = late.code, message = step.name .. ": " .. late.message, after_s = late.after_s }
  end
  local value, err = results[1], results[2]
  if value == false or value == nil and err ~= nil then
    return nil, M.as_error(err == nil and step.name .. " returned false" or err)
  end
  return value == nil and true or value
end

local function finish(record, start, status, value, err)
  record.seconds = clock.monotonic() - start
  record.status = status
  record.err = err
  if err then record.message = err.message end
  if type(value) == "table" then record.message = value.message end
  return record
end

---Runs the step, unless its `when` says no. Failures, also raised ones, end up in the record; a step that
---ended because its task was cancelled has the status `cancelled`.
---@async
---@param step bench.Step
---@param number? integer
---@param ctx bench.Context
---@param stack? bench.Stack
---@param on_start? fun() Called once it is clear that the step runs
---@return bench.StepRecord
function M.execute(step, number, ctx, stack, on_start)
  local start = clock.monotonic()
  local record = { number = number, name = step.name, stack = stack and stack.name or nil }
  if step.when then
    local reason
    local wanted, problem = call(step, function(...)
      local yes, why = step.when(...)
      reason = why
      return { wanted = yes }
    end, ctx, stack)
    if not wanted then return finish(record, start, "failed", nil, problem) end
    if not wanted.wanted then return finish(record, start, "skipped", { message = reason }) end
  end
  if on_start then on_start() end
  local value, err = call(step, step.run, ctx, stack, time_limit(step, ctx, stack))
  if err and task.cancelled() then return finish(record, start, "cancelled", nil, err) end
  return finish(record, start, err and "failed" or "ok", value, err)
end

---Takes back what a run of the step did; notes the outcome in its record.
---@async
---@param step bench.Step
---@param record bench.StepRecord
---@param ctx bench.Context
---@param stack? bench.Stack
---@return boolean fine
function M.undo(step, record, ctx, stack)
  local value, err = call(step, step.undo, ctx, stack)
  if value == nil then
    record.undo_err = err
    return false
  end
  record.undone = true
  if record.status == "ok" then record.status = "undone" end
  return true
end

return M
