---Differences between two texts, line by line.
---@class bench.plan.textdiff
local M = {}

-- More lines than that in the middle are not compared one by one.
local LARGEST = 2000

local function lines_of(content)
  local lines = {}
  for line in (content:gsub("\n$", "") .. "\n"):gmatch("([^\n]*)\n") do lines[#lines + 1] = line end
  return lines
end

-- How many lines both have at the beginning and at the end.
local function common_ends(a, b)
  local head, tail = 0, 0
  local most = math.min(#a, #b)
  while head < most and a[head + 1] == b[head + 1] do head = head + 1 end
  while tail < most - head and a[#a - tail] == b[#b - tail] do tail = tail + 1 end
  return head, tail
end

-- Lengths of the longest common subsequences of the rests from (i, j) on.
local function lengths(a, b, first, last_a, last_b)
  local rows = {}
  rows[last_a + 1] = {}
  for i = last_a, first, -1 do
    local row, below = {}, rows[i + 1]
    for j = last_b, first, -1 do
      if a[i] == b[j] then
        row[j] = (below[j + 1] or 0) + 1
      else
        row[j] = math.max(below[j] or 0, row[j + 1] or 0)
      end
    end
    rows[i] = row
  end
  return rows
end

-- Removed and added lines of the middle part, in order.
local function middle(a, b, first, last_a, last_b)
  local rows = lengths(a, b, first, last_a, last_b)
  local out, i, j = {}, first, first
  while i <= last_a or j <= last_b do
    if i <= last_a and j <= last_b and a[i] == b[j] then
      i, j = i + 1, j + 1
    elseif j > last_b or (i <= last_a and (rows[i + 1][j] or 0) >= (rows[i][j + 1] or 0)) then
      out[#out + 1] = { sign = "-", line = i, text = a[i] }
      i = i + 1
    else
      out[#out + 1] = { sign = "+", line = j, text = b[j] }
      j = j + 1
    end
  end
  return out
end

---The lines that `b` does not have any more (`-`, numbered as in `a`) and those that it has instead (`+`,
---numbered as in `b`), in order.
---@param a string
---@param b string
---@return { sign: "-"|"+", line: integer, text: string }[]? changes nil: too many to tell them apart
function M.changes(a, b)
  if a == b then return {} end
  local old, new = lines_of(a), lines_of(b)
  local head, tail = common_ends(old, new)
  local last_old, last_new = #old - tail, #new - tail
  if last_old - head > LARGEST or last_new - head > LARGEST then return nil end
  return middle(old, new, head + 1, last_old, last_new)
end

return M
