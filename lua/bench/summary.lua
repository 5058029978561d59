---`experiment-summary.yaml`: what became of each treatment so far. It is rewritten as a whole, in one step,
---after each treatment; writing takes at most a twentieth of the time.
---@class bench.summary
local M = {}

local clock = require "host.clock"
local fs = require "host.fs"
local hidden = require "bench.hidden"
local info = require "host.info"
local json = require "host.json"
local yaml = require "host.yaml"

M.FILE = "experiment-summary.yaml"
local MOST_SHARE = 1 / 20

---@class bench.summary.Facts
---@field dir string folder of the experiment
---@field name string
---@field spec? string
---@field kind string
---@field file? string
---@field digest string
---@field schedule bench.doe.Schedule
---@field plan_digests table<string, string>
---@field run_count integer different run treatments

---@class bench.summary.Summary
---@field private facts bench.summary.Facts
---@field private state bench.experiment.State
---@field private texts table<string, table<string, string>> text of each finished cell
local Summary = {}
Summary.__index = Summary

---@param facts bench.summary.Facts
---@param state bench.experiment.State
---@return bench.summary.Summary
function M.new(facts, state)
  return setmetatable({ facts = facts, state = state, texts = {}, started_at = clock.rfc3339(),
    started_s = clock.monotonic(),
    before_s = 0, quiet_until_s = 0 }, Summary)
end

---Continues the clock of an interrupted experiment.
---@param started_at string
---@param seconds number spent before
function Summary:continue(started_at, seconds)
  self.started_at, self.before_s = started_at, seconds
end

---@return number seconds spent on the experiment so far
function Summary:seconds()
  return self.before_s + clock.monotonic() - self.started_s
end

---The cell changed: its text is made anew.
---@param setup string
---@param cell string
function Summary:forget(setup, cell)
  if self.texts[setup] then self.texts[setup][cell] = nil end
end

local function plain_overrides(overrides)
  local map, order = {}, {}
  for i, each in ipairs(overrides) do map[each.key], order[i] = hidden.copy(each.value), each.key end
  return json.object(map, order)
end

local function tenth(seconds) return math.floor(seconds * 10 + 0.5) / 10 end

local RESULT = { "stack", "experiment_id", "results_dir", "verdict", "manifest_sha256" }

local function results_of(cell)
  local list = {}
  for i, result in ipairs(cell.results) do
    list[i] = json.object({ stack = result.stack, experiment_id = result.id, results_dir = result.dir,
      verdict = result.verdict, manifest_sha256 = result.manifest }, RESULT)
  end
  return json.list(list)
end

local CELL = { "run_treatment", "repetition", "status", "data_seed", "duration_seconds", "error", "overrides",
  "results" }

local function cell_text(planned, cell)
  local item = json.object({
    run_treatment = planned.run.name, repetition = planned.repetition, status = cell.status,
    data_seed = planned.seed, duration_seconds = tenth(cell.seconds or 0), error = cell.error,
    overrides = plain_overrides(planned.run.overrides), results = results_of(cell),
  }, CELL)
  return (yaml.encode({ item }):gsub("[^\n]+", "  %0"))
end

local function cells_text(self, group, setup, lines)
  local texts = self.texts[group.setup.name] or {}
  self.texts[group.setup.name] = texts
  local done = 0
  for _, planned in ipairs(group.cells) do
    local cell = setup.cells[planned.name]
    if cell then
      if cell.status ~= "failed" then done = done + 1 end
      if #lines == 0 then lines[1] = "  runs:\n" end
      texts[planned.name] = texts[planned.name] or cell_text(planned, cell)
      lines[#lines + 1] = texts[planned.name]
    end
  end
  return done
end

local SETUP = { "setup_treatment", "status", "run_treatments", "duration_seconds", "workspace_dir", "error",
  "plan_digest", "overrides" }

local function status_of(setup, measured)
  if setup.status then return setup.status end
  if setup.interrupted then return "interrupted" end
  return measured > 0 and "running" or "pending"
end

local function setup_text(self, group, lines)
  local name = group.setup.name
  local setup = self.state:setup(name)
  local cells = {}
  local done = cells_text(self, group, setup, cells)
  lines[#lines + 1] = yaml.encode { json.object({
    setup_treatment = name, status = status_of(setup, #cells),
    run_treatments = done .. "/" .. #group.cells, duration_seconds = tenth(setup.seconds),
    workspace_dir = self.facts.dir .. "/setup-treatment-" .. name, error = setup.error,
    plan_digest = self.facts.plan_digests[name], overrides = plain_overrides(group.setup.overrides),
  }, SETUP) }
  for _, text in ipairs(cells) do lines[#lines + 1] = text end
end

-- Setup treatments that ended well and badly.
local function tally(self)
  local succeeded, failed = 0, 0
  for _, group in ipairs(self.facts.schedule.groups) do
    local status = self.state:setup(group.setup.name).status
    if status == "success" then succeeded = succeeded + 1 elseif status then failed = failed + 1 end
  end
  return succeeded, failed
end

local HEAD = { "experiment", "total_setup_treatments", "total_run_treatments", "total_matrix", "succeeded",
  "failed", "total_duration_seconds", "cells", "started_at", "ended_at", "tool_version", "spec", "design",
  "design_file", "order", "seed", "repeats", "digest" }

---The file's content.
---@param ended boolean
---@return string
function Summary:text(ended)
  local facts, schedule = self.facts, self.facts.schedule
  local succeeded, failed = tally(self)
  local head = json.object({
    experiment = facts.name, total_setup_treatments = #schedule.groups,
    total_run_treatments = facts.run_count,
    total_matrix = schedule.cells, succeeded = succeeded, failed = failed,
    total_duration_seconds = tenth(self:seconds()),
    cells = json.object(self.state:count(schedule), { "ok", "not_valid", "failed", "missing" }),
    started_at = self.started_at, ended_at = ended and clock.rfc3339() or nil, tool_version = info.version,
    spec = facts.spec, design = facts.kind, design_file = facts.file, order = schedule.order,
    seed = schedule.seed, repeats = schedule.repeats, digest = facts.digest,
  }, HEAD)
  local lines = { yaml.encode(head), "treatments:\n" }
  for _, group in ipairs(schedule.groups) do setup_text(self, group, lines) end
  return table.concat(lines)
end

---Writes the file, unless it was written a moment ago and nothing urges.
---@param opts? { now?: boolean, ended?: boolean } now: write in any case
---@return true? ok
---@return bench.Error? err
function Summary:write(opts)
  opts = opts or {}
  local begun = clock.monotonic()
  if not opts.now and begun < self.quiet_until_s then return true end
  local ok, err = fs.write(self.facts.dir .. "/" .. M.FILE, self:text(opts.ended or false),
    { sync = opts.now or false })
  if not ok then return nil, err end
  local now = clock.monotonic()
  self.quiet_until_s = now + (now - begun) / MOST_SHARE
  return true
end

return M
