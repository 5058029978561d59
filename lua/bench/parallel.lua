---The same work for many items at once. Results keep the order of the items.
---@class bench.parallel
local M = {}

local inspect = require "bench.inspect"
local task = require "host.task"
local text = require "host.text"

local OPTIONS = { "limit" }

local function options_problem(opts)
  if opts == nil then return nil end
  if type(opts) ~= "table" then return "the options are a table such as { limit = 4 }, not a " .. type(opts) end
  for _, key in ipairs(inspect.keys(opts)) do
    if key ~= "limit" then
      return "unknown option '" .. tostring(key) .. "'" .. text.did_you_mean(tostring(key), OPTIONS)
    end
  end
  local limit = opts.limit
  if limit ~= nil and (type(limit) ~= "number" or limit < 1 or limit ~= math.floor(limit)) then
    return "limit is a whole number of at least 1"
  end
end

-- Raises at the caller of `map` or `all`.
local function check(usage, items, fn, opts)
  local problem = type(items) ~= "table" and "the first argument is a list, not a " .. type(items)
    or type(fn) ~= "function" and "the second argument is a function, not a " .. type(fn)
    or options_problem(opts)
  if problem then error(usage .. ": " .. problem, 3) end
end

local function check_functions(functions)
  for i, fn in ipairs(type(functions) == "table" and functions or {}) do
    if type(fn) ~= "function" then
      error(("parallel.all(functions [, options]): item %d is a %s, not a function"):format(i, type(fn)), 3)
    end
  end
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
  check("parallel.map(list, function(item) [, options])", items, fn, opts)
  local count = #items
  local workers = math.min(opts and opts.limit or count, count)
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
  check("parallel.all(functions [, options])", functions, check, opts)
  check_functions(functions)
  return M.map(functions, function(fn) return fn() end, opts)
end

return M
