local json = require "host.json"
local t = require "bench.test"

t.describe("json.decode", function()
  t.it("keeps order, null and what is empty", function()
    local text = '{"z":1,"a":null,"m":{},"l":[],"n":[1,2.5,"x"]}'
    local value = t.ok(json.decode(text))
    t.eq(json.null, value.a)
    t.eq({ "z", "a", "m", "l", "n" }, json.keys(value))
    t.eq(text, json.encode(value))
  end)

  t.it("gives json.null for null, and can be told apart from failure", function()
    local value, err = json.decode("null")
    t.eq(json.null, value)
    t.eq(nil, err)
  end)

  t.it("says where a text is wrong", function()
    local err = t.fails("invalid", json.decode('{\n  "a": 1,\n}', { file = "x.json" }))
    t.eq(2, err.line)
    t.eq(9, err.column)
    t.eq("x.json", err.file)
    t.contains("x.json:2:9: JSON allows no comma behind the last member", err.message)
  end)

  t.it("accepts Python's NaN only when asked", function()
    t.fails("invalid", json.decode "[NaN]")
    local list = t.ok(json.decode("[NaN, -Infinity]", { nan = true }))
    t.ok(list[1] ~= list[1])
    t.eq(-math.huge, list[2])
  end)

  t.it("refuses unknown options and wrong arguments", function()
    t.raises(function() json.decode("1", { nann = true }) end,
      "unknown option 'nann' %(did you mean 'nan'%?%)")
    t.raises(function() json.decode {} end, "expected a string")
  end)
end)

t.describe("json.encode", function()
  t.it("writes lists, objects and numbers", function()
    t.eq('{"a":[],"b":{}}', json.encode { b = json.object(), a = {} })
    t.eq("[1,2.5,-3]", json.encode { 1, 2.5, -3 })
    t.eq('{"c":1,"a":2}', json.encode(json.object(json.decode '{"c":1,"a":2}')))
    t.eq('{\n  "a": [\n    1\n  ]\n}', json.encode({ a = { 1 } }, { indent = 2 }))
    t.eq('{"a": "\\u00e9"}', json.encode({ a = "é" }, { spaced = true, ascii = true }))
  end)

  t.it("raises for what has no data form", function()
    t.raises(function() json.encode { f = print } end, "function has no data form")
    t.raises(function() json.encode { a = { 0 / 0 } } end, "no NaN")
    t.raises(function() json.encode({}, { nan = "maybe" }) end, "'nan' is")
    t.eq("[null]", json.encode({ 0 / 0 }, { nan = "null" }))
    t.eq("[Infinity]", json.encode({ math.huge }, { nan = "literal" }))
  end)
end)

t.describe("json.load", function()
  t.it("reads a file, and says when there is none", function()
    local path = t.tempdir() .. "/a.json"
    local file = assert(io.open(path, "w"))
    file:write "[1, 2"
    file:close()
    local err = t.fails("invalid", json.load(path))
    t.eq(path, err.file)
    t.fails("not_found", json.load(path .. ".nope"))
  end)
end)

t.describe("json.validate", function()
  local schema = {
    type = "object",
    required = { "rate" },
    properties = { rate = { type = "number", exclusiveMinimum = 0 },
      stages = { items = { type = "integer" } } },
    additionalProperties = false,
  }

  t.it("accepts what fits", function() t.eq(true, json.validate({ rate = 1, stages = { 1, 2 } }, schema)) end)

  t.it("lists every problem with its path", function()
    local err = t.fails("invalid", json.validate({ rate = 0, stages = { 1, "x" }, stage = 1 }, schema))
    t.eq({
      { path = "rate", message = "must be greater than 0, but is 0" },
      { path = "", message = "unknown key 'stage' (did you mean 'stages'?)" },
      { path = "stages[1]", message = 'must be of type integer, but is string "x"' },
    }, err.errors)
    t.contains("rate: must be greater than 0, but is 0 (and 2 more)", err.message)
  end)

  t.it("reports a schema that cannot be used", function()
    local err = t.fails("invalid", json.validate(1, { ["$ref"] = "#/nope" }))
    t.eq(nil, err.errors)
  end)
end)

t.describe("json.list and json.object", function()
  t.it("mark a table and return it", function()
    local list = {}
    t.ok(json.list(list) == list)
    t.eq("[]", json.encode(json.list()))
    t.eq("{}", json.encode(json.object {}))
    local ordered = json.object({ b = 1, a = 2 }, { "z", "b", "never" })
    ordered.z, ordered.c = 3, 4
    t.eq('{"z":3,"b":1,"a":2,"c":4}', json.encode(ordered))
    t.raises(function() json.list "x" end, "expected a table")
  end)

  t.it("remembers that a whole number was a float, also in copies", function()
    local object = json.decode '{"a": 1.0, "b": 1, "c": {"d": 2.0}}'
    t.eq('{"a":1.0,"b":1,"c":{"d":2.0}}', json.encode(object))
    t.eq('{"a":1.0,"b":1,"c":{"d":2.0}}', json.encode(json.copy(object)))
    local target = json.object { b = 7 }
    for _, key in ipairs { "a", "b", "c" } do json.take(target, key, object) end
    t.eq('{"a":1.0,"b":1,"c":{"d":2.0}}', json.encode(target, { sort_keys = true }))
    object.c.d = 5
    t.eq(2, target.c.d)
    json.take(target, "a", { a = 3 })
    t.eq(3, json.decode(json.encode(target)).a)
    t.contains('"a":3,', json.encode(target, { sort_keys = true }))
  end)

  t.it("remembers it of the items of lists, and only of the number that was written", function()
    local object = json.decode '{"l": [1.0, 2, [3.0]], "n": 4.0}'
    t.eq('{"l":[1.0,2,[3.0]],"n":4.0}', json.encode(object))
    t.eq('[1.0,2,[3.0]]', json.encode(json.copy(object.l)))
    t.eq('[1.0,2,[3.0]]', json.encode(json.list(object.l)))
    table.insert(object.l, 1, 9)
    t.eq('[9,1,2,[3.0]]', json.encode(object.l), "an item that moved is a number like any other")
    object.n = 5
    t.eq('{"l":[],"n":5}', json.encode(json.object { l = json.list(), n = object.n }))
    t.contains('"n":5', json.encode(object))
    json.take(object, "n", json.decode '{"n": 5.0}')
    t.contains('"n":5.0', json.encode(object))
    json.take(object, "n", json.decode '{"n": 5}')
    t.match('"n":5}$', json.encode(object))
  end)
end)
