-- What the treatments of an experiment have to say together: a table, a CSV file, pictures.
local fs = require "host.fs"
local json = require "host.json"
local lines = require "bench.experiment.lines"
local lists = require "bench.lists"
local plot = require "bench.plot"
local tables = require "bench.table"
local terminal = require "bench.report.terminal"

local M = {}

M.FILE = "treatments.csv"
local MOST_ROWS = 200
local MOST_SERIES = 16

local FIGURES = { "stage", "verdict", "rate", "concurrency", "requests", "failures", "request_rate",
  "output_tokens_per_s",
  "total_tokens_per_s", "ttft_p50_s", "ttft_p99_s", "tpot_p50_s", "itl_p50_s", "itl_p99_s", "e2e_p50_s",
  "e2e_p99_s",
  "cached_ratio" }

---@class bench.experiment.Row
---@field setup string
---@field run string
---@field repetition integer
---@field stack string
---@field setup_values table<string, any> levels of the setup factors
---@field run_values table<string, any> levels of the run factors
---@field overrides bench.doe.Override[] of the run treatment
---@field figures bench.report.Headline
---@field dir string
---@field servers? integer of the stack, of which the first was measured

---Every measured stage of every treatment, in the order of measuring.
---@param run bench.experiment.Run
---@return bench.experiment.Row[]
function M.rows(run)
  local rows = {}
  for _, group in ipairs(run.schedule.groups) do
    local cells = run.state:setup(group.setup.name).cells
    for _, cell in ipairs(group.cells) do
      for _, result in ipairs(cells[cell.name] and cells[cell.name].results or {}) do
        for _, figures in ipairs(result.stages or {}) do
          rows[#rows + 1] = { setup = group.setup.name, run = cell.run.name, repetition = cell.repetition,
            stack = result.stack,
            setup_values = group.setup.values, run_values = cell.run.values,
            overrides = cell.run.overrides, figures = figures, dir = result.dir, servers = result.servers }
        end
      end
    end
  end
  return rows
end

-- CSV

local function field(value)
  if value == nil then return "" end
  if value == json.null then return "null" end
  local text = type(value) == "number" and ("%.10g"):format(value)
    or type(value) == "table" and json.encode(value) or tostring(value)
  if text:find('[",\r\n]') then return '"' .. text:gsub('"', '""') .. '"' end
  return text
end

local function factor_names(rows, key)
  local names, seen = {}, {}
  for _, row in ipairs(rows) do
    for name in pairs(row[key]) do
      if not seen[name] then
        seen[name], names[#names + 1] = true, name
      end
    end
  end
  table.sort(names)
  return names
end

local BEFORE = { "setup_treatment", "run_treatment", "repetition", "stack" }
local AFTER = lists.extend(FIGURES, "results_dir")

-- The columns of factors. A name that another column has too says where it belongs: `setup.rate`, `run.rate`.
local function factor_columns(names, others, scope)
  local columns = {}
  for i, name in ipairs(names) do
    local column = name
    while lists.contains(others, column) do column = scope .. "." .. column end
    columns[i] = column
  end
  return columns
end

local function header(setups, runs)
  local fixed = lists.extend(BEFORE, unpack(AFTER))
  local columns = { BEFORE, factor_columns(setups, lists.extend(fixed, unpack(runs)), "setup"),
    factor_columns(runs, lists.extend(fixed, unpack(setups)), "run"), AFTER }
  local cells = {}
  for _, names in ipairs(columns) do
    for _, name in ipairs(names) do cells[#cells + 1] = field(name) end
  end
  return table.concat(cells, ",")
end

local function line(row, setups, runs)
  local cells = { field(row.setup), field(row.run), field(row.repetition), field(row.stack) }
  for _, name in ipairs(setups) do cells[#cells + 1] = field(row.setup_values[name]) end
  for _, name in ipairs(runs) do cells[#cells + 1] = field(row.run_values[name]) end
  for _, name in ipairs(FIGURES) do cells[#cells + 1] = field(row.figures[name]) end
  cells[#cells + 1] = field(row.dir)
  return table.concat(cells, ",")
end

---One line per stage of each treatment: names, levels of the factors, figures with their units in the names.
---@param rows bench.experiment.Row[]
---@return string
function M.csv(rows)
  local setups, runs = factor_names(rows, "setup_values"), factor_names(rows, "run_values")
  local text = { header(setups, runs) }
  for _, row in ipairs(rows) do text[#text + 1] = line(row, setups, runs) end
  return table.concat(text, "\n") .. "\n"
end

-- Table

local COLUMNS = terminal.columns { "setup", "run" }

local function run_name(row, repeats) return repeats > 1 and row.run .. " r" .. row.repetition or row.run end

-- What is worth knowing of a setup's stacks, once for each.
local function notes_of(rows)
  local notes, seen = {}, {}
  for _, row in ipairs(rows) do
    local note = terminal.servers_note(row.servers)
    local text = note and ("setup '%s', stack '%s': %s"):format(row.setup, row.stack, note)
    if text and not seen[text] then
      seen[text], notes[#notes + 1] = true, text
    end
  end
  local stages = {}
  for i, row in ipairs(rows) do stages[i] = row.figures end
  notes[#notes + 1] = terminal.drain_note(stages)
  return notes
end

---The table of all rows, and notes below it.
---@param rows bench.experiment.Row[]
---@param repeats integer
---@param look { width?: integer, color?: boolean }
---@return string
function M.table(rows, repeats, look)
  local cells = {}
  for i = 1, math.min(#rows, MOST_ROWS) do
    local row = { rows[i].setup, run_name(rows[i], repeats) }
    for c, cell in ipairs(terminal.cells(rows[i].figures)) do row[c + 2] = cell end
    for c = 3, #COLUMNS do row[c] = row[c] == nil and { text = "-", style = "dim" } or row[c] end
    cells[i] = row
  end
  local more = #rows > MOST_ROWS and ("... and %d more in %s\n"):format(#rows - MOST_ROWS, M.FILE) or ""
  return tables.render(COLUMNS, cells, look) .. more .. terminal.notes(notes_of(rows), look)
end

-- Pictures

local function draw(run, rows, name)
  local groups = lines.of(rows)
  if #groups > MOST_SERIES then
    local text = "No picture of all treatments: %d lines are too many to tell apart (%s has the numbers)"
    run.say.info(text:format(#groups, M.FILE))
    return {}
  end
  local ok, err = fs.mkdir(run.dir .. "/analysis")
  if not ok then return nil, err end
  local repeats = run.schedule.repeats
  local title = repeats > 1 and ("%s (points are means of %d repetitions)"):format(name, repeats) or name
  return plot.against_load(groups, run.dir .. "/analysis/treatments_against_load", title)
end

---Prints the table, writes the CSV file, draws the pictures. None of it can fail the experiment.
---@param run bench.experiment.Run
---@param design bench.doe.Design
function M.of(run, design)
  local rows = M.rows(run)
  if #rows == 0 then return end
  local text = M.table(rows, run.schedule.repeats, require("bench.report.screen").look())
  for each in text:gmatch("([^\n]*)\n") do run.say.plain(each) end
  local ok, err = fs.write(run.dir .. "/" .. M.FILE, M.csv(rows))
  local files
  if ok then files, err = draw(run, rows, design.name or "experiment") end
  if err then run.say.warn("comparison of the treatments: " .. err.message) end
  run.say.info("Comparison: " .. run.dir .. "/" .. M.FILE)
  for _, file in ipairs(files or {}) do run.say.info("Picture: " .. file) end
end

return M
