local t = require "bench.test"
local annotations, doc = require "bench.annotations", require "bench.doc"

local SOURCE = [[
---@meta host.sample

---A module for this spec.
---
---    local sample = require "host.sample"
---@class host.sample
---@field level integer How deep
local sample = {}

---Opens a thing.
---It may take a while.
---@async
---@param name string Its name | path
---@param opts? { a: integer, b?: fun(x: string): boolean } What and how
---@return host.sample.Thing? thing
---@return bench.Error? err `not_found`
function sample.open(name, opts) end

---How it is opened.
---@class host.sample.Options : host.sample.Base
---@field wide? boolean Not narrow | wide
---@field private hidden integer

---@class host.sample.Thing
local Thing = {}

---Closes it.
function Thing:close() end

return sample
]]

t.describe("annotations.parse", function()
  local module = annotations.parse(SOURCE, "unnamed")

  t.it("finds the module and its prose", function()
    t.eq("host.sample", module.name)
    t.eq({ "A module for this spec.", "", '    local sample = require "host.sample"' }, module.doc)
    t.eq({ name = "level", type = "integer", doc = "How deep", optional = false }, module.fields[1])
  end)

  t.it("finds functions with their parameters and results", function()
    local open = module.functions[1]
    t.eq("sample.open(name, opts?)", open.call)
    t.eq(true, open.async)
    t.eq({ "Opens a thing.", "It may take a while." }, open.doc)
    t.eq("{ a: integer, b?: fun(x: string): boolean }", open.params[2].type)
    t.eq("What and how", open.params[2].doc)
    t.eq({ type = "bench.Error?", doc = "err `not_found`" }, open.returns[2])
  end)

  t.it("finds tables with their fields", function()
    t.eq({ { name = "host.sample.Options", parent = "host.sample.Base", doc = { "How it is opened." },
      fields = { { name = "wide", type = "boolean", doc = "Not narrow | wide", optional = true } } } }, module.tables)
    local page = doc.page(module)
    t.contains("## `host.sample.Options`\n\nHow it is opened.\nHas the fields of `host.sample.Base`, too.", page)
    t.contains("| `wide?` | `boolean` | Not narrow \\| wide |", page)
  end)

  t.it("finds methods of live objects", function()
    t.eq("Thing:close", module.functions[2].name)
    t.eq("Thing:close()", module.functions[2].call)
  end)
end)

t.describe("doc", function()
  t.it("writes pages, tells what changed, removes what has no module", function()
    local fs = require "host.fs"
    local folder = t.tempdir()
    local pages = { ["host.sample.md"] = doc.page(annotations.parse(SOURCE, "x")) }
    t.ok(fs.write(folder .. "/old.md", "x"))
    t.eq({ { name = "host.sample.md", state = "missing" }, { name = "old.md", state = "left over" } },
      doc.write(folder, pages))
    t.eq({}, doc.write(folder, pages))
    local text = t.ok(fs.read(folder .. "/host.sample.md"))
    t.contains("## `sample.open(name, opts?)`", text)
    t.contains("Its name \\| path", text)
  end)
end)
