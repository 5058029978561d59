---Phases: ordered lists of named steps that scripts return, users edit, and the command line runs.
---@class bench.phase
local M = {}

local filter = require "bench.phase.filter"
local info = require "host.info"
local inspect = require "bench.inspect"
local step = require "bench.step"
local text = require "host.text"

---@class bench.Phase
---@field name string
---@field doc? string
---@field limit integer Stacks at the same time
---@field undo_on_failure boolean
---@field private entries bench.phase.Entry[]
local Phase = {}
Phase.__index = Phase
M.Phase = Phase

---@class bench.phase.Entry
---@field number? integer What `-s` selects; an added step has the number of its neighbour
---@field name string
---@field step? bench.Step Read from its file at first use
---@field file? string The script that put it there
---@field wraps (fun(base: function, ctx: table, stack?: table): any, any)[]

local FIELDS = { name = true, doc = true, steps = true, limit = true, undo_on_failure = true }

-- The script that is `level` calls above; nil if it made a tail call, or if it is a file of the library.
local function file_of(level)
  local caller = debug.getinfo(level + 1, "S")
  local file = caller and caller.source:match "^@(.*)"
  return file and file:find(info.home .. "/lua/", 1, true) ~= 1 and file or nil
end

local function new_entry(number, definition, where, file)
  local entry = { number = number, wraps = {}, file = file }
  if type(definition) == "string" then
    entry.name = definition
  else
    entry.step = step.check(definition, where)
    entry.name = definition.name
  end
  return entry
end

local function check_new(phase, entry, level)
  if phase:position(entry.name) then
    error(("%s already has a step '%s'"):format(phase.name, entry.name), level + 1)
  end
end

---@class bench.phase.Description
---@field name string
---@field doc? string
---@field steps table[] `{ number, step }`; a step is a table or a file's name in `scripts/steps/<phase>/`
---@field limit? integer Stacks at the same time, 1 unless given
---@field undo_on_failure? boolean Take back what was begun when a step fails; cancellation always does

---A phase from its description.
---@param description bench.phase.Description
---@return bench.Phase
function M.new(description)
  if type(description) ~= "table" or type(description.name) ~= "string" then
    error("phase.new { name = ..., steps = { { 0, 'first_step' }, ... } }", 2)
  end
  for key in pairs(description) do
    if not FIELDS[key] then
      error(("phase %s: unknown field '%s'"):format(description.name, tostring(key)), 2)
    end
  end
  local phase = setmetatable({
    name = description.name, doc = description.doc, limit = description.limit or 1,
    undo_on_failure = description.undo_on_failure or false, entries = {},
  }, Phase)
  local file = file_of(2)
  for i, row in ipairs(description.steps or {}) do
    if type(row) ~= "table" or type(row[1]) ~= "number" or row[2] == nil then
      error(("phase %s: entry %d of steps must be { number, step }"):format(phase.name, i), 2)
    end
    local entry = new_entry(row[1], row[2], "phase " .. phase.name, file)
    check_new(phase, entry, 2)
    phase.entries[i] = entry
  end
  return phase
end

---True for what `phase.new` returns.
---@param value any
---@return boolean
function M.is_phase(value) return getmetatable(value) == Phase end

---The index of a step, or nil.
---@param name string
---@return integer?
function Phase:position(name)
  for i, entry in ipairs(self.entries) do
    if entry.name == name then return i end
  end
  return nil
end

---The phase of this name that the user's scripts give, else the shipped one.
---@param name string
---@return bench.Phase? phase
---@return bench.Error? err `invalid`: the file returns something else
function M.load(name)
  local phase = require("scripts." .. name)
  local file = require("bench.search").find(name) or name
  if not M.is_phase(phase) then
    return nil, { code = "invalid", message = ("%s: the file must return a phase, but returns %s"):format(file,
      phase == true and "nothing" or inspect.line(phase, 60)),
      hint = "return require(\"bench.phase\").new { name = ..., steps = ... }, as the shipped one does" }
  end
  for _, entry in ipairs(phase.entries) do entry.file = entry.file or file end
  return phase
end

local function must_find(phase, name, level)
  local position = phase:position(name)
  if position then return position end
  local names = {}
  for i, entry in ipairs(phase.entries) do names[i] = entry.name end
  local hint = text.did_you_mean(name, names)
  if hint == "" then hint = "; it has " .. table.concat(names, ", ") end
  error(("%s has no step '%s'%s"):format(phase.name, tostring(name), hint), (level or 1) + 2)
