-- `run`: which run a report belongs to.
local clock = require "host.clock"
local env = require "host.env"
local ids = require "bench.report.ids"

local M = {}

local function duration(seconds)
  return type(seconds) == "number" and seconds >= 0 and ("PT%.3fS"):format(seconds) or nil
end

-- Seconds since 1970 of `2026-11-24T20:45:52.5Z`; nil for anything else.
local function epoch(text)
  local pattern = "^(%d%d%d%d)-(%d%d)-(%d%d)T(%d%d):(%d%d):(%d%d%.?%d*)Z$"
  local year, month, day, hour, minute, second = text:match(pattern)
  if not year then return nil end
  year, month, day = tonumber(year), tonumber(month), tonumber(day)
  if month <= 2 then year, month = year - 1, month + 12 end
  local days = 365 * year + math.floor(year / 4) - math.floor(year / 100) + math.floor(year / 400)
    + math.floor((153 * (month - 3) + 2) / 5) + day - 1 - 719468
  return ((days * 24 + tonumber(hour)) * 60 + tonumber(minute)) * 60 + tonumber(second)
end
M.epoch = epoch

local function times(stage, result)
  local metrics = stage.metrics
  local start = stage.started_at or metrics.started_at or result.started_at
  local seconds = stage.seconds or (metrics.client and metrics.client.wall_s)
  local stop = stage.ended_at
  local begun = not stop and seconds and type(start) == "string" and epoch(start)
  if begun then stop = clock.rfc3339(begun + seconds) end
  return { start = start, ["end"] = stop or result.ended_at, duration = duration(seconds) }
end

---@param ctx bench.Context
---@param job bench.Job
---@param result table
---@param stage table
---@return table
function M.of(ctx, job, result, stage)
  local opts = ctx.opts or {}
  return {
    uid = ids.uuid("report", job.id .. "/" .. stage.index),
    eid = ids.uuid("experiment", job.experiment or job.id),
    cid = ids.uuid("host", env.hostname()),
    time = times(stage, result),
    user = env.user(),
    description = opts.description or job.id,
    keywords = opts.keywords,
  }
end

return M
