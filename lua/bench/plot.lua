---Pictures of results, as PNG and SVG, drawn by gnuplot. Without gnuplot there is one note and no failure.
---
---    local plot = require "bench.plot"
---    plot.result("results/native-1/", { folder = "analysis/native-1" })
---@class bench.plot
local M = {}

local against_load = require "bench.plot.against_load"
local distributions = require "bench.plot.distributions"
local fs = require "host.fs"
local gnuplot = require "bench.plot.gnuplot"
local load = require "host.load"

---@class bench.plot.Stage
---@field title string
---@field records? string record file
---@field headline? bench.report.Headline

local function add(files, more)
  for _, file in ipairs(more or {}) do files[#files + 1] = file end
end

local function curves_of(stages)
  local series = {}
  for _, stage in ipairs(stages) do
    local curves, err
    if stage.records then
      curves, err = load.curves(stage.records)
      if err then return nil, err end
    end
    series[#series + 1] = { title = stage.title, curves = curves or {}, index = stage.headline
      and stage.headline.stage or #series }
  end
  return series
end

---Sorted points of headlines over an axis.
---@param headlines bench.report.Headline[]
---@param axis { key: string }
---@return table[]
function M.points(headlines, axis)
  local points = {}
  for _, headline in ipairs(headlines) do
    if headline[axis.key] then
      local point = { x = headline[axis.key], invalid = headline.verdict ~= "valid" }
      for key, value in pairs(headline) do point[key] = value end
      points[#points + 1] = point
    end
  end
  table.sort(points, function(a, b) return a.x < b.x end)
  return points
end

local function draw_result(series, stages, opts)
  local files = {}
  for _, one in ipairs(series) do
    local drawn, err = distributions.stage(one.curves, ("%s/stage_%d_latency"):format(opts.folder, one.index),
      opts.title .. ", " .. one.title)
    if not drawn then return nil, err end
    add(files, drawn)
  end
  if #series < 2 then return files end
  local drawn, err = distributions.overlay(series, opts.folder .. "/latency_cdf", opts.title)
  if not drawn then return nil, err end
  add(files, drawn)
  drawn, err = M.against_load({ { title = opts.title, stages = stages } },
    opts.folder .. "/latency_against_load", opts.title)
  if not drawn then return nil, err end
  add(files, drawn)
  return files
end

---The pictures of one result: the latencies of each stage, all stages over each other, and against load.
---@param stages bench.plot.Stage[]
---@param opts { folder: string, title: string }
---@return string[]? files none without gnuplot
---@return bench.Error? err
function M.result(stages, opts)
  if not gnuplot.is_available() then
    gnuplot.note_missing()
    return {}
  end
  local ok, err = fs.mkdir(opts.folder)
  if not ok then return nil, err end
  local series
  series, err = curves_of(stages)
  if not series then return nil, err end
  return draw_result(series, stages, opts)
end

local function series_over(axis, groups)
  local series = {}
  for _, group in ipairs(groups) do
    local headlines = {}
    for i, stage in ipairs(group.stages) do headlines[i] = stage.headline end
    local points = M.points(headlines, axis)
    if #points > 0 then series[#series + 1] = { title = group.title, points = points } end
  end
  return series
end

---Latency and throughput against what was asked for, one line per group. Where rate and concurrency both change,
---each gets a picture of its own: `<path>_rate` and `<path>_concurrency`.
---@param groups { title: string, stages: bench.plot.Stage[] }[]
---@param path string without suffix
---@param title string
---@return string[]? files none if neither rate nor concurrency changes, or without gnuplot
---@return bench.Error? err
function M.against_load(groups, path, title)
  if not gnuplot.is_available() then
    gnuplot.note_missing()
    return {}
  end
  local all, files = {}, {}
  for _, group in ipairs(groups) do
    for _, stage in ipairs(group.stages) do all[#all + 1] = stage.headline end
  end
  local axes = against_load.axes(all)
  for _, axis in ipairs(axes) do
    local own = #axes > 1 and path .. "_" .. axis.key or path
    local drawn, err = against_load.draw(series_over(axis, groups), axis, own, title)
    if not drawn then return nil, err end
    add(files, drawn)
  end
  return files
end

return M
