---Tables for terminals and logs: aligned columns, colour only when asked for, and another layout when the
---terminal is too narrow.
---
---    io.write(tables.render({ { title = "stage", align = "right" }, { title = "verdict" } },
---      { { 0, { text = "valid", style = "good" } } }, { width = 80 }))
---@class bench.table
local M = {}

---@class bench.table.Column
---@field title string
---@field align? "left"|"right"|"center" `left` unless given

---@class bench.table.Cell
---@field text string
---@field style? "good"|"bad"|"warn"|"dim"|"bold"

---@class bench.table.Options
---@field width? integer characters per line; unlimited unless given
---@field color? boolean false unless given
---@field indent? integer blanks before each line; 0 unless given
---@field ascii? boolean draws rules with `-` instead of a line

local STYLES = { good = "32", bad = "31", warn = "33", dim = "2", bold = "1" }
local GAP = 2

-- Characters on the screen; every code point counts as one.
local function length(text)
  local _, count = text:gsub("[^\128-\191]", "")
  return count
end
M.length = length

local function paint(text, style, color)
  local code = color and style and STYLES[style]
  return code and "\27[" .. code .. "m" .. text .. "\27[0m" or text
end
M.paint = paint

local function pad(text, width, align)
  local missing = width - length(text)
  if missing <= 0 then return text end
  if align == "right" then return (" "):rep(missing) .. text end
  if align == "center" then
    local left = math.floor(missing / 2)
    return (" "):rep(left) .. text .. (" "):rep(missing - left)
  end
  return text .. (" "):rep(missing)
end
M.pad = pad

local function cell_of(value)
  if value == nil then return { text = "-", style = "dim" } end
  if type(value) == "table" then return value end
  return { text = tostring(value) }
end

local function cell_problem(cell)
  if type(cell) ~= "table" then return nil end
  if type(cell.text) ~= "string" then return "a cell is a text, a number or { text = ..., style = ... }" end
  if cell.style ~= nil and not STYLES[cell.style] then
    return "there is no style '" .. tostring(cell.style) .. "': good, bad, warn, dim or bold"
  end
end

local function row_problem(columns, rows)
  for r, row in ipairs(rows) do
    if type(row) ~= "table" then return ("row %d is a list of cells, not a %s"):format(r, type(row)) end
    for c in ipairs(columns) do
      local problem = cell_problem(row[c])
      if problem then return ("row %d, column %d: %s"):format(r, c, problem) end
    end
  end
end

local function shape_problem(columns, rows, opts)
  if type(columns) ~= "table" or #columns == 0 then return "columns are a list of { title = ... }" end
  for c, column in ipairs(columns) do
    if type(column) ~= "table" or type(column.title) ~= "string" then
      return ("column %d is { title = ..., align = ... }, not %s"):format(c,
        type(column) == "table" and "a table without a title" or "a " .. type(column))
    end
  end
  if type(rows) ~= "table" then return "rows are a list of lists of cells, not a " .. type(rows) end
  if opts ~= nil and type(opts) ~= "table" then return "the options are a table, not a " .. type(opts) end
  return row_problem(columns, rows)
end

local function read(columns, rows)
  local grid, widths = {}, {}
  for c, column in ipairs(columns) do widths[c] = length(column.title) end
  for r, row in ipairs(rows) do
    grid[r] = {}
    for c in ipairs(columns) do
      grid[r][c] = cell_of(row[c])
      widths[c] = math.max(widths[c], length(grid[r][c].text))
    end
  end
  return grid, widths
end

local function line(cells, columns, widths, opts)
  local parts = {}
  for c, column in ipairs(columns) do
    local padded = pad(cells[c].text, widths[c], column.align)
    if c == #columns and column.align ~= "right" then padded = padded:gsub("%s+$", "") end
    parts[c] = paint(padded, cells[c].style, opts.color)
  end
  return (" "):rep(opts.indent or 0) .. table.concat(parts, (" "):rep(GAP))
