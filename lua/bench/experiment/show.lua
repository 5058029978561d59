-- What an experiment says about itself: the boxes at both ends, a line per treatment, the list.
local banner = require "bench.banner"
local inspect = require "bench.inspect"
local tables = require "bench.table"

local M = {}

local WIDTH = 62
local MARKS = { ok = "✓", not_valid = "!", failed = "✗" }

local LABEL_WIDTH = 18

local function row(lines, label, value)
  if value == nil or value == "" then return end
  lines[#lines + 1] = tables.pad(label .. ":", LABEL_WIDTH) .. " " .. tostring(value)
end

local function count_runs(design)
  local seen, count = {}, 0
  for _, setup in ipairs(design.setups) do
    for _, run in ipairs(setup.runs) do
      if not seen[run.name] then
        seen[run.name], count = true, count + 1
      end
    end
  end
  return count
end
M.count_runs = count_runs

---@param design bench.doe.Design
---@param schedule bench.doe.Schedule
---@param facts { harness?: string, profile?: string, opts: table, done?: integer }
---@return string[] lines
function M.start(design, schedule, facts)
  local lines = {}
  row(lines, "Name", design.name)
  row(lines, "Setup treatments", #schedule.groups)
  row(lines, "Run treatments", count_runs(design))
  row(lines, "Repeats", schedule.repeats > 1 and schedule.repeats or nil)
  row(lines, "Total matrix", schedule.cells)
  row(lines, "Already measured", facts.done and facts.done > 0 and facts.done or nil)
  row(lines, "Order", schedule.order .. " (seed " .. ("%d"):format(schedule.seed) .. ")")
  row(lines, "Harness", facts.harness)
  row(lines, "Profile", facts.profile)
  row(lines, "Continue on error", facts.opts.stop_on_error and "no" or "yes")
  row(lines, "Skip teardown", facts.opts.skip_teardown and "yes" or "no")
  return banner.box("DoE EXPERIMENT", lines, { width = WIDTH })
end

local function eta(run)
  local left = run.timing:remaining_s()
  return left and left > 0 and ", about " .. tables.seconds(left) .. " left" or ""
end

---@param run bench.experiment.Run
---@param index integer
---@param group bench.doe.Group
---@param pending integer
---@return string
function M.setup_line(run, index, group, pending)
  local part = pending < #group.cells and (" (%d of %d runs left)"):format(pending, #group.cells) or ""
  return ("[%d/%d] Setup treatment: %s%s%s"):format(index, #run.schedule.groups, group.setup.name, part,
    eta(run))
end

---@param run bench.experiment.Run
---@param setup string
---@param cell bench.doe.Cell
---@param status string
---@param seconds number
---@return string
function M.cell_line(run, setup, cell, status, seconds)
  return ("[%d/%d] %s %s / %s: %s in %s%s"):format(run.timing.done, run.timing.total, MARKS[status], setup,
    cell.name, status:gsub("_", " "), tables.seconds(seconds), eta(run))
end

local function treatment_lines(run, group, lines)
  local setup = run.state:setup(group.setup.name)
  local done = 0
  for _, cell in ipairs(group.cells) do
    if run.state:is_done(group.setup.name, cell.name) then done = done + 1 end
  end
  local status = setup.status or "not run"
  lines[#lines + 1] = ("%s %s %s runs: %d/%d"):format(status == "success" and MARKS.ok or MARKS.failed,
    tables.pad(group.setup.name, 30), tables.pad(status, 18), done, #group.cells)
  if setup.error then lines[#lines + 1] = "    " .. setup.error:match("[^\n]*") end
end

---@param run bench.experiment.Run
---@param design bench.doe.Design
---@return string[] lines
function M.finish(run, design)
  local lines, succeeded, recorded = {}, 0, 0
  row(lines, "Experiment", design.name)
  row(lines, "Setup treatments", #run.schedule.groups)
  row(lines, "Run treatments", count_runs(design))
  row(lines, "Total matrix", run.schedule.cells)
  row(lines, "Duration", tables.seconds(run.summary:seconds()))
  lines[#lines + 1] = "-"
  for _, group in ipairs(run.schedule.groups) do
    local status = run.state:setup(group.setup.name).status
    if status then recorded = recorded + 1 end
    if status == "success" then succeeded = succeeded + 1 end
    treatment_lines(run, group, lines)
  end
  lines[#lines + 1] = "-"
  lines[#lines + 1] = ("Result: %d/%d succeeded, %d failed"):format(succeeded, recorded, recorded - succeeded)
  local cells = run.state:count(run.schedule)
  lines[#lines + 1] = ("Runs: %d ok, %d not valid, %d failed, %d not run"):format(cells.ok, cells.not_valid,
    cells.failed,
    cells.missing)
  return banner.box("DoE EXPERIMENT SUMMARY", lines, { width = WIDTH })
end

-- The list

local function overrides_text(overrides)
  local parts = {}
  for i, each in ipairs(overrides) do parts[i] = each.key .. "=" .. inspect.line(each.value, 40) end
  return #parts == 0 and { text = "(as it is)", style = "dim" } or table.concat(parts, " ")
end

---The treatments of an experiment and what they cost, as data.
---@param design bench.doe.Design
---@param schedule bench.doe.Schedule
---@return table
function M.list(design, schedule)
  local tree = { name = design.name, kind = design.kind, order = schedule.order, seed = schedule.seed,
    repeats = schedule.repeats, standups = #schedule.groups, runs = schedule.cells,
    key_changes = schedule.key_changes,
    treatments = {} }
  for i, group in ipairs(schedule.groups) do
    local cells = {}
    for c, cell in ipairs(group.cells) do
      cells[c] = { name = cell.name, run = cell.run.name, repetition = cell.repetition, data_seed = cell.seed,
        overrides = cell.run.overrides }
    end
    tree.treatments[i] = { setup = group.setup.name, overrides = group.setup.overrides, runs = cells }
  end
  return tree
end

---@param count integer
---@param word string
---@return string
local function counted(count, word) return count .. " " .. word .. (count == 1 and "" or "s") end

---The same for people.
---@param design bench.doe.Design
---@param schedule bench.doe.Schedule
---@param look { width?: integer, color?: boolean }
---@return string
function M.list_text(design, schedule, look)
  local setups, runs, seen = {}, {}, {}
  for i, group in ipairs(schedule.groups) do
    setups[i] = { i, group.setup.name, #group.cells, overrides_text(group.setup.overrides) }
    for _, cell in ipairs(group.cells) do
      if not seen[cell.run.name] then
        seen[cell.run.name] = true
        runs[#runs + 1] = { cell.run.name, overrides_text(cell.run.overrides) }
      end
    end
  end
  local head = ("%s (%s): %s, %s%s, order %s, seed %d"):format(design.name or "design", design.kind,
    counted(#schedule.groups, "standup"), counted(schedule.cells, "run"),
    schedule.repeats > 1 and " (" .. counted(schedule.repeats, "repeat") .. " of each)" or "", schedule.order,
      schedule.seed)
  return table.concat {
    head, "\n", design.description and design.description .. "\n" or "",
    "\nSetup treatments, in the order in which they are stood up (",
    counted(schedule.key_changes, "changed key"), "):\n",
    tables.render({ { title = "#", align = "right" }, { title = "setup" },
      { title = "runs", align = "right" }, { title = "sets" } },
      setups, look),
    "\nRun treatments:\n", tables.render({ { title = "run" }, { title = "sets" } }, runs, look),
  }
end

return M
