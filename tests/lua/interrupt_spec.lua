-- Ctrl-C and SIGTERM, seen from outside: the program runs as a child and gets real signals.
local t = require "bench.test"
local exec = require "host.exec"
local fs = require "host.fs"
local info = require "host.info"

-- Starts a script; returns the child once it has printed `ready`.
local function start(text)
  local path = t.tempdir() .. "/script.lua"
  fs.write(path, "io.stdout:setvbuf 'line'\nlocal task = require 'host.task'\n" .. text)
  local child = t.ok(exec.start { info.executable, path })
  t.eq("ready", t.ok(child:line { timeout_s = 15 }))
  return child
end

local function ended(child)
  local result = t.ok(child:wait { timeout_s = 15 })
  return result.exit_code, result.stdout, result.stderr
end

t.describe("the first signal", function()
  t.it("cancels the script and gives 130 for INT, 143 for TERM and HUP", function()
    for signal, code in pairs { INT = 130, TERM = 143, HUP = 143 } do
      local child = start "print 'ready' task.sleep(1e6)"
      child:kill { signal = signal }
      t.eq(code, (ended(child)), signal)
    end
  end)

  t.it("lets `undo` in a shielded call finish", function()
    local child = start [[
      print "ready"
      local fine, err = pcall(task.sleep, 1e6)
      task.shielded(function()
        task.sleep(0.1)
        print "undone"
      end)
      error(err, 0)]]
    child:kill { signal = "INT" }
    local code, out, err = ended(child)
    t.eq({ 130, "ready\nundone\n", "llmdbenchmark: stopped\n" }, { code, out, err })
  end)

  t.it("arrives at a wait, not in the middle of what a script does between two", function()
    local child = start [[
      local clock = require "host.clock"
      local stop = clock.monotonic() + 0.1
      print "ready"
      while clock.monotonic() < stop do end
      print "in one piece"
      task.sleep(1e6)]]
    child:kill { signal = "INT" }
    local code, out = ended(child)
    t.eq({ 130, "ready\nin one piece\n" }, { code, out })
  end)

  t.it("stops an endless loop, also one inside a child task", function()
    for _, text in ipairs {
      "print 'ready' while true do end",
      "print 'ready' task.spawn(function() while true do end end):join()",
      "print 'ready' local function f(n) return n + 1 end local n = 0 repeat n = f(n) until false",
    } do
      local child = start(text)
      child:kill { signal = "INT" }
      t.eq(130, (ended(child)), text)
    end
  end)

  t.it("ends child processes", function()
    local child = start [[
      local exec = require "host.exec"
      local sleeper = assert(exec.start { "sleep", "1000" })
      print "ready"
      print(sleeper:pid())
      task.sleep(1e6)]]
    local pid = t.ok(child:line())
    child:kill { signal = "INT" }
    t.eq(130, (ended(child)))
    t.eq(false, fs.exists("/proc/" .. pid .. "/exe") and true or false)
  end)
end)

t.describe("the second signal", function()
  t.it("ends the program at once, even if the script clings to life", function()
    local child = start [[
      print "ready"
      pcall(task.sleep, 1e6)
      print "clinging"
      task.shielded(task.sleep, 1e6)]]
    child:kill { signal = "INT" }
    t.eq("clinging", t.ok(child:line { timeout_s = 15 }))
    child:kill { signal = "INT" }
    t.eq(130, (ended(child)))
  end)

  t.it("also when the script catches everything in a loop", function()
    local child = start [[
      print "ready"
      while true do pcall(function() while true do end end) print "again" end]]
    child:kill { signal = "INT" }
    t.eq("again", t.ok(child:line { timeout_s = 15 }))
    child:kill { signal = "TERM" }
    t.eq(143, (ended(child)))
  end)
end)

t.describe("llmdbenchmark sim", function()
  t.it("ends with success when it is asked to stop", function()
    for _, signal in ipairs { "INT", "TERM" } do
      local child = t.ok(exec.start { info.executable, "sim", "--model", "m", "--port", "0" })
      t.match("^listening on http://", t.ok(child:line { timeout_s = 15 }))
      child:kill { signal = signal }
      t.eq(0, (ended(child)), signal)
    end
  end)
end)
