local t = require "bench.test"
local env = require "host.env"
local fs = require "host.fs"
local parallel = require "bench.parallel"
local workspace = require "bench.workspace"

t.describe("bench.workspace", function()
  t.it("makes a folder for each invocation, and a link to the newest", function()
    local root = t.tempdir()
    local first = t.ok(workspace.open { workspace = root })
    t.match("^" .. env.user() .. "%-%d%d%d%d%d%d%d%d%-%d%d%d%d%d%d%-%d%d%d$", fs.basename(first.dir))
    t.eq({ "dir", "dir" }, { fs.stat(first:path "logs").type, fs.stat(first:path "plan").type })
    local second = t.ok(workspace.open { workspace = root })
    t.ne(first.dir, second.dir)
    t.eq(fs.basename(second.dir), fs.stat(root .. "/latest", { follow = false }).target)
    for _, entry in ipairs(fs.list(root)) do t.ok(not entry.name:find "^%.", entry.name) end
  end)

  t.it("never gives two the same folder, in whatever millisecond", function()
    t.virtual_clock(1800000000)
    local root, seen = t.tempdir(), {}
    local all = parallel.map({ 1, 2, 3, 4, 5 }, function() return workspace.open { workspace = root } end)
    for _, each in ipairs(all) do
      t.eq(nil, seen[each.dir])
      seen[each.dir] = true
    end
    t.eq(5, #all)
  end)

  t.it("is where the flag says, else where the scenario says, else under TMPDIR", function()
    local root, other = t.tempdir(), t.tempdir()
    t.eq(root, t.ok(workspace.open { workspace = root, work_dir = other }).root)
    t.eq(other, t.ok(workspace.open { work_dir = other }).root)
    local before = env.get "TMPDIR"
    env.set("TMPDIR", root)
    t.cleanup(function() env.set("TMPDIR", before) end)
    t.match("^" .. root:gsub("%p", "%%%0") .. "/workspace_llmdbench_%w+$", t.ok(workspace.open {}).root)
    t.eq(env.home() .. "/x", workspace.root "~/x")
  end)

  t.it("writes files and folders inside", function()
    local place = t.ok(workspace.open { workspace = t.tempdir() })
    t.eq(place.dir .. "/a/b.txt", t.ok(place:write("a/b.txt", "x")))
    t.eq("x", fs.read(place:path "a/b.txt"))
    t.eq("dir", fs.stat(place:folder "results/1").type)
  end)

  t.it("nests and reopens", function()
    local outer = t.ok(workspace.open { workspace = t.tempdir() })
    local nested = t.ok(workspace.open { parent = outer, name = "setup-treatment-a" })
    t.eq(outer.dir .. "/setup-treatment-a", nested.dir)
    t.ok(fs.exists(nested:path "plan"))
    t.eq(outer.dir, t.ok(workspace.reopen(outer.dir)).dir)
    t.fails("not_found", workspace.reopen(outer.dir .. "/nowhere"))
  end)

  t.it("creates nothing in a dry run", function()
    local root = t.tempdir() .. "/not/there"
    t.eq(root .. "/<new>/plan", workspace.imagined({ workspace = root }):path "plan")
    t.eq(false, fs.exists(root))
  end)

  t.it("says what is wrong with a folder that cannot be used", function()
    local dir = t.tempdir()
    t.ok(fs.write(dir .. "/file", "x"))
    local _, err = workspace.open { workspace = dir .. "/file" }
    t.contains(dir .. "/file", err.message)
    t.contains("--workspace", err.hint)
  end)
end)
