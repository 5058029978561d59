local t = require "bench.test"
local env = require "host.env"
local fs = require "host.fs"
local info = require "host.info"
local search = require "bench.search"

-- Folders with scripts, in search order: --scripts, two of LLMDBENCH_SCRIPTS, the user's.
local function folders()
  local root = t.tempdir()
  local dirs = { given = root .. "/given", first = root .. "/first", second = root .. "/second",
    user = root .. "/config/llmdbenchmark/scripts" }
  for _, dir in pairs(dirs) do t.ok(fs.mkdir(dir)) end
  local before = { env.get "LLMDBENCH_SCRIPTS", env.get "XDG_CONFIG_HOME" }
  t.cleanup(function()
    search.configure(nil)
    env.set("LLMDBENCH_SCRIPTS", before[1])
    env.set("XDG_CONFIG_HOME", before[2])
    search.forget()
  end)
  search.configure(dirs.given)
  env.set("LLMDBENCH_SCRIPTS", dirs.first .. ":" .. dirs.second)
  env.set("XDG_CONFIG_HOME", root .. "/config")
  search.forget()
  return dirs
end

local function put(dir, name, text)
  local path = fs.join(dir, name .. ".lua")
  t.ok(fs.mkdir(fs.parent(path)))
  t.ok(fs.write(path, text or "return {}", { sync = false }))
  return path
end

t.describe("search", function()
  t.it("goes through the folders in order", function()
    local dirs = folders()
    local origins = {}
    for _, entry in ipairs(search.dirs()) do origins[#origins + 1] = entry.origin end
    t.eq("installed", table.remove(origins))
    if origins[1] == "working folder" then table.remove(origins, 1) end
    t.eq({ "--scripts", "LLMDBENCH_SCRIPTS", "LLMDBENCH_SCRIPTS", "user" }, origins)
    for _, key in ipairs { "user", "second", "first", "given" } do
      local path = put(dirs[key], "spec_probe")
      t.eq(path, (search.find "spec_probe"), key)
    end
    local _, origin = search.find "spec_probe"
    t.eq("--scripts", origin)
  end)

  t.it("lists a folder once, and the installed one last", function()
    folders()
    env.set("LLMDBENCH_SCRIPTS", info.home .. "/scripts")
    local count = 0
    for _, entry in ipairs(search.dirs()) do
      if fs.absolute(entry.dir) == fs.absolute(info.home .. "/scripts") then count = count + 1 end
    end
    t.eq(1, count)
  end)

  t.it("knows which files a script stands in front of", function()
    local dirs = folders()
    local front, hidden = put(dirs.given, "steps/x/probe"), put(dirs.second, "steps/x/probe")
    for _, script in ipairs(search.list()) do
      if script.name == "steps/x/probe" then
        t.eq({ name = "steps/x/probe", path = front, origin = "--scripts", shadows = { hidden } }, script)
        return
      end
    end
    t.ok(nil, "the script is not listed")
  end)

  t.it("says where it looked, and what was meant", function()
    local dirs = folders()
    put(dirs.given, "spec_probe")
    local err = t.fails("not_found", search.find "spec_prob")
    t.contains(dirs.first, err.message)
    t.eq("did you mean 'spec_probe'?", err.hint)
  end)

  t.it("is what require asks for scripts.*", function()
    local dirs = folders()
    search.install()
    search.install()
    put(dirs.second, "spec_probe", "return { from = 'second' }")
    t.eq("second", require("scripts.spec_probe").from)
    put(dirs.first, "spec_probe", "return { from = 'first' }")
    t.eq("second", require("scripts.spec_probe").from)
    search.forget()
    t.eq("first", require("scripts.spec_probe").from)
    put(dirs.first, "steps/standup/probe", "return 7")
    t.eq(7, require "scripts.steps.standup.probe")
    t.raises(function() require "scripts.spec_nothing" end, "no script 'spec_nothing' in")
  end)

  t.it("gives syntax errors with file and line", function()
    local dirs = folders()
    search.install()
    put(dirs.given, "spec_broken", "return {\n  oops oops }")
    local _, err = pcall(require, "scripts.spec_broken")
    t.match("/given/spec_broken.lua:2: ", t.fails("invalid", nil, err).message)
  end)

  t.it("tells a module that is not there in one line, at the script's place, with what was meant", function()
    search.install()
    local function missing(name) return t.raises(function() require(name) end) end
    t.match("search_spec%.lua:%d+: module 'host.laod' not found %(did you mean 'host%.load'%?%)$", missing "host.laod")
    t.match("%(did you mean 'bench.treatment'%?%)$", missing "bench.treatmnet")
    t.match("module 'nothing.like%%this' not found %(there is none of [^\n]*%./nothing/like%%this%.lua", missing "nothing.like%this")
    t.match("search_spec%.lua:%d+: module 'scripts.standpu' not found: .*; did you mean 'standup'%?$", missing "scripts.standpu")
  end)

  t.it("lets an edited script start from the shipped one", function()
    folders()
    search.install()
    local err = t.raises(function() require "scripts.shipped.spec_nothing" end)
    t.contains("no script 'spec_nothing'", err)
  end)
end)