end

-- The step of an entry with its wraps around it.
local function resolve(phase, entry)
  local base = entry.step or step.load(phase.name, entry.name, entry.file)
  if #entry.wraps == 0 then return base end
  local run = base.run
  for _, wrap in ipairs(entry.wraps) do
    local inner = run
    run = function(ctx, stack) return wrap(inner, ctx, stack) end
  end
  local wrapped = {}
  for key, value in pairs(base) do wrapped[key] = value end
  wrapped.run = run
  return wrapped
end

---Takes a step out.
---@param name string
function Phase:remove(name) table.remove(self.entries, must_find(self, name)) end

local function insert(phase, anchor, definition, offset)
  local position = must_find(phase, anchor, 2)
  local entry = new_entry(phase.entries[position].number, definition, "phase " .. phase.name, file_of(3))
  check_new(phase, entry, 3)
  table.insert(phase.entries, position + offset, entry)
end

---Puts a step in front of another one.
---@param anchor string
---@param definition bench.Step|string
function Phase:before(anchor, definition) insert(self, anchor, definition, 0) end

---Puts a step behind another one.
---@param anchor string
---@param definition bench.Step|string
function Phase:after(anchor, definition) insert(self, anchor, definition, 1) end

---Puts a step in the place of another one, under its number. A function replaces only its `run`.
---@param name string
---@param definition bench.Step|string|fun(ctx: table, stack?: table): any, any
function Phase:replace(name, definition)
  local position = must_find(self, name)
  local entry = self.entries[position]
  if type(definition) == "function" then
    local run = definition
    entry.wraps = { function(_, ctx, stack) return run(ctx, stack) end }
    return
  end
  local fresh = new_entry(entry.number, definition, "phase " .. self.name, file_of(2))
  if fresh.name ~= name then check_new(self, fresh, 2) end
  self.entries[position] = fresh
end

---Runs `fn(base, ctx, stack)` instead of the step; `base(ctx, stack)` is what was there.
---@param name string
---@param fn fun(base: function, ctx: table, stack?: table): any, any
function Phase:wrap(name, fn)
  if type(fn) ~= "function" then error("wrap(name, function(base, ctx, stack) ... end)", 2) end
  table.insert(self.entries[must_find(self, name)].wraps, fn)
end

---The step as it would run.
---@param name string
---@return bench.Step? step nil if there is none of that name
function Phase:find(name)
  local position = self:position(name)
  return position and resolve(self, self.entries[position]) or nil
end

---What would run, in order.
---@return { number: integer?, name: string, scope: string, doc: string?, step: bench.Step }[]
function Phase:list()
  local rows = {}
  for i, entry in ipairs(self.entries) do
    local found = resolve(self, entry)
    rows[i] = { number = entry.number, name = entry.name, scope = found.scope or "global", doc = found.doc,
      step = found }
  end
  return rows
end

---The steps that a filter selects, in order, each with the part of the phase it belongs to.
---@param wanted? string `0,3-5`, names too; nil for all
---@return table[]? rows
---@return bench.Error? err `invalid`
function Phase:select(wanted)
  local rows = self:list()
  local part = "before"
  for _, row in ipairs(rows) do
    if row.scope == "stack" then part = "after" end
    row.part = row.scope == "stack" and "stacks" or part
  end
  return filter.apply(self.name, rows, wanted)
end

---@class bench.PhaseResult
---@field ok boolean
---@field phase string
---@field seconds number
---@field steps bench.StepRecord[] In the order in which they ended

---Runs the phase: global steps up to the first per-stack one, then the stacks side by side, then the other
---global steps. A failed step is a value in the result; a failed stack does not stop the others. If the task
---is cancelled, everything that was begun is undone and `cancelled` is raised with the `result` so far.
---@async
---@param ctx bench.Context
---@param opts? { steps?: string, limit?: integer }
---@return bench.PhaseResult? result
---@return bench.Error? err `invalid`: bad filter, or no stack to work on; nothing has run
function Phase:run(ctx, opts)
  opts = opts or {}
  local rows, err = self:select(opts.steps)
  if not rows then return nil, err end
  return require("bench.phase.run").run(self, rows, ctx, opts.limit or self.limit)
end

return M
