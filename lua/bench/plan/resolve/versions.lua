---Which of several tags or versions is the newest release.
---@class bench.plan.resolve.versions
local M = {}

-- Digits and the rest in turn: v1.10 -> { "v", 1, ".", 10 }.
local function chunks(text)
  local parts = {}
  for rest, digits in text:gmatch "(%D*)(%d*)" do
    if rest ~= "" then parts[#parts + 1] = rest end
    if digits ~= "" then parts[#parts + 1] = tonumber(digits) end
  end
  return parts
end

---Natural order: numbers inside of the texts count as numbers, so 1.9 is before 1.10; a leading v is ignored.
---@param a string
---@param b string
---@return boolean
function M.before(a, b)
  local left, right = chunks((a:gsub("^v(%d)", "%1"))), chunks((b:gsub("^v(%d)", "%1")))
  for i = 1, math.max(#left, #right) do
    local x, y = left[i], right[i]
    if x == nil or y == nil then
      if x ~= y then return x == nil end
    elseif type(x) ~= type(y) then
      return type(x) == "number"
    elseif x ~= y then
      return x < y
    end
  end
  return a < b
end

local MOVING = { "^latest", "nightly", "^main", "^master", "^dev", "^edge", "^sha[-%d]",
  "%.sig$", "%.att$", "%.sbom$" }

local function is_commit(tag) return #tag >= 7 and tag:match "^%x+$" and tag:find "%a" and tag:find "%d" end

-- 4: a release (v1.2, 1.2.3); 3: what leads up to one or varies it (1.2.3-rc1); 2: a bare number, often a
-- date; 1: any other name; 0: names that move, commits, signatures.
local function rank(tag)
  for _, pattern in ipairs(MOVING) do
    if tag:find(pattern) then return 0 end
  end
  if is_commit(tag) then return 0 end
  if tag:match "^v?%d+%.[%d.]*%d$" then return 4 end
  if tag:match "^v?%d+%.%d" then return 3 end
  if tag:match "^v?%d+$" then return 2 end
  return 1
end

---The newest release; where there is none, the newest of what comes closest to one.
---@param tags string[]
---@return string? tag nil for an empty list
function M.newest(tags)
  local best, best_rank
  for _, tag in ipairs(tags) do
    local own = rank(tag)
    if not best or own > best_rank or (own == best_rank and M.before(best, tag)) then
      best, best_rank = tag, own
    end
  end
  return best
end

return M
