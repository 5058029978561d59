---What is drawn after a run: pictures of every treatment, and of all treatments together.
---@class bench.analysis
local M = {}

local fs = require "host.fs"
local headline = require "bench.report.headline"
local plot = require "bench.plot"
local terminal = require "bench.report.terminal"

-- What a stage is called in pictures: its name if it has one, and its load.
local function title_of(stage)
  local name = stage.name and not stage.name:find("^%d+$") and stage.name or "stage " .. stage.index
  local load = terminal.load(headline.of(stage))
  return load and name .. " (" .. load .. ")" or name
end

local function stages_of(entry)
  local stages = {}
  for i, stage in ipairs(entry.result and entry.result.stages or {}) do
    stages[i] = { title = title_of(stage), records = stage.records, headline = headline.of(stage) }
  end
  return stages
end

local function name_of(ctx, entry)
  local whole = ("%s on %s"):format(ctx.workload or entry.id, entry.stack)
  if not entry.treatment then return whole end
  if ctx.opts.run_overrides and #(ctx.treatments or {}) == 1 then return whole .. ", with overrides" end
  return #ctx.stacks > 1 and entry.stack .. " / " .. entry.treatment or entry.treatment
end

local function draw_each(ctx, entries)
  local files = {}
  for _, entry in ipairs(entries) do
    local stages = stages_of(entry)
    if #stages > 0 then
      local folder = ctx.workspace:path("analysis/" .. fs.basename(entry.dir))
      local drawn, err = plot.result(stages, { folder = folder, title = name_of(ctx, entry) })
      if not drawn then return nil, err end
      for _, file in ipairs(drawn) do files[#files + 1] = file end
    end
  end
  return files
end

local function draw_together(ctx, entries)
  local groups = {}
  for _, entry in ipairs(entries) do
    local stages = stages_of(entry)
    if #stages > 0 then groups[#groups + 1] = { title = name_of(ctx, entry), stages = stages } end
  end
  if #groups < 2 then return {} end
  local ok, err = fs.mkdir(ctx.workspace:path "analysis")
  if not ok then return nil, err end
  return plot.against_load(groups, ctx.workspace:path "analysis/treatments_against_load", "Treatments")
end

---Step `analyze_results`. Results are complete without pictures, so a picture that cannot be drawn is a
---warning.
---@param ctx bench.Context
function M.run(ctx)
  if ctx.dry_run then return { message = "nothing to draw: dry run" } end
  if ctx.opts.analyze == false then return { message = "no pictures were asked for" } end
  local entries = ctx.results.treatments or {}
  local files, err = draw_each(ctx, entries)
  local together
  if files then together, err = draw_together(ctx, entries) end
  if err then
    ctx.log.warn(err)
    return { message = "pictures could not be drawn: " .. err.message }
  end
  local count = #files + #together
  if count == 0 then return { message = "nothing drawn" } end
  return { message = ("%d pictures in %s"):format(count, ctx.workspace:path "analysis") }
end

return M
