local fs = require "host.fs"
local manifest = require "bench.manifest"
local t = require "bench.test"

local function results()
  local dir = t.tempdir()
  t.ok(fs.mkdir(dir .. "/sub"))
  t.ok(fs.write(dir .. "/a.yaml", "a: 1\n"))
  t.ok(fs.write(dir .. "/sub/b.rec", "bytes"))
  return dir
end

t.describe("bench.manifest", function()
  t.it("lists every file with its hash, and what made them", function()
    local dir = results()
    local script = dir .. "/a.yaml"
    local digest = t.ok(manifest.write(dir, { seed = 7, scripts = { script, script } }))
    local tree = t.ok(manifest.read(dir))
    t.eq(fs.sha256(dir .. "/manifest.json"), digest)
    t.eq({ "a.yaml", "sub/b.rec" }, { tree.files[1].name, tree.files[2].name })
    t.eq(fs.sha256(dir .. "/sub/b.rec"), tree.files[2].sha256)
    t.eq(5, tree.files[2].size_bytes)
    t.eq(7, tree.seed)
    t.eq(1, #tree.scripts)
    t.ok(tree.host.cpus > 0)
    t.eq(true, manifest.verify(dir, digest))
  end)

  t.it("notices changed, missing and forged files", function()
    local dir = results()
    local digest = t.ok(manifest.write(dir, {}))
    t.ok(fs.write(dir .. "/a.yaml", "a: 2\n"))
    t.contains("a.yaml changed", t.fails("invalid", manifest.verify(dir, digest)).message)
    t.ok(fs.remove(dir .. "/a.yaml"))
    t.contains("a.yaml is missing", t.fails("invalid", manifest.verify(dir, digest)).message)
    t.ok(fs.write(dir .. "/a.yaml", "a: 2\n"))
    t.ok(manifest.write(dir, {}))
    t.eq(true, manifest.verify(dir))
    t.contains("manifest.json changed", t.fails("invalid", manifest.verify(dir, digest)).message)
    t.fails("not_found", manifest.verify(dir .. "/sub"))
  end)
end)
