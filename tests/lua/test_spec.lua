local t = require "bench.test"
local task = require "host.task"
local diff = require "bench.test.diff"

t.describe("test.diff", function()
  t.it("names the path of each difference", function()
    local text = diff.describe({ a = { 1, 2 }, b = "x" }, { a = { 1, 3 }, b = "x", c = true })
    t.eq("a[2]: expected 2, got 3\nc: expected nil, got true", text)
  end)

  t.it("shows the first line that differs in long texts", function()
    local text = diff.describe("a\nb\nc", "a\nB\nc")
    t.match("line 2", text)
    t.match("%- b", text)
    t.match("%+ B", text)
  end)

  t.it("stops after twenty lines", function()
    local many = {}
    for i = 1, 50 do many[i] = i end
    local _, lines = diff.describe(many, {}):gsub("\n", "\n")
    t.eq(20, lines)
  end)

  t.it("takes NaN as equal to itself and ignores metatables", function()
    t.ok(diff.same({ 0 / 0 }, { 0 / 0 }))
    t.ok(diff.same(setmetatable({ 1 }, {}), { 1 }))
    t.ok(not diff.same({ 1 }, { 1, 2 }))
    t.ok(not diff.same({ 1, 2 }, { 1 }))
  end)
end)

t.describe("assertions", function()
  local function refuses(body, pattern) t.match(pattern, tostring(t.raises(function()
    local fine, err = pcall(body)
    if not fine then error(tostring(err), 0) end
  end))) end

  t.it("eq, ne, ok, match, contains and near fail with both sides", function()
    refuses(function() t.eq(1, 2) end, "expected 1, got 2")
    refuses(function() t.ne({ 1 }, { 1 }) end, "both are { 1 }")
    refuses(function() t.ok(nil, "why") end, "got nil: why")
    refuses(function() t.match("a+", "bbb") end, 'no match for "a%+" in "bbb"')
    refuses(function() t.contains("a+", "aaa") end, "is not in")
    refuses(function() t.near(1, 1.2, 0.1) end, "expected 1 within 0.1, got 1.2")
    refuses(function() t.near(1, 0 / 0, 0.1) end, "got nan")
  end)

  t.it("name the line of the spec", function()
    refuses(function() t.eq(1, 2) end, "test_spec%.lua:%d+")
  end)

  t.it("raises wants an error, and the right one", function()
    refuses(function() t.raises(function() end) end, "nothing was raised")
    refuses(function() t.raises(function() error("abc", 0) end, "xyz") end, "no match")
    refuses(function() t.raises(function() error({ code = "a" }) end, { code = "b" }) end, "field code")
    t.eq("abc", t.raises(function() error("abc", 0) end, "b"))
    t.eq(7, t.raises(function() error({ code = "a", n = 7 }) end, { code = "a" }).n)
  end)

  t.it("raises does not swallow a failed assertion inside", function()
    refuses(function() t.raises(function() t.eq(1, 2) end) end, "expected 1, got 2")
  end)

  t.it("fails wants nil and the code", function()
    t.eq("m", t.fails("x", nil, { code = "x", message = "m" }).message)
    refuses(function() t.fails("x", 1) end, "expected a failure, got 1")
    refuses(function() t.fails("x", nil, "text") end, "error table")
    refuses(function() t.fails("x", nil, { code = "y" }) end, "expected code x")
  end)
end)

t.describe("each spec", function()
  local order = {}
  t.before_each(function() order[#order + 1] = "before" end)

  t.describe("in a nested group", function()
    t.before_each(function() order[#order + 1] = "inner" end)
    t.it("runs the outer before_each first", function() t.eq({ "before", "inner" }, order) end)
  end)

  t.it("can wait", function() task.sleep(0.001) end)

  t.it("has a virtual clock if it wants", function()
    t.virtual_clock()
    task.sleep(86400 * 365)
  end)
end)
