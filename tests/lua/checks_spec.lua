local t = require "bench.test"
local checks = require "bench.checks"

t.describe("bench.checks", function()
  t.it("counts what passed", function()
    local list = checks.new()
    t.eq(true, list:add("one", 1, "fine"))
    t.eq(true, list:add("two", true, "fine, too"))
    t.eq("health: 2/2 checks passed", t.ok(list:outcome "health").message)
    t.eq({}, list:failed())
  end)

  t.it("names everything that failed, for people and for machines", function()
    local list = checks.new()
    list:add("one", true, "fine")
    t.eq(false, list:add("two", nil, "it is not there", { expected = 2, actual = 1 }))
    list:add("three", false, "broken")
    local err = t.fails("invalid", list:outcome "health")
    t.eq("health: 2 of 3 checks failed\n  two: it is not there\n  three: broken", err.message)
    t.eq({ name = "two", passed = false, message = "it is not there", expected = 2, actual = 1 }, err.checks[2])
  end)

  t.it("passes when there was nothing to check", function()
    t.ok(checks.new():outcome "empty")
  end)
end)
