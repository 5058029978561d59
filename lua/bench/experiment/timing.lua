-- How long treatments take, to say when the experiment will be over.
local M = {}

---@class bench.experiment.Timing
---@field done integer cells measured, earlier invocations included
---@field total integer
---@field private setups_left integer
local Timing = {}
Timing.__index = Timing

---@param done integer cells that were measured before
---@param total integer
---@param setups integer setup treatments still to be measured
---@return bench.experiment.Timing
function M.new(done, total, setups)
  return setmetatable({ done = done, total = total, setups_left = setups, cells = 0, cell_seconds = 0,
    setups = 0,
    setup_seconds = 0, in_setup = 0 }, Timing)
end

---@param seconds number
function Timing:cell_done(seconds)
  self.done, self.cells = self.done + 1, self.cells + 1
  self.cell_seconds, self.in_setup = self.cell_seconds + seconds, self.in_setup + seconds
end

---@param seconds number of the whole setup treatment
---@param cells integer that were to be measured in it
function Timing:setup_done(seconds, cells)
  self.setups, self.setups_left = self.setups + 1, self.setups_left - 1
  self.setup_seconds = self.setup_seconds + math.max(0, seconds - self.in_setup)
  if cells == 0 then self.setups = self.setups - 1 end
  self.in_setup = 0
end

---Seconds until the end, from the mean of what was measured so far; nil before the first cell is done.
---@return number?
function Timing:remaining_s()
  if self.cells == 0 then return nil end
  local setup = self.setups > 0 and self.setup_seconds / self.setups or 0
  return (self.total - self.done) * self.cell_seconds / self.cells + math.max(0, self.setups_left - 1) * setup
end

return M
