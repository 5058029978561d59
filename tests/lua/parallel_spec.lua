local t = require "bench.test"
local parallel = require "bench.parallel"
local task = require "host.task"

t.describe("parallel.map", function()
  t.it("keeps the order of the items, whoever ends first", function()
    t.virtual_clock()
    local results, errors = parallel.map({ 3, 1, 2 }, function(seconds, index)
      task.sleep(seconds)
      return index .. ":" .. seconds
    end)
    t.eq({ "1:3", "2:1", "3:2" }, results)
    t.eq(nil, errors)
  end)

  t.it("runs at most `limit` at once, and as many as that", function()
    t.virtual_clock()
    local running, most = 0, 0
    local items = {}
    for i = 1, 10 do items[i] = i end
    parallel.map(items, function(i)
      running = running + 1
      most = math.max(most, running)
      task.sleep(i % 3 + 1)
      running = running - 1
    end, { limit = 4 })
    t.eq(4, most)
  end)

  t.it("with limit 1 goes one after the other", function()
    local order = {}
    parallel.map({ "a", "b" }, function(name)
      order[#order + 1] = name
      task.sleep(0)
      order[#order + 1] = name
    end, { limit = 1 })
    t.eq({ "a", "a", "b", "b" }, order)
  end)

  t.it("collects failures of the world and goes on", function()
    local results, errors = parallel.map({ 1, 2, 3 }, function(i)
      if i == 2 then return nil, { code = "exit", message = "no" } end
      return i
    end)
    t.eq(1, results[1])
    t.eq(nil, results[2])
    t.eq(3, results[3])
    t.eq({ [2] = { code = "exit", message = "no" } }, errors)
  end)

  t.it("cancels the others when one raises, and raises that error", function()
    local ended = {}
    local err = t.raises(function()
      parallel.map({ "slow", "bad", "slower" }, function(name)
        if name == "bad" then
          task.sleep(0.001)
          error({ code = "denied", message = "bad" })
        end
        local fine, why = pcall(task.sleep, 1e6)
        ended[#ended + 1] = name .. " " .. why.code
        if not fine then error(why, 0) end
      end)
    end, { code = "denied" })
    t.eq("bad", err.message)
    t.eq({ "slow cancelled", "slower cancelled" }, ended)
    t.eq(false, task.cancelled())
  end)

  t.it("starts nothing after a failure", function()
    local started = 0
    t.raises(function()
      parallel.map({ 1, 2, 3, 4 }, function()
        started = started + 1
        error("x", 0)
      end, { limit = 1 })
    end, "^x$")
    t.eq(1, started)
  end)

  t.it("is cancelled with its caller, after all items have ended", function()
    local ended = 0
    local seen
    local caller = task.spawn(function()
      pcall(parallel.map, { 1, 2 }, function()
        pcall(task.sleep, 1e6)
        task.shielded(task.sleep, 0.001)
        ended = ended + 1
        task.sleep(1)
      end)
      seen = ended
    end)
    task.sleep(0.001)
    caller:cancel()
    caller:join()
    t.eq(2, seen)
  end)

  t.it("of nothing gives nothing", function()
    t.eq({}, (parallel.map({}, error)))
  end)

  t.it("refuses a bad limit", function()
    for _, limit in ipairs { 0, -1, 1.5, "2" } do
      local function call() parallel.map({ 1 }, print, { limit = limit }) end
      t.raises(call, "parallel_spec.*limit is a whole number")
    end
  end)
end)

t.describe("parallel.all", function()
  t.it("gives the first result of each function", function()
    t.virtual_clock()
    local results = parallel.all {
      function()
        task.sleep(2)
        return "slow"
      end,
      function() return "fast" end,
    }
    t.eq({ "slow", "fast" }, results)
  end)
end)

t.describe("bench.parallel", function()
  local function refused(words, fn) t.raises(fn, "parallel_spec.lua:%d+: parallel%.%l+%(.*: " .. words) end
  local function nothing() end

  t.it("raises at its caller when it is called wrongly", function()
    refused("unknown option 'limti' %(did you mean 'limit'%?%)", function()
      parallel.map({ 1 }, nothing, { limti = 2 })
      return true
    end)
    refused("the second argument is a function, not a nil", function()
      parallel.map { 1 }
      return true
    end)
    refused("the first argument is a list, not a function", function()
      parallel.map(nothing)
      return true
    end)
    refused("limit is a whole number of at least 1", function()
      parallel.all({}, { limit = 0 })
      return true
    end)
    refused("item 2 is a number, not a function", function()
      parallel.all { nothing, 5 }
      return true
    end)
  end)
end)
