-- Runs gnuplot, and what all pictures have in common: size, fonts, colours, formats.
local exec = require "host.exec"
local fs = require "host.fs"
local log = require "host.log"

local M = {}

local TIMEOUT_S = 120
local noted = false

-- Colours that differ in brightness too, so that they survive grey prints and colour blindness.
M.COLORS = { "#1f6fb4", "#e07b00", "#2a9d5c", "#b5338a", "#6b6b6b", "#c9a400", "#5e4fa2", "#00a0a8" }

---@return boolean
function M.is_available()
  return exec.which("gnuplot") ~= nil
end

---Says once that there are no pictures, and why.
function M.note_missing()
  if noted then return end
  noted = true
  log.info("No pictures: gnuplot is not installed (on Debian and Ubuntu: package gnuplot-nox).")
end

---A text as gnuplot reads it: a quoted string without markup.
---@param text string
---@return string
function M.text(text)
  local plain = tostring(text):gsub("\\", "\\\\"):gsub('"', '\\"'):gsub("\n", " ")
  return '"' .. plain .. '"'
end

---@param number number
---@return string
function M.number(number)
  return ("%.10g"):format(number)
end

---A data block `$name << EOD`; rows of numbers, nil becomes a gap.
---@param name string
---@param rows (number|string|nil)[][]
---@param width integer columns
---@return string
function M.block(name, rows, width)
  local lines = { "$" .. name .. " << EOD" }
  for _, row in ipairs(rows) do
    local cells = {}
    for c = 1, width do
      local cell = row[c]
      cells[c] = type(cell) == "number" and M.number(cell) or cell ~= nil and '"' .. tostring(cell) .. '"'
        or "NaN"
    end
    lines[#lines + 1] = table.concat(cells, " ")
  end
  lines[#lines + 1] = "EOD"
  return table.concat(lines, "\n")
end

-- Height of one row of a legend.
local LEGEND_ROW = 24
local LEGEND_COLUMNS = 6

---How much room a legend with so many entries takes.
---@param entries integer
---@return integer pixels
function M.legend_height(entries) return LEGEND_ROW * math.ceil(entries / LEGEND_COLUMNS) + 10 end

---The last panel of a multiplot: a legend over the whole width at the bottom of the picture.
---@param entries { style: string, title: string }[] `style` as behind `plot NaN`
---@param height integer of the picture
---@return string
function M.legend(entries, height)
  local plots = {}
  for i, entry in ipairs(entries) do
    plots[i] = ("NaN %s title %s"):format(entry.style, M.text(entry.title))
  end
  return table.concat({
    "unset border", "unset tics", "unset grid", "unset title", "unset xlabel", "unset ylabel",
    "unset logscale", "unset arrow",
    "unset label", "set xrange [0:1]", "set yrange [0:1]", "set offsets 0,0,0,0",
    "set lmargin at screen 0.03",
    "set rmargin at screen 0.97", "set bmargin at screen 0.005",
    ("set tmargin at screen %g"):format(M.legend_height(#entries) / height),
    ("set key center center horizontal Left reverse width 1 maxcols %d"):format(LEGEND_COLUMNS),
    "plot " .. table.concat(plots, ", \\\n"),
  }, "\n")
end

---Begins a picture of several panels. Sizes are shares of the picture.
---@param place { rows: integer, columns: integer, title: string, left: number, bottom: number, top: number,
---  gap_x: number, gap_y: number }
---@return string
function M.multiplot(place)
  return ('set multiplot layout %d,%d title %s font ",14" '):format(place.rows, place.columns,
    M.text(place.title))
    .. ("margins screen %g,0.985,%g,%g spacing %g,%g"):format(place.left, place.bottom, place.top,
      place.gap_x,
      place.gap_y)
end

local function terminal(format, size)
  local shared = ("size %d,%d background rgb \"#ffffff\" font \"DejaVu Sans,%d\""):format(size.width,
    size.height,
    format == "png" and 11 or 12)
  if format == "png" then return "set terminal pngcairo noenhanced " .. shared end
  return "set terminal svg noenhanced dynamic " .. shared
end

local STYLE = [[
set encoding utf8
set border 3 lc rgb "#707070"
set tics nomirror out textcolor rgb "#303030"
set grid back lc rgb "#e4e4e4" lt 1 lw 1
set key top left reverse Left noautotitle samplen 1.6 spacing 1.15 textcolor rgb "#303030"
set title offset 0,-0.4
]]

local ENDS = { png = "IEND....$", svg = "</svg>%s*$" }

-- On a full disk gnuplot leaves a part of the picture, or nothing, and says that all is well.
local function check_whole(partial, path, format)
  local content, err = fs.read(partial)
  if not content then return nil, err end
  if content:find(ENDS[format]) then return true end
  return nil, { code = "exit", message = "gnuplot drew only a part of " .. path, hint = "is the disk full?" }
end

-- The picture is drawn under another name first: a killed gnuplot leaves no half of one.
local function draw(body, path, format, size)
  local partial = path .. ".partial"
  local script = table.concat({ terminal(format, size), "set output " .. M.text(partial), STYLE, body,
    "unset output" }, "\n")
  local result, err = exec.run({ "gnuplot", "-" }, { stdin = script .. "\n", timeout_s = TIMEOUT_S })
  if not result then return nil, err end
  if result.exit_code ~= 0 or not fs.exists(partial) then
    fs.remove(partial)
    return nil, { code = "exit", message = "gnuplot could not draw " .. path, stderr_tail = result.stderr,
      hint = (result.stderr or ""):match("[^\n]*line %d+:[^\n]*") }
  end
  local whole
  whole, err = check_whole(partial, path, format)
  if whole then return fs.move(partial, path) end
  fs.remove(partial)
  return nil, err
end

---Draws a picture as PNG and SVG.
---@param path string without suffix
---@param body string gnuplot commands behind terminal and style
---@param size { width: integer, height: integer }
---@return string[]? files
---@return bench.Error? err
function M.picture(path, body, size)
  local files = {}
  for _, format in ipairs { "png", "svg" } do
    local file = path .. "." .. format
    local ok, err = draw(body, file, format, size)
    if not ok then return nil, err end
    files[#files + 1] = file
  end
  return files
end

return M
