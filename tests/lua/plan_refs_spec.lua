local t = require "bench.test"
local refs = require "bench.plan.refs"
local yaml = require "host.yaml"

-- Resolves the references of a configuration text; the configuration and the stack, or nil and the error.
local function resolve(text)
  local stack = { name = "s", config = yaml.decode(text), origins = { ["x.y"] = "scenario.yaml:9" }, warnings = {} }
  local err = refs.resolve(stack)
  if err then return nil, err end
  return stack.config, stack
end

t.describe("bench.plan.refs", function()
  t.it("replaces references in texts, maps and lists", function()
    local config = t.ok(resolve [[
a: {name: org/m, port: 8000, part: 0.95, "on": true, "off": false, big: 16384}
b: "--model ${a.name} --port ${a.port} ${a.part} ${a.on} ${a.off} ${a.big}"
c: [{d: "${a.name}"}, "x${a.port}y"]
${a.name}: key
]])
    t.eq("--model org/m --port 8000 0.95 True False 16384", config.b)
    t.eq({ "org/m", "x8000y" }, { config.c[1].d, config.c[2] })
    t.eq("key", config["${a.name}"])
  end)

  t.it("write numbers as Python does", function()
    local config = t.ok(resolve("a: {one: 1.0, big: 1000000.0, zero: -0.0, int: 1, tiny: 1.0e-5}\n" ..
      "b: {c: '${a.one} ${a.big} ${a.zero} ${a.int} ${a.tiny}'}"))
    t.eq("1.0 1000000.0 -0.0 1 1e-05", config.b.c)
  end)

  t.it("leaves to the shell what is not a dotted key", function()
    local text = "$HOME ${HOME} ${a-b.c} ${a/b.c} $(x) ${a..b} ${.a} ${a.}"
    local config, stack = resolve("x: '" .. text .. "'")
    t.eq(text, config.x)
    t.eq({}, stack.warnings)
  end)

  t.it("follows references to texts with references, in any order", function()
    local config = t.ok(resolve "a: {x: '1 ${b.x}'}\nb: {x: '2 ${c.x}'}\nc: {x: '3'}\nd: {x: '${a.x}!'}")
    t.eq({ "1 2 3", "2 3", "1 2 3!" }, { config.a.x, config.b.x, config.d.x })
  end)

  t.it("keeps a reference that leads nowhere, with a warning", function()
    local config, stack = resolve("a: {name: m, list: [1], map: {k: 1}, none: null}\n" ..
      "x: {y: '${a.nam} ${a.list} ${a.map} ${a.none}'}")
    t.eq("${a.nam} ${a.list} ${a.map} ${a.none}", config.x.y)
    local warnings = table.concat(stack.warnings, "\n")
    t.contains("scenario.yaml:9: x.y: ${a.nam} is left as it is: there is no 'a.nam' (did you mean 'a.name'?)",
      warnings)
    t.contains("'a.list' is a list", warnings)
    t.contains("'a.map' is a map", warnings)
    t.contains("'a.none' is null", warnings)
    t.eq(4, #stack.warnings)
  end)

  t.it("refuses references that go in a circle, naming all of them", function()
    t.contains("a.x -> b.x -> a.x", t.fails("invalid", resolve "a: {x: '${b.x}'}\nb: {x: '${a.x}'}").message)
    t.contains("scenario.yaml:9: the reference goes in a circle: x.y -> x.y",
      t.fails("invalid", resolve "x: {y: 'a ${x.y}'}").message)
  end)
end)
