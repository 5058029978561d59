---One run of a phase.
---@class bench.phase.run
local M = {}

local clock = require "host.clock"
local parallel = require "bench.parallel"
local status = require "bench.phase.status"
local step = require "bench.step"
local task = require "host.task"

local PARTS = { "before", "stacks", "after" }

-- Tells whoever listens: the events file and the journal.
local function notify(ctx, event, fields)
  if ctx.events then ctx.events:write(event, fields) end
  if ctx.journal then ctx.journal:write(event, fields) end
end

local function say(ctx, level, line, ...)
  local message = select("#", ...) > 0 and line:format(...) or line
  if ctx.log then
    ctx.log[level](message)
  else
    io.stdout:write(message, "\n")
  end
end

local function milliseconds(seconds) return math.floor(seconds * 1000 + 0.5) / 1000 end

local function label(row, stack)
  local number = row.number and ("%02d"):format(row.number) or "--"
  return ("[%s]%s"):format(number, stack and " " .. stack.name .. ":" or "")
end

local function facts(run, row, stack)
  return { phase = run.phase.name, step = row.name, number = row.number, stack = stack and stack.name or nil }
end

local function indent(text) return "    | " .. text:gsub("\n", "\n    | ") end

local function tell_failure(ctx, row, stack, record)
  local err = record.err
  say(ctx, "error", "%s FAILED: %s - %s", label(row, stack), row.name, err.message)
  if err.command then say(ctx, "error", indent("ran: " .. tostring(err.command))) end
  local words = err.stderr_tail ~= "" and err.stderr_tail or err.stdout_tail
  if words and words ~= "" then say(ctx, "error", indent(words)) end
  if err.hint then say(ctx, "error", indent("hint: " .. err.hint)) end
  if err.traceback then say(ctx, "debug", indent(err.traceback)) end
end

local function tell(ctx, row, stack, record)
  if record.status == "ok" then
    local message = record.message and " - " .. record.message or ""
    say(ctx, "info", "%s Completed: %s (%.1f s)%s", label(row, stack), row.name, record.seconds, message)
  elseif record.status == "skipped" then
    local reason = record.message and " - " .. record.message or ""
    say(ctx, "info", "-- %s Skipping: %s%s", label(row, stack), row.name, reason)
  elseif record.status == "cancelled" then
    say(ctx, "warn", "%s Cancelled: %s", label(row, stack), row.name)
  else
    tell_failure(ctx, row, stack, record)
  end
end

-- Runs one step; true if the next one may run. Raises when cancelled.
local function run_step(run, row, stack)
  local ctx = run.ctx
  local nest = ctx.log and ctx.log.indent
  local depth = nest and nest()
  local begun
  local function on_start()
    begun = { row = row, stack = stack }
    table.insert(run.begun, begun)
    say(ctx, "info", ">> %s %s", label(row, stack), row.doc or row.name)
    notify(ctx, "step_start", facts(run, row, stack))
    if run.status then run.status:set(stack and stack.name, row.name) end
    if nest then nest(depth + 1) end
  end
  local record = step.execute(row.step, row.number, ctx, stack, on_start)
  if nest then nest(depth) end
  if run.status then run.status:set(stack and stack.name, nil) end
  if begun then begun.record = record end
  table.insert(run.result.steps, record)
  tell(ctx, row, stack, record)
  local fields = facts(run, row, stack)
  fields.status, fields.seconds, fields.message = record.status, milliseconds(record.seconds), record.message
  fields.code = record.err and record.err.code or nil
  notify(ctx, "step_end", fields)
  if record.status == "cancelled" then error(record.err, 0) end
  return record.status ~= "failed"
end

-- Takes back, newest first, what was begun (for one stack, or everything).
local function undo(run, stack)
  for i = #run.begun, 1, -1 do
    local begun = run.begun[i]
    local record = begun.record
    local mine = stack == nil or begun.stack == stack
    if mine and record and begun.row.step.undo and not record.undone then
      say(run.ctx, "info", "<< %s Undoing: %s", label(begun.row, begun.stack), begun.row.name)
      local fine = step.undo(begun.row.step, record, run.ctx, begun.stack)
      local why = record.undo_err and record.undo_err.message
      if not fine then
        say(run.ctx, "warn", "%s could not be undone: %s", label(begun.row, begun.stack), why)
      end
      local fields = facts(run, begun.row, begun.stack)
      fields.ok, fields.message = fine, why
      notify(run.ctx, "step_undone", fields)
    end
  end
end

local function run_rows(run, rows, stack)
  for _, row in ipairs(rows) do
    if not run_step(run, row, stack) then
      run.result.ok = false
      if run.phase.undo_on_failure then task.shielded(undo, run, stack) end
      return false
    end
  end
  return true
end

-- Once no stack is left, the steps before them served nobody. False if that was all.
local function run_stacks(run, rows, limit)
  local stacks, standing = run.ctx.stacks, 0
  local function one(stack)
    if run_rows(run, rows, stack) then standing = standing + 1 end
  end
  if #stacks == 1 then
    one(stacks[1])
  else
    say(run.ctx, "info", "%d step(s) for each of %d stacks, at most %d at a time", #rows, #stacks,
      math.min(limit, #stacks))
    parallel.map(stacks, one, { limit = limit })
  end
  if standing > 0 or not run.phase.undo_on_failure then return true end
  task.shielded(undo, run)
  return false
end

local function split(rows)
  local parts = { before = {}, stacks = {}, after = {} }
  for _, row in ipairs(rows) do table.insert(parts[row.part], row) end
  return parts
end

local function run_parts(run, parts, limit)
  for _, name in ipairs(PARTS) do
    local rows = parts[name]
    if #rows > 0 then
      local goes_on
      if name == "stacks" then goes_on = run_stacks(run, rows, limit) else goes_on = run_rows(run, rows) end
      if not goes_on then return end
    end
  end
end

---Runs the selected rows of a phase; see `Phase:run`.
---@async
---@param phase bench.Phase
---@param rows table[]
---@param ctx bench.Context
---@param limit integer
---@return bench.PhaseResult? result
---@return bench.Error? err
function M.run(phase, rows, ctx, limit)
  local parts = split(rows)
  if #parts.stacks > 0 and #(ctx.stacks or {}) == 0 then
    return nil, { code = "invalid", message = phase.name .. ": there is no stack to work on",
      hint = "check --stack and the scenario of the specification" }
  end
  local start = clock.monotonic()
  local result = { ok = true, phase = phase.name, seconds = 0, steps = {} }
  local run = { phase = phase, ctx = ctx, result = result, begun = {}, status = status.open(phase.name) }
  notify(ctx, "phase_start", { phase = phase.name, steps = #rows, stacks = #(ctx.stacks or {}) })
  local fine, problem = pcall(run_parts, run, parts, limit)
  if not fine then
    result.ok = false
    task.shielded(undo, run)
  end
  if run.status then run.status:close() end
  result.seconds = clock.monotonic() - start
  notify(ctx, "phase_end", { phase = phase.name, ok = result.ok, seconds = milliseconds(result.seconds) })
  if fine then return result end
  if type(problem) == "table" and problem.code == "cancelled" then problem.result = result end
  error(problem, 0)
end

return M
