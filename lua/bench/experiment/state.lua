-- How far an experiment is: read from its journal, and kept up to date while it runs.
local fs = require "host.fs"
local manifest = require "bench.manifest"

local M = {}

---@class bench.experiment.Result one stack's results of a cell
---@field stack string
---@field id string experiment id
---@field dir string result folder, relative to the experiment's
---@field verdict? string worst verdict of its stages
---@field manifest? string SHA-256 of its manifest
---@field servers? integer of the stack; the first is measured
---@field stages? table[] the figures that tables and pictures show

---@class bench.experiment.CellState
---@field status "ok"|"not_valid"|"failed"
---@field seconds number
---@field results bench.experiment.Result[]
---@field error? string

---@class bench.experiment.SetupState
---@field status? string success, failed_render, failed_standup, ...; nil: not finished
---@field interrupted? boolean the experiment was stopped in it; cleared when it goes on
---@field standing boolean something may be running
---@field measuring? string the cell that was begun last and has not finished
---@field seconds number
---@field error? string
---@field cells table<string, bench.experiment.CellState>

---@class bench.experiment.State
---@field setups table<string, bench.experiment.SetupState>
local State = {}
State.__index = State

---@return bench.experiment.State
function M.new()
  return setmetatable({ setups = {} }, State)
end

---@param name string
---@return bench.experiment.SetupState
function State:setup(name)
  local setup = self.setups[name]
  if not setup then
    setup = { standing = false, seconds = 0, cells = {} }
    self.setups[name] = setup
  end
  return setup
end

-- What each event of the journal means.
local apply = {
  setup_started = function(setup)
    setup.status, setup.error, setup.interrupted, setup.measuring = nil, nil, nil, nil
  end,
  interrupted = function(setup) setup.interrupted = true end,
  standup_started = function(setup) setup.standing = true end,
  teardown_finished = function(setup, entry)
    if entry.ok then setup.standing = false end
  end,
  treatment_started = function(setup, entry) setup.cells[entry.cell], setup.measuring = nil, entry.cell end,
  treatment_finished = function(setup, entry)
    setup.measuring = nil
    setup.cells[entry.cell] = { status = entry.status, seconds = entry.seconds, results = entry.results or {},
      error = entry.error }
  end,
  setup_finished = function(setup, entry)
    setup.status, setup.error, setup.seconds = entry.status, entry.error, setup.seconds + (entry.seconds or 0)
  end,
}

---Takes one entry of the journal into account.
---@param entry bench.journal.Entry
function State:apply(entry)
  if apply[entry.event] then apply[entry.event](self:setup(entry.setup), entry) end
end

---@param entries bench.journal.Entry[]
---@return bench.experiment.State
function M.from(entries)
  local state = M.new()
  for _, entry in ipairs(entries) do state:apply(entry) end
  return state
end

---Is this cell measured, for good? Failed ones are not.
---@param setup string
---@param cell string
---@return boolean
function State:is_done(setup, cell)
  local known = self:setup(setup).cells[cell]
  return known ~= nil and known.status ~= "failed"
end

---Forgets cells whose result folders are not what the journal says.
---@param dir string folder of the experiment
---@return string[] problems
function State:verify(dir)
  local problems = {}
  for setup_name, setup in pairs(self.setups) do
    for cell_name, cell in pairs(setup.cells) do
      for _, result in ipairs(cell.status ~= "failed" and cell.results or {}) do
        local ok, err = manifest.verify(dir .. "/" .. result.dir, result.manifest)
        if not ok then
          problems[#problems + 1] = ("%s / %s: %s"):format(setup_name, cell_name, err.message)
          setup.cells[cell_name] = nil
          break
        end
      end
    end
  end
  table.sort(problems)
  return problems
end

---Removes result folders of a setup that belong to no measured cell.
---@param dir string folder of the experiment
---@param setup_dir string folder of the setup, relative to it
---@param setup string
---@return string[] removed
function State:remove_strays(dir, setup_dir, setup)
  local kept, removed = {}, {}
  for _, cell in pairs(self:setup(setup).cells) do
    for _, result in ipairs(cell.results) do kept[result.dir] = true end
  end
  local results = setup_dir .. "/results"
  for _, entry in ipairs(fs.list(dir .. "/" .. results) or {}) do
    local path = results .. "/" .. entry.name
    if entry.type == "dir" and not kept[path] then
      if fs.remove_tree(dir .. "/" .. path, { inside = dir }) then removed[#removed + 1] = path end
    end
  end
  return removed
end

---How many cells of a schedule there are in each state.
---@param schedule bench.doe.Schedule
---@return { ok: integer, not_valid: integer, failed: integer, missing: integer }
function State:count(schedule)
  local count = { ok = 0, not_valid = 0, failed = 0, missing = 0 }
  for _, group in ipairs(schedule.groups) do
    local cells = self:setup(group.setup.name).cells
    for _, cell in ipairs(group.cells) do
      local status = cells[cell.name] and cells[cell.name].status or "missing"
      count[status] = count[status] + 1
    end
  end
  return count
end

return M
