-- `run`: which run a report belongs to.
local clock = require "host.clock"
local env = require "host.env"
local ids = require "bench.report.ids"
local moment = require "bench.moment"

local M = {}

local function duration(seconds)
  return type(seconds) == "number" and seconds >= 0 and ("PT%.3fS"):format(seconds) or nil
end

local function times(stage, result)
  local metrics = stage.metrics
  local start = stage.started_at or metrics.started_at or result.started_at
  local seconds = stage.seconds or (metrics.client and metrics.client.wall_s)
  local stop = stage.ended_at
  local begun = not stop and seconds and type(start) == "string" and moment.epoch_s(start)
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
    eid = ids.uuid("experiment", job.treatment and job.treatment.experiment or job.id),
    cid = ids.uuid("host", env.hostname()),
    time = times(stage, result),
    user = env.user(),
    description = opts.description or job.id,
    keywords = opts.keywords,
  }
end

return M
