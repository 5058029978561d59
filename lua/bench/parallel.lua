---The same work for many items at once. Results keep the order of the items.
---@class bench.parallel
local M = {}

local task = require "host.task"

local function check_limit(limit, count)
  if limit == nil then return count end
  if type(limit) ~= "number" or limit < 1 or limit ~= math.floor(limit) then
    error("parallel: limit is a whole number of at least 1", 3)
  end
  return math.min(limit, count)
end

---Calls `fn(item, index)` for each item, at most `limit` at the same time, and waits for all of them. If one
---raises, the others are cancelled, and once they have ended the error is raised here. An item for which
---`fn` returns `nil, err` leaves a hole in the results and its error in `errors`; the others go on.
---@async
---@generic T, R
---@param items T[]
---@param fn fun(item: T, index: integer): R?, bench.Error?
---@param opts? { limit?: integer } All at once unless limited
---@return R[] results
---@return table<integer, bench.Error>? errors By index; nil if there were none
function M.map(items, fn, opts)
  local count = #items
  local workers = check_limit(opts and opts.limit, count)
  local results, errors, next_index = {}, nil, 1
  local function work()
    while next_index <= count do
      local index = next_index
      next_index = index + 1
      local result, err = fn(items[index], index)
      results[index] = result
      if result == nil and err ~= nil then
        errors = errors or {}
        errors[index] = err
      end
    end
  end
  task.scope(function()
    local running = {}
    for i = 1, workers do running[i] = task.spawn(work) end
    for _, worker in ipairs(running) do worker:join() end
  end)
  return results, errors
end

---Runs functions side by side and waits for all of them; `map` for functions.
---@async
---@param functions (fun(): any)[]
---@param opts? { limit?: integer }
---@return any[] results First result of each
---@return table<integer, bench.Error>? errors
function M.all(functions, opts)
  return M.map(functions, function(fn) return fn() end, opts)
end

return M
