-- Latency and throughput against rate or concurrency.
local gnuplot = require "bench.plot.gnuplot"

local M = {}

local PANELS = {
  { title = "Time to first token", seconds = true, values = { { "ttft_p50_s", "p50" },
    { "ttft_p99_s", "p99" } } },
  { title = "Inter-token latency", seconds = true, values = { { "itl_p50_s", "p50" },
    { "itl_p99_s", "p99" } } },
  { title = "End-to-end latency", seconds = true, values = { { "e2e_p50_s", "p50" },
    { "e2e_p99_s", "p99" } } },
  { title = "Output throughput", unit = "tokens/s", values = { { "output_tokens_per_s", "" } } },
  { title = "Requests completed, until the last answer", unit = "requests/s", values = { { "request_rate", "" } }, ideal = "rate" },
  { title = "Throughput against latency", unit = "tokens/s", values = { { "output_tokens_per_s", "" } },
    x = "e2e_p50_s",
    x_label = "end-to-end latency, p50" },
}
local WIDE = 30
local LOG_RATIO = 16

---@class bench.plot.Point
---@field x number
---@field invalid? boolean its verdict is not `valid`

---@class bench.plot.Series
---@field title string
---@field points table[] headlines with `x`, sorted by it

---Which of requested rate and concurrency a set of headlines is swept over: none, one or both.
---@param headlines bench.report.Headline[]
---@return { key: "rate"|"concurrency", label: string }[]
function M.axes(headlines)
  local axes = {}
  for _, axis in ipairs { { key = "rate", label = "requested rate (requests/s)" },
    { key = "concurrency", label = "concurrency" } } do
    local seen, count = {}, 0
    for _, headline in ipairs(headlines) do
      local x = headline[axis.key]
      if x and not seen[x] then
        seen[x], count = true, count + 1
      end
    end
    if count > 1 then axes[#axes + 1] = axis end
  end
  return axes
end

local function bounds(series, keys)
  local low, high = math.huge, -math.huge
  for _, one in ipairs(series) do
    for _, point in ipairs(one.points) do
      for _, key in ipairs(keys) do
        if type(point[key]) == "number" then
          low, high = math.min(low, point[key]), math.max(high, point[key])
        end
      end
    end
  end
  return low, high
end

local function unit_of(panel, series)
  if not panel.seconds then return 1, panel.unit end
  local _, high = bounds(series, { panel.values[1][1] })
  return require("bench.plot.distributions").unit_for(high)
end

local function rows_of(panel, points, key, factor, only_invalid)
  local rows, x = {}, panel.x or "x"
  for _, point in ipairs(points) do
    if point[key] and point[x] and (not only_invalid or point.invalid) then
      rows[#rows + 1] = { point[x] * (panel.x_factor or 1), point[key] * factor }
    end
  end
  return rows
end

local function line(blocks, plots, rows, style)
  if #rows == 0 then return end
  local name = "d" .. #blocks + 1
  blocks[#blocks + 1] = gnuplot.block(name, rows, 2)
  plots[#plots + 1] = "$" .. name .. " using 1:2 " .. style
end

local function color_of(i) return gnuplot.COLORS[(i - 1) % #gnuplot.COLORS + 1] end

-- The second value of a panel (p99) is dashed and has another mark.
local function look(i, second)
  return ('with linespoints lw 2 pt %d ps 0.9 lc rgb "%s"%s'):format(second and 9 or 7, color_of(i), second
    and " dt (6,4)" or "")
end

local function add_series(panel, series, factor, blocks, plots)
  for i, one in ipairs(series) do
    for v, value in ipairs(panel.values) do
      line(blocks, plots, rows_of(panel, one.points, value[1], factor), look(i, v > 1))
      line(blocks, plots, rows_of(panel, one.points, value[1], factor, true),
        'with points pt 6 ps 2.4 lw 2 lc rgb "#c0392b"')
    end
  end
end

local function has_invalid(series)
  for _, one in ipairs(series) do
    for _, point in ipairs(one.points) do
      if point.invalid then return true end
    end
  end
  return false
end

-- One legend for all panels, below them.
local function legend(series, axis)
  local entries = {}
  local function entry(style, title) entries[#entries + 1] = { style = style, title = title } end
  for i, one in ipairs(series) do
    if #series > 1 then entry(look(i), one.title) end
  end
  local grey = #series > 1 and "#606060" or color_of(1)
  entry(('with linespoints lw 2 pt 7 ps 0.9 lc rgb "%s"'):format(grey), #series > 1 and "latencies: p50"
    or "p50")
  entry(('with linespoints lw 2 pt 9 ps 0.9 dt (6,4) lc rgb "%s"'):format(grey), "p99")
  if axis.key == "rate" then entry('with lines lw 1 dt (3,4) lc rgb "#909090"', "as requested") end
  if has_invalid(series) then entry('with points pt 6 ps 2 lw 2 lc rgb "#c0392b"', "not valid") end
  return entries
end

local function x_scale(panel, series)
  local low, high = bounds(series, { panel.x or "x" })
  low, high = low * (panel.x_factor or 1), high * (panel.x_factor or 1)
  if not panel.x and low > 0 and high / low >= LOG_RATIO then
    return ("set logscale x 2\nset xrange [%s:%s]"):format(gnuplot.number(low / 1.25),
      gnuplot.number(high * 1.25))
  end
  local margin = math.max((high - low) * 0.06, high * 0.01)
  local from = panel.x and 0 or math.max(0, low - margin)
  return ("set xrange [%s:%s]"):format(gnuplot.number(from), gnuplot.number(high + margin))
end

local function y_scale(panel, series)
  local keys = {}
  for i, value in ipairs(panel.values) do keys[i] = value[1] end
  local low, high = bounds(series, keys)
  if panel.seconds and low > 0 and high / low > WIDE then return "set logscale y\nset yrange [*:*]" end
  return "set yrange [0:*]"
end

-- A panel with an x axis of its own needs a unit for it.
local function with_own_axis(panel, series, axis)
  if not panel.x then return panel, axis.label end
  local _, high = bounds(series, { panel.x })
  local factor, unit = require("bench.plot.distributions").unit_for(high)
  local own = setmetatable({ x_factor = factor }, { __index = panel })
  return own, panel.x_label .. " (" .. unit .. ")"
end

local function panel_text(panel, series, axis)
  local factor, unit = unit_of(panel, series)
  local blocks, plots = {}, {}
  local x_label
  panel, x_label = with_own_axis(panel, series, axis)
  add_series(panel, series, factor, blocks, plots)
  if #plots == 0 then return nil end
  if panel.ideal == axis.key then plots[#plots + 1] = 'x with lines lw 1 dt (3,4) lc rgb "#909090"' end
  return table.concat({
    "unset logscale", "set xrange [*:*]", "set yrange [*:*]", table.concat(blocks, "\n"),
    "unset key",
    "set title " .. gnuplot.text(panel.title), "set xlabel " .. gnuplot.text(x_label) .. " offset 0,0.3",
    "set ylabel " .. gnuplot.text(unit) .. " offset 1.2,0", x_scale(panel, series), y_scale(panel, series),
    "set offsets graph 0, 0, graph 0.08, 0", "plot " .. table.concat(plots, ", \\\n"),
  }, "\n")
end

---One picture: three latencies and the throughputs against what was asked for. Points whose verdict is not
---`valid` are circled.
---@param series bench.plot.Series[]
---@param axis { key: string, label: string } one of `axes`
---@param path string of the picture, without suffix
---@param title string
---@return string[]? files
---@return bench.Error? err
function M.draw(series, axis, path, title)
  local panels = {}
  for _, panel in ipairs(PANELS) do panels[#panels + 1] = panel_text(panel, series, axis) end
  if #panels == 0 then return {} end
  local rows = #panels > 3 and 2 or 1
  local columns, entries = math.ceil(#panels / rows), legend(series, axis)
  local height = (rows == 2 and 800 or 430) + gnuplot.legend_height(#entries)
  table.insert(panels, 1, gnuplot.multiplot { rows = rows, columns = columns, title = title, left = 0.06,
    bottom = (56 + gnuplot.legend_height(#entries)) / height, top = 1 - 80 / height, gap_x = 0.07,
    gap_y = 130 / height })
  panels[#panels + 1] = gnuplot.legend(entries, height)
  panels[#panels + 1] = "unset multiplot"
  return gnuplot.picture(path, table.concat(panels, "\n"), { width = 480 * columns, height = height })
end

return M
