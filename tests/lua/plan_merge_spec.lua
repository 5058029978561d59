local t = require "bench.test"
local json = require "host.json"
local merge = require "bench.plan.merge"
local yaml = require "host.yaml"

local function merged(...)
  local target, origins = yaml.decode "{}", {}
  for i, text in ipairs { ... } do
    merge.into(target, yaml.decode(text), origins, function() return "layer " .. i end)
  end
  return target, origins
end

t.describe("bench.plan.merge", function()
  t.it("merges maps, replaces the rest, and a null changes nothing", function()
    local tree = merged("a: {b: 1, c: [1, 2]}\nd: {e: 1}\nf: x",
      "a: {c: [], g: 2}\nd: 5\nf: null\nh: {i: null}")
    t.eq({ b = 1, c = {}, g = 2 }, tree.a)
    t.eq(5, tree.d)
    t.eq("x", tree.f)
    t.eq("{i: null}", (yaml.encode(tree.h, { flow = true }):gsub("%s+$", "")))
    t.eq("[]", (yaml.encode(tree.a.c, { flow = true }):gsub("%s+$", "")))
  end)

  t.it("keeps the order of keys, new ones last", function()
    local tree = merged("z: {memory: 1, cpu: 2}", "z: {disk: 3, cpu: 4, bus: 5}\ny: {d: 1, c: {b: 1, a: 2}}")
    t.eq('{"z":{"memory":1,"cpu":4,"disk":3,"bus":5},"y":{"d":1,"c":{"b":1,"a":2}}}', json.encode(tree))
  end)

  t.it("remembers where each value came from", function()
    local _, origins = merged("a: {b: 1, c: 2}\nd: {e: {f: 1}}", "a: {c: 3}\nd: gone")
    t.eq("layer 1", origins["a.b"])
    t.eq("layer 2", origins["a.c"])
    t.eq("layer 2", origins["d"])
    t.eq(nil, origins["d.e.f"])
    _, origins = merged("a: {}", "a: {b: 1}")
    t.eq({ ["a.b"] = "layer 2" }, origins)
  end)

  t.it("does not share tables with its layers", function()
    local layer = yaml.decode "a: {b: [1]}"
    local target = yaml.decode "{}"
    merge.into(target, layer, {}, function() return "x" end)
    target.a.b[1] = 2
    t.eq(1, layer.a.b[1])
  end)

  t.it("sets single keys with their origin", function()
    local tree, origins = merged "a: {b: {c: 1}}"
    t.ok(merge.set(tree, "a.b", 7, origins, "--set"))
    t.eq(7, tree.a.b)
    t.eq("--set", origins["a.b"])
    t.eq(nil, origins["a.b.c"])
    t.fails("invalid", merge.set(tree, "a.x", 7, origins, "--set"))
  end)

  t.it("blames the layer whose map took the place of a plain value or a list", function()
    local _, origins = merged("a: {b: 1, c: [1]}", "a: {b: {x: 1}, c: {y: 2}}")
    t.eq({ ["a.b.x"] = "layer 2", ["a.c.y"] = "layer 2" }, origins)
    t.eq("layer 2", merge.origin_at(origins, "a.b"))
  end)

  t.it("merges a map that is set, with the origin of each value", function()
    local tree, origins = merged 'a: {b: {c: 1, d: {e: 2}, "f.g": 3}, h: [{i: 4, j: 5}], k: 6}'
    t.ok(merge.set(tree, "a", yaml.decode 'b: {c: 9, d: null, "f.g": 8}\nh: [7]', origins, "--set"))
    t.eq({ b = { c = 9, d = { e = 2 }, ["f.g"] = 8 }, h = { 7 }, k = 6 }, tree.a)
    t.eq({ ["a.b.c"] = "--set", ["a.b.d.e"] = "layer 1", ['a.b."f.g"'] = "--set", ["a.h"] = "--set", ["a.k"] = "layer 1" },
      origins)
    t.fails("invalid", merge.set(tree, "a.b", yaml.decode "x: 1", origins, "--set"))
    t.ok(merge.set(tree, "a.b", yaml.decode "{}", origins, "--set"))
    t.eq({}, tree.a.b)
    t.eq({ ["a.b"] = "--set", ["a.h"] = "--set", ["a.k"] = "layer 1" }, origins)
    t.ok(merge.set(tree, "a.b", yaml.decode "c: 1", origins, "more", { allows = function() return true end }))
    t.eq({ ["a.b.c"] = "more", ["a.h"] = "--set", ["a.k"] = "layer 1" }, origins)
    t.ok(merge.set(tree, "a.b", yaml.decode "{}", origins, "--set"))
    t.ok(merge.set(tree, "a.k", yaml.decode "{l: {m: 1}}", origins, "--set"))
    t.eq({ ["a.b"] = "--set", ["a.h"] = "--set", ["a.k.l.m"] = "--set" }, origins)
  end)
end)
