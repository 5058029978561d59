local json = require "host.json"
local t = require "bench.test"
local yaml = require "host.yaml"

t.describe("yaml.decode", function()
  t.it("reads YAML 1.1 as PyYAML does", function()
    local value = t.ok(yaml.decode [[
base: &base {cpu: 4, "on": x}
more:
  <<: *base
  cpu: 8
list: [yes, 012, 1:30, 1e3, 1.0e+3, ~, "no", 2024-05-01]
]])
    t.eq({ cpu = 8, on = "x" }, value.more)
    t.eq({ true, 10, 90, "1e3", 1000, json.null, "no", "2024-05-01" }, value.list)
    t.eq({ "base", "more", "list" }, json.keys(value))
  end)

  t.it("hands over warnings about repeated keys", function()
    local warnings = {}
    local value = t.ok(yaml.decode("a: 1\na: 2\n", { file = "v.yaml", warnings = warnings }))
    t.eq(2, value.a)
    t.eq(1, #warnings)
    t.contains("v.yaml:2:1: key 'a' is given again", warnings[1])
  end)

  t.it("says where a text is wrong and what to do", function()
    local err = t.fails("invalid", yaml.decode("a: 1\nb: c: d\n", { file = "v.yaml" }))
    t.eq({ "v.yaml", 2, 5, "b: c: d" }, { err.file, err.line, err.column, err.source })
    t.contains("    |     ^", err.message)
    t.contains("quote", err.hint)
  end)

  t.it("counts documents", function()
    t.fails("invalid", yaml.decode "a: 1\n---\nb: 2\n")
    t.eq({ { a = 1 }, { b = 2 } }, yaml.decode_all "a: 1\n---\nb: 2\n")
    t.eq(json.null, yaml.decode "")
    t.eq({}, yaml.decode_all "")
  end)

  t.it("bounds what aliases expand to", function()
    local err = t.fails("invalid", yaml.decode("a: &a [1, 2, 3]\nb: [*a, *a, *a]\n", { max_expanded_nodes = 5 }))
    t.contains("beyond 5 nodes", err.message)
  end)

  t.it("refuses wrong arguments", function()
    t.raises(function() yaml.decode(nil) end, "expected a string")
    t.raises(function() yaml.decode("", { wornings = {} }) end, "did you mean 'warnings'")
  end)
end)

t.describe("yaml.encode", function()
  t.it("writes what reads back equal", function()
    local value = t.ok(yaml.decode "z: [1, {k: null, j: 'yes'}]\na: |\n  x\n  y\ne: {}\nl: []\n")
    local text = yaml.encode(value)
    t.eq("z:\n- 1\n- k: null\n  j: 'yes'\na: 'x\n\n  y\n\n  '\ne: {}\nl: []\n", text)
    t.eq(value, yaml.decode(text))
    t.eq("a: |\n  x\n  y\n", yaml.encode({ a = "x\ny\n" }, { literal_blocks = true }))
    t.eq("--- 1\n---\na: 2\n", yaml.encode_all { 1, { a = 2 } })
  end)

  t.it("raises for what has no data form", function()
    t.raises(function() yaml.encode { f = print } end, "function has no data form")
    t.raises(function() yaml.encode_all "x" end, "list of documents")
  end)
end)

t.describe("yaml.load", function()
  t.it("reads a file, and says when there is none", function()
    local path = t.tempdir() .. "/a.yaml"
    local file = assert(io.open(path, "w"))
    file:write "a: [1\n"
    file:close()
    t.eq(path, t.fails("invalid", yaml.load(path)).file)
    t.fails("not_found", yaml.load(path .. ".nope"))
  end)
end)

t.describe("yaml.lines", function()
  t.it("says where every key stands", function()
    local lines = t.ok(yaml.lines "a:\n- b.c: 1\n- {d: 2}\n")
    t.eq({ a = 1, ["a.0"] = 2, ['a.0."b.c"'] = 2, ["a.1"] = 3, ["a.1.d"] = 3 }, lines)
    t.fails("invalid", yaml.lines "a: [1")
  end)
end)
