-- The tables that a run prints.
local headline = require "bench.report.headline"
local tables = require "bench.table"

local M = {}

-- The columns that `cells` fills.
local MEASURED = {
  { title = "stage", align = "right" }, { title = "load", align = "right" },
  { title = "requests", align = "right" }, { title = "failed", align = "right" },
  { title = "req/s", align = "right" }, { title = "out tok/s", align = "right" },
  { title = "TTFT p50", align = "right" }, { title = "TTFT p99", align = "right" },
  { title = "ITL p50", align = "right" }, { title = "E2E p50", align = "right" },
  { title = "E2E p99", align = "right" }, { title = "verdict" },
}

---Columns of the caller's own, then those that `cells` fills.
---@param titles string[]
---@return bench.table.Column[]
function M.columns(titles)
  local columns = {}
  for i, title in ipairs(titles) do columns[i] = { title = title } end
  for _, column in ipairs(MEASURED) do columns[#columns + 1] = column end
  return columns
end

local COLUMNS = M.columns { "treatment" }

---What was asked of a stage: `8 req/s` or `c=16`.
---@param stage bench.report.Headline
---@return string?
function M.load(stage)
  local parts = {}
  if stage.rate then parts[#parts + 1] = tables.number(stage.rate) .. " req/s" end
  if stage.concurrency then parts[#parts + 1] = "c=" .. tables.number(stage.concurrency) end
  return parts[1] and table.concat(parts, " ") or nil
end

---@param verdict string
---@return bench.table.Cell
function M.verdict(verdict) return { text = verdict, style = verdict == "valid" and "good" or "bad" } end

---The cells of one stage, without the treatment's name.
---@param stage bench.report.Headline
---@return table
function M.cells(stage)
  local failures = stage.failures > 0 and { text = tostring(stage.failures), style = "bad" } or 0
  return { stage.stage, M.load(stage), stage.requests, failures, tables.number(stage.request_rate),
    tables.number(stage.output_tokens_per_s), tables.seconds(stage.ttft_p50_s),
    tables.seconds(stage.ttft_p99_s),
    tables.seconds(stage.itl_p50_s), tables.seconds(stage.e2e_p50_s), tables.seconds(stage.e2e_p99_s),
    M.verdict(stage.verdict) }
end

local function name_of(entry, several_stacks)
  local name = entry.treatment or "-"
  return several_stacks and entry.stack .. " / " .. name or name
end

local function drop_column(columns, rows, index)
  local kept = {}
  for c, column in ipairs(columns) do
    if c ~= index then kept[#kept + 1] = column end
  end
  for r, row in ipairs(rows) do
    local cells = {}
    for c = 1, #columns do
      if c ~= index then cells[#cells + 1] = row[c] == nil and { text = "-", style = "dim" } or row[c] end
    end
    rows[r] = cells
  end
  return kept
end

local function is_named(entries, several_stacks)
  for _, entry in ipairs(entries) do
    if entry.treatment then return true end
  end
  return several_stacks
end

-- Why the verdict is what it is, and what the requests that failed ran into, class by class.
local function notes_of(stage, place, notes)
  for _, reason in ipairs(stage.verdict.reasons or {}) do
    notes[#notes + 1] = ("%s: %s: %s"):format(place, stage.verdict.status, reason)
  end
  local failures, classes = stage.metrics.failures or {}, {}
  for class in pairs(failures) do classes[#classes + 1] = class end
  table.sort(classes)
  for _, class in ipairs(classes) do
    local sample = (failures[class].samples or {})[1] or {}
    notes[#notes + 1] = ("%s: %d x %s%s%s"):format(place, failures[class].count, class,
      (sample.status or 0) > 0 and " (HTTP " .. sample.status .. ")" or "", sample.detail and ": " .. sample.detail or "")
  end
end

---What a reader should know of a stack with several servers; nil for one.
---@param servers? integer how many it has
---@return string?
function M.servers_note(servers)
  if not servers or servers < 2 then return nil end
  return ("only the first of %d servers was measured"):format(servers)
end

-- A shortfall beyond this share of the requested rate is worth a word.
local SHORTFALL = 0.02

---Why stages that answered everything stay below the rate they were asked for; nil if none does.
---@param stages bench.report.Headline[]
---@return string?
function M.drain_note(stages)
  for _, stage in ipairs(stages) do
    local rate, answered = stage.rate, stage.request_rate
    if rate and answered and stage.verdict == "valid" and stage.failures == 0
      and answered < rate * (1 - SHORTFALL) then
      return "req/s counts until the last answer: a short stage that answers everything stays below its rate"
    end
  end
end

---Notes as lines below a table.
---@param notes string[]
---@param look { color?: boolean }
---@return string
function M.notes(notes, look)
  local lines = {}
  for i, note in ipairs(notes) do lines[i] = tables.paint("! ", "warn", look.color) .. note .. "\n" end
  return table.concat(lines)
end

local function stack_notes(stacks, several, notes)
  for _, stack in ipairs(stacks) do
    local note = M.servers_note(stack.endpoint and #(stack.endpoint.urls or {}))
    if note then notes[#notes + 1] = (several and stack.name .. ": " or "") .. note end
  end
end

local function rows_of(entries, several_stacks)
  local rows, notes, stages, named = {}, {}, {}, is_named(entries, several_stacks)
  for _, entry in ipairs(entries) do
    local name = name_of(entry, several_stacks)
    for _, stage in ipairs(entry.result and entry.result.stages or {}) do
      stages[#stages + 1] = headline.of(stage)
      local cells = M.cells(stages[#stages])
      local row = { name }
      for c = 1, #COLUMNS - 1 do row[c + 1] = cells[c] end
      rows[#rows + 1] = row
      notes_of(stage, ("%sstage %d"):format(named and name .. ", " or "", stage.index), notes)
    end
    for _, note in ipairs(entry.result and entry.result.notes or {}) do
      notes[#notes + 1] = (named and name .. ": " or "") .. note
    end
  end
  notes[#notes + 1] = M.drain_note(stages)
  return rows, notes
end

---The table and the notes below it, as text.
---@param ctx bench.Context
---@param results { treatments: table[] }
---@param look { width?: integer, color?: boolean }
---@return string
function M.text(ctx, results, look)
  local several = #(ctx.stacks or {}) > 1
  local rows, notes = rows_of(results.treatments, several)
  local columns = COLUMNS
  if not is_named(results.treatments, several) then columns = drop_column(COLUMNS, rows, 1) end
  if #rows > 0 then stack_notes(ctx.stacks or {}, several, notes) end
  return tables.render(columns, rows, look) .. M.notes(notes, look)
end

---@param ctx bench.Context
---@param results { treatments: table[] }
function M.print(ctx, results)
  local text = M.text(ctx, results, require("bench.report.screen").look())
  for line in text:gmatch("([^\n]*)\n") do ctx.log.plain(line) end
end

return M
