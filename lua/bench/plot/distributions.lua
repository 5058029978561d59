-- Histograms and cumulative curves of latencies.
local gnuplot = require "bench.plot.gnuplot"
local tables = require "bench.table"

local M = {}

local LATENCIES = {
  { key = "ttft", title = "Time to first token" },
  { key = "itl", title = "Inter-token latency" },
  { key = "e2e", title = "End-to-end latency" },
}
-- A unit for a span of values: its factor to seconds and its name.
local UNITS = { { 1e-3, 1e6, "µs" }, { 2, 1e3, "ms" }, { math.huge, 1, "s" } }
-- Above this ratio a linear axis shows nothing but the tail.
local WIDE = 30

local function unit_for(seconds)
  for _, unit in ipairs(UNITS) do
    if seconds < unit[1] then return unit[2], unit[3] end
  end
end
M.unit_for = unit_for

-- The value at a share of the curve.
local function value_at(curve, share)
  local points = curve.cumulative
  local place = share * (#points - 1)
  local low = math.floor(place)
  local a, b = points[low + 1], points[math.min(low + 2, #points)]
  return a[1] + (b[1] - a[1]) * (place - low)
end
M.value_at = value_at

local MARK = 'set arrow %d from %s, graph 0 to %s, graph 1 nohead lc rgb "%s" lw 1.5 dt (6,4) front'
local MARK_LABEL = 'set label %d %s at graph %g, graph 1.05 left front tc rgb "%s" font ",10"'
local MARKS = { { 0.5, "p50", "#2a9d5c" }, { 0.9, "p90", "#e07b00" }, { 0.99, "p99", "#c0392b" } }

-- Vertical lines at the percentiles, their names and values in a row of labels above the graph.
local function marks(curve, factor, unit)
  local lines = {}
  for i, mark in ipairs(MARKS) do
    local value = value_at(curve, mark[1])
    local place = gnuplot.number(value * factor)
    lines[#lines + 1] = MARK:format(i, place, place, mark[3])
    local text = ("%s %s %s"):format(mark[2], tables.number(value * factor, 3), unit)
    lines[#lines + 1] = MARK_LABEL:format(i, gnuplot.text(text), 0.01 + (i - 1) * 0.34, mark[3])
  end
  return table.concat(lines, "\n")
end

local RESET = table.concat({ "unset arrow", "unset label", "unset logscale", "set xrange [*:*]",
  "set yrange [*:*]", "set xtics auto", "set ytics auto" }, "\n")

local function histogram_panel(curve, latency)
  local shape = curve.histogram
  local factor, unit = unit_for(value_at(curve, 0.5))
  local rows, width = {}, shape.width_s > 0 and shape.width_s or math.max(shape.start_s * 0.02, 1e-7)
  for i, count in ipairs(shape.counts) do
    rows[i] = { (shape.start_s + (i - 0.5) * width) * factor, count }
  end
  local stop = shape.start_s + #shape.counts * width
  local beyond = shape.beyond > 0 and (", %d beyond"):format(shape.beyond) or ""
  return table.concat({
    RESET, gnuplot.block("bars", rows, 2), marks(curve, factor, unit),
    "set title " .. gnuplot.text(("%s (n = %d%s)"):format(latency.title, curve.count, beyond))
      .. " offset 0,1.1",
    "set xlabel " .. gnuplot.text(unit) .. " offset 0,0.4", 'set ylabel "count" offset 1.2,0',
    ("set xrange [%s:%s]"):format(gnuplot.number((shape.start_s - width / 2) * factor),
      gnuplot.number((stop + width / 2) * factor)),
    "set yrange [0:*]", ("set boxwidth %s absolute"):format(gnuplot.number(width * factor)),
    "set style fill solid 0.75 border lc rgb \"#ffffff\"",
    ('plot $bars using 1:2 with boxes lc rgb "%s"'):format(gnuplot.COLORS[1]),
  }, "\n")
end

local function cumulative_rows(curve, factor)
  local rows = {}
  for i, point in ipairs(curve.cumulative) do rows[i] = { point[1] * factor, point[2] } end
  return rows
end

local function log_axis(smallest, largest)
  return smallest > 0 and largest / smallest > WIDE and "set logscale x" or ""
end

local function cumulative_panel(curve)
  local factor, unit = unit_for(value_at(curve, 0.5))
  return table.concat({
    RESET, gnuplot.block("curve", cumulative_rows(curve, factor), 2), marks(curve, factor, unit),
    "unset title",
    "set xlabel " .. gnuplot.text(unit) .. " offset 0,0.4", 'set ylabel "share of values" offset 1.2,0',
    "set yrange [0:1.005]",
    "set ytics 0.25", log_axis(value_at(curve, 0.01), curve.max),
    ('plot $curve using 1:2 with lines lw 2.2 lc rgb "%s"'):format(gnuplot.COLORS[1]),
  }, "\n")
end

---One picture of a stage: for each latency its histogram, and below it its cumulative curve, with p50, p90
---and p99 marked.
---@param curves table<string, table> from `load.curves`
---@param path string of the picture, without suffix
---@param title string
---@return string[]? files
---@return bench.Error? err
function M.stage(curves, path, title)
  local shown = {}
  for _, latency in ipairs(LATENCIES) do
    if curves[latency.key] then shown[#shown + 1] = latency end
  end
  if #shown == 0 then return {} end
  local all = #shown == 3
  local parts = { gnuplot.multiplot({ rows = 2, columns = #shown, title = title, left = all and 0.055 or 0.09,
    bottom = 0.08, top = 0.85, gap_x = all and 0.065 or 0.1, gap_y = 0.16 }) }
  for _, latency in ipairs(shown) do parts[#parts + 1] = histogram_panel(curves[latency.key], latency) end
  for _, latency in ipairs(shown) do parts[#parts + 1] = cumulative_panel(curves[latency.key]) end
  parts[#parts + 1] = "unset multiplot"
  return gnuplot.picture(path, table.concat(parts, "\n"), { width = 480 * #shown, height = 820 })
end

local function series_style(i)
  return ('with lines lw 2 lc rgb "%s"%s'):format(gnuplot.COLORS[(i - 1) % #gnuplot.COLORS + 1],
    i > #gnuplot.COLORS and " dt (8,4)" or "")
end

local function overlay_panel(series, latency)
  local smallest, largest, middle = math.huge, 0, 0
  for _, one in ipairs(series) do
    local curve = one.curves[latency.key]
    if curve then
      smallest, largest = math.min(smallest, value_at(curve, 0.01)), math.max(largest, curve.max)
      middle = math.max(middle, value_at(curve, 0.5))
    end
  end
  local factor, unit = unit_for(middle)
  local blocks, plots = {}, {}
  for i, one in ipairs(series) do
    local curve = one.curves[latency.key]
    if curve then
      blocks[#blocks + 1] = gnuplot.block("curve" .. i, cumulative_rows(curve, factor), 2)
      plots[#plots + 1] = ("$curve%d using 1:2 %s"):format(i, series_style(i))
    end
  end
  return table.concat({
    RESET, table.concat(blocks, "\n"), "set title " .. gnuplot.text(latency.title), "set xlabel "
      .. gnuplot.text(unit) .. " offset 0,0.4",
    'set ylabel "share of values" offset 1.2,0', "set yrange [0:1.005]", "set ytics 0.25",
    log_axis(smallest, largest),
    "unset key", "plot " .. table.concat(plots, ", \\\n"),
  }, "\n")
end

---Cumulative curves of several stages or treatments over each other.
---@param series { title: string, curves: table<string, table> }[]
---@param path string
---@param title string
---@return string[]? files
---@return bench.Error? err
function M.overlay(series, path, title)
  local shown = {}
  for _, latency in ipairs(LATENCIES) do
    for _, one in ipairs(series) do
      if one.curves[latency.key] then
        shown[#shown + 1] = latency
        break
      end
    end
  end
  if #shown == 0 then return {} end
  local entries = {}
  for i, one in ipairs(series) do entries[i] = { style = series_style(i), title = one.title } end
  local height = 450 + gnuplot.legend_height(#entries)
  local parts = { gnuplot.multiplot({ rows = 1, columns = #shown, title = title, left = 0.055,
    bottom = (56 + gnuplot.legend_height(#entries)) / height, top = 1 - 76 / height, gap_x = 0.065,
    gap_y = 0.1 }) }
  for _, latency in ipairs(shown) do parts[#parts + 1] = overlay_panel(series, latency) end
  parts[#parts + 1] = gnuplot.legend(entries, height)
  parts[#parts + 1] = "unset multiplot"
  return gnuplot.picture(path, table.concat(parts, "\n"), { width = 480 * #shown, height = height })
end

return M
