---The live line of a running load, and what remains of it in logs.
---@class bench.progress
local M = {}

local function milliseconds(value)
  return value < 0.00995 and ("%.1f"):format(value * 1000) or ("%.0f"):format(value * 1000)
end

local function duration(value)
  local whole = math.floor(value + 0.5)
  if whole >= 3600 then return ("%d:%02d:%02d"):format(whole / 3600, whole % 3600 / 60, whole % 60) end
  return ("%d:%02d"):format(whole / 60, whole % 60)
end

-- Seconds until the stage is through, as far as can be said.
local function remaining(p)
  if p.duration_s and p.duration_s > 0 then return math.max(0, p.duration_s - p.elapsed_s) end
  local done = p.succeeded + p.failed
  if (p.planned or 0) > 0 and done > 0 and p.elapsed_s > 0 then
    return (p.planned - done) * p.elapsed_s / done
  end
end

---@class bench.Progress a moment of a stage
---@field stage? integer
---@field stages? integer
---@field planned integer requests of the stage; 0: not known
---@field sent integer
---@field succeeded integer
---@field failed integer
---@field elapsed_s number since the first planned send; negative: still preparing
---@field duration_s? number
---@field ttft_p50_s number 0: no token yet
---@field ttft_p95_s number

local function head(p)
  local words = {}
  if p.stage then words[1] = p.stage .. (p.stages and "/" .. p.stages or "") end
  local left = p.elapsed_s >= 0 and remaining(p)
  if left then words[#words + 1] = "ETA " .. duration(left) end
  return #words > 0 and "[" .. table.concat(words, ", ") .. "] " or ""
end

---One line about a moment of a stage, short enough for a terminal of 80 columns.
---@param p bench.Progress
---@return string
function M.line(p)
  if p.elapsed_s < 0 then return head(p) .. "preparing" end
  local planned = (p.planned or 0) > 0 and "/" .. p.planned or ""
  local parts = { ("%ssent %d%s done %d failed %d"):format(head(p), p.sent, planned, p.succeeded, p.failed) }
  if p.elapsed_s > 0 then parts[2] = ("%.1f/s"):format((p.succeeded + p.failed) / p.elapsed_s) end
  if p.ttft_p50_s > 0 then
    parts[#parts + 1] = ("TTFT p50/p95 %s/%s ms"):format(milliseconds(p.ttft_p50_s), milliseconds(p.ttft_p95_s))
  end
  return table.concat(parts, ", ")
end

return M
