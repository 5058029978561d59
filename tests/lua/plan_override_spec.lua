local t = require "bench.test"
local json = require "host.json"
local override = require "bench.plan.override"
local yaml = require "host.yaml"

local function profile()
  return yaml.decode [[
load:
  type: constant
  stages:
    - {rate: 1.5, duration: 10}
    - {rate: 2, duration: 10}
api: {streaming: true, type: completion}
name: "7"
count: auto
empty: null
"odd.key": 1
]]
end

local function refused(pattern, key, value, opts)
  local err = t.fails("invalid", override.set(profile(), key, value, opts))
  t.match(pattern, err.message .. " " .. (err.hint or ""))
end

t.describe("bench.plan.override", function()
  t.it("splits dotted keys, with quotes and indices", function()
    t.eq({ "a", "b.c", "0", "d" }, t.ok(override.split_path 'a."b.c".0.d'))
    t.eq({ "a", "12", "b" }, t.ok(override.split_path "a[12].b"))
    for _, key in ipairs { "", ".a", "a..b", "a.", 'a"b', 'a."b"c' } do
      t.fails("invalid", override.split_path(key))
    end
    t.eq('a."b.c".0', override.join_path { "a", "b.c", "0" })
  end)

  t.it("reads values as the command line means them", function()
    for word, value in pairs {
      ["5"] = 5, ["-2.5"] = -2.5, ["1e3"] = 1000, ["012"] = 12, ["true"] = true, Yes = true, ["no"] = false,
      ["null"] = json.null, [" spaced "] = "spaced", ['"5"'] = "5", ["'a,b'"] = "a,b", ["none"] = "none",
      ["1.2.3"] = "1.2.3", ["nan"] = "nan", [""] = "", ["0x10"] = "0x10",
    } do
      t.eq(value, override.parse_value(word), "for " .. word)
    end
    t.eq({ 1, 2 }, override.parse_value "[1, 2]")
    t.eq({ a = { 1 } }, override.parse_value "{a: [1]}")
    t.fails("invalid", override.parse_value "[1, 2")
  end)

  t.it("reads lists; commas in quotes and brackets belong to the value", function()
    local items = t.ok(override.parse_list 'a.b=1, c="x,y" ,d=[1,2],e=k=v,')
    local seen = {}
    for i, item in ipairs(items) do seen[i] = { item.key, item.value } end
    t.eq({ { "a.b", 1 }, { "c", "x,y" }, { "d", { 1, 2 } }, { "e", "k=v" } }, seen)
    t.match("is not an override", t.fails("invalid", override.parse_list "a.b").message)
    t.match("is not an override", t.fails("invalid", override.parse_list "=3").message)
    t.match("quote is not closed", t.fails("invalid", override.parse_list "a='x").message)
  end)

  t.it("sets nested keys and list elements and returns the old value", function()
    local tree = profile()
    t.ok(override.set(tree, "load.stages.1.rate", 9))
    t.eq(9, tree.load.stages[2].rate)
    t.eq(1.5, tree.load.stages[1].rate)
    local _, old = override.set(tree, "load.stages[0].rate", 8)
    t.eq(1.5, old)
    t.ok(override.set(tree, '"odd.key"', 2))
    t.eq(2, tree["odd.key"])
  end)

  t.it("answers an unknown key with the nearest", function()
    refused("did you mean 'load.stages'", "load.stage", 1)
    refused("did you mean 'load.stages.0.rate'", "load.stages.0.rat", 1)
    refused("unknown key 'nothing.like.it'.*$", "nothing.like.it", 1)
    refused("'load' has: type, stages", "load.zzzzzz", 1)
    refused("there is no element 2 %(the last index is 1%)", "load.stages.2.rate", 1)
    refused("addressed by number", "load.stages.first", 1)
    refused("'name' is a string, it has no keys", "name.x", 1)
  end)

  t.it("blames the part that is missing, and leaves no trace of a refused key", function()
    local tree = profile()
    local allows = function(parts) return #parts == 1 and parts[1] == "absent" end
    local err = t.fails("invalid", override.set(tree, "absent.stages.0.rate", 1, { allows = allows }))
    t.match("the top level has: .*load", err.hint)
    t.eq(nil, tree.absent)
  end)

  t.it("keeps types", function()
    local tree = profile()
    t.ok(override.set(tree, "name", 8, { raw = "8", strict = true }))
    t.eq("8", tree.name)
    t.ok(override.set(tree, "count", 3, { raw = "3", strict = true }))
    t.eq(3, tree.count)
    t.ok(override.set(tree, "empty", 3, { strict = true }))
    refused("must be a number, not 'fast'", "load.stages.0.rate", "fast", { raw = "fast", strict = true })
    refused("must be true or false, not '3'", "api.streaming", 3, { strict = true })
    refused("must be a list", "load.stages", 3, { strict = true })
    t.ok(override.set(profile(), "load.stages", 3))
  end)

  t.it("adds a missing key only where the caller allows it", function()
    local tree = profile()
    local allows = function(parts) return parts[1] == "api" end
    t.ok(override.set(tree, "api.headers.x", "y", { allows = allows }))
    t.eq("y", tree.api.headers.x)
    t.fails("invalid", override.set(tree, "load.more", 1, { allows = allows }))
  end)
end)
