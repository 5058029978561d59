---The live line of a running load, and what remains of it in logs.
---@class bench.progress
local M = {}

local function seconds(value)
  if value < 0.0995 then return ("%.1f ms"):format(value * 1000) end
  if value < 9.95 then return ("%.2f s"):format(value) end
  return ("%.1f s"):format(value)
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
---@field in_flight integer
---@field elapsed_s number since the first planned send; negative: still preparing
---@field duration_s? number
---@field ttft_p50_s number 0: no token yet
---@field ttft_p95_s number

---One line about a moment of a stage.
---@param p bench.Progress
---@return string
function M.line(p)
  local parts = {}
  if p.stage then parts[1] = "stage " .. p.stage .. (p.stages and "/" .. p.stages or "") end
  if p.elapsed_s < 0 then
    parts[#parts + 1] = "preparing"
    return table.concat(parts, "  ")
  end
  parts[#parts + 1] = "sent " .. p.sent .. ((p.planned or 0) > 0 and "/" .. p.planned or "")
  parts[#parts + 1] = "done " .. p.succeeded
  parts[#parts + 1] = "failed " .. p.failed
  parts[#parts + 1] = "in flight " .. p.in_flight
  if p.elapsed_s > 0 then
    parts[#parts + 1] = ("%.1f req/s"):format((p.succeeded + p.failed) / p.elapsed_s)
  end
  if p.ttft_p50_s > 0 then
    parts[#parts + 1] = "TTFT p50 " .. seconds(p.ttft_p50_s) .. " p95 " .. seconds(p.ttft_p95_s)
  end
  local left = remaining(p)
  if left then parts[#parts + 1] = "ETA " .. duration(left) end
  return table.concat(parts, "  ")
end

M.seconds = seconds
M.duration = duration

return M