end

local function titles(columns)
  local cells = {}
  for c, column in ipairs(columns) do cells[c] = { text = column.title, style = "bold" } end
  return cells
end

local function rules(columns, widths, opts)
  local cells = {}
  for c in ipairs(columns) do
    cells[c] = { text = (opts.ascii and "-" or "─"):rep(widths[c]), style = "dim" }
  end
  return cells
end

local function grid_layout(columns, grid, widths, opts)
  local lines = { line(titles(columns), columns, widths, opts),
    line(rules(columns, widths, opts), columns, widths, opts) }
  for _, cells in ipairs(grid) do lines[#lines + 1] = line(cells, columns, widths, opts) end
  return lines
end

-- One block per row: the first cell as its headline, the other cells below it as `title  value`.
local function block_layout(columns, grid, opts)
  local lines, widest, indent = {}, 0, (" "):rep(opts.indent or 0)
  for c = 2, #columns do widest = math.max(widest, length(columns[c].title)) end
  for _, cells in ipairs(grid) do
    lines[#lines + 1] = indent .. paint(columns[1].title .. " " .. cells[1].text, "bold", opts.color)
    for c = 2, #columns do
      local value = paint(cells[c].text, cells[c].style, opts.color)
      lines[#lines + 1] = indent .. "  " .. pad(columns[c].title, widest) .. "  " .. value
    end
  end
  return lines
end

---A table as text, ending in a line break; "" without rows. Cells are texts, numbers, nil (shown as `-`) or
---`{ text, style }`. If the columns do not fit into `opts.width`, each row becomes a block of lines.
---@param columns bench.table.Column[]
---@param rows (string|number|bench.table.Cell|nil)[][]
---@param opts? bench.table.Options
---@return string
function M.render(columns, rows, opts)
  local problem = shape_problem(columns, rows, opts)
  if problem then error("table.render(columns, rows [, options]): " .. problem, 2) end
  opts = opts or {}
  if #rows == 0 then return "" end
  local grid, widths = read(columns, rows)
  local total = (opts.indent or 0) + GAP * (#columns - 1)
  for _, width in ipairs(widths) do total = total + width end
  local fits = not opts.width or total <= opts.width
  local lines = fits and grid_layout(columns, grid, widths, opts) or block_layout(columns, grid, opts)
  return table.concat(lines, "\n") .. "\n"
end

---A number for people: about four significant digits, never in exponent form for usual sizes.
---@param value number?
---@param digits? integer significant digits; 4 unless given
---@return string?
function M.number(value, digits)
  if type(value) ~= "number" then return nil end
  if value ~= value or value == math.huge or value == -math.huge then return tostring(value) end
  if value == 0 then return "0" end
  digits = digits or 4
  local places = math.max(0, digits - 1 - math.floor(math.log10(math.abs(value)) + 1e-12))
  if places > 9 then return ("%." .. (digits - 1) .. "e"):format(value) end
  local text = ("%." .. places .. "f"):format(value)
  if text:find(".", 1, true) then text = text:gsub("0+$", ""):gsub("%.$", "") end
  return text
end

---A time span for people: `850 µs`, `12.3 ms`, `4.56 s`, `12m 05s`, `3h 07m`.
---@param seconds number?
---@return string?
function M.seconds(seconds)
  if type(seconds) ~= "number" then return nil end
  local size = math.abs(seconds)
  if size == 0 then return "0 s" end
  if size < 0.9995e-3 then return M.number(seconds * 1e6, 3) .. " µs" end
  if size < 0.9995 then return M.number(seconds * 1e3, 3) .. " ms" end
  if size < 119.5 then return M.number(seconds, 3) .. " s" end
  local whole = math.floor(seconds + 0.5)
  if whole < 3600 then return ("%dm %02ds"):format(math.floor(whole / 60), whole % 60) end
  return ("%dh %02dm"):format(math.floor(whole / 3600), math.floor(whole % 3600 / 60))
end

return M
