---The step filter `-s 0,3-5,deploy`.
---@class bench.phase.filter
local M = {}

local text = require "host.text"

local function bad(part, why)
  return nil, {
    code = "invalid", message = ("step filter: '%s' %s"):format(part, why),
    hint = "a filter is a list of numbers, ranges and names, such as 0,3-5 or 4,ensure_infra",
  }
end

local function known(rows)
  local names = {}
  for i, row in ipairs(rows) do names[i] = row.name end
  return names
end

local function describe(rows)
  local parts = {}
  for i, row in ipairs(rows) do parts[i] = row.number and row.number .. " " .. row.name or row.name end
  return table.concat(parts, ", ")
end

-- Marks what one part of the filter selects.
local function mark(rows, part, chosen)
  local low, high = part:match("^(%d+)%s*%-%s*(%d+)$")
  low, high = tonumber(low or part:match("^%d+$")), tonumber(high)
  if high and high < low then return bad(part, "counts downwards") end
  local hit = false
  for i, row in ipairs(rows) do
    local by_number = low and row.number and row.number >= low and row.number <= (high or low)
    if by_number or row.name == part then
      chosen[i] = true
      hit = true
    end
  end
  if hit or high then return true end
  if low then return bad(part, "is the number of no step; there are " .. describe(rows)) end
  local meant = part:match("^[%a_][%w_]*$") and text.did_you_mean(part, known(rows)) or ""
  if meant ~= "" then return bad(part, "names no step" .. meant) end
  return bad(part, "is neither a number, a range nor the name of a step")
end

---The rows that a filter selects.
---@param phase string For messages
---@param rows { number?: integer, name: string }[]
---@param wanted? string nil or only blanks: all
---@return table[]? rows
---@return bench.Error? err `invalid`
function M.apply(phase, rows, wanted)
  if wanted == nil or wanted:match("^%s*$") then return rows end
  local chosen = {}
  for part in wanted:gmatch("[^,]+") do
    part = part:match("^%s*(.-)%s*$")
    if part ~= "" then
      local fine, err = mark(rows, part, chosen)
      if not fine then return nil, err end
    end
  end
  local selected = {}
  for i, row in ipairs(rows) do
    if chosen[i] then selected[#selected + 1] = row end
  end
  if #selected == 0 then
    return bad(wanted, ("selects no step of %s; there are %s"):format(phase, describe(rows)))
  end
  return selected
end

return M
