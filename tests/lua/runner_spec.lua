-- The spec runner, seen from outside: specs that fail in every way, run by a child of this program.
local t = require "bench.test"
local exec = require "host.exec"
local fs = require "host.fs"
local info = require "host.info"

-- Runs a spec file with this body; gives exit code, stdout, stderr.
local function run(body, filter)
  local dir = t.tempdir()
  fs.write(dir .. "/probe_spec.lua", 'local t = require "bench.test"\nlocal task = require "host.task"\n' .. body)
  local argv = { info.executable, "test", dir, filter }
  local result = t.ok(exec.run(argv, { timeout_s = 30, env = { LLMDBENCH_TEST_GC = false } }))
  return result.exit_code, result.stdout, result.stderr
end

local function fails(pattern, body)
  local code, out = run(body)
  t.match(pattern, out)
  t.match("\n0 passed, 1 failed, 0 skipped\n$", out)
  t.eq(1, code)
end

t.describe("a spec fails", function()
  t.it("with the difference and its line", function()
    fails("FAILED: x %(.*probe_spec.lua:3%)\n    .*probe_spec.lua:4: a%[1%]: expected 1, got 2\n", [[
      t.it("x", function()
        t.eq({ a = { 1 } }, { a = { 2 } })
      end)]])
  end)

  t.it("with the stack of an error, without the runner's own frames", function()
    local _, out = run [[
      local function deep() error("boom") end
      t.it("x", function() deep() end)]]
    t.match("probe_spec.lua:3: boom\n.*in function 'deep'\n", out)
    t.ok(not out:find "bench/test/runner.lua", out)
  end)

  t.it("with the fields of an error table", function()
    fails('{ code = "denied", message = "no" }', [[
      t.it("x", function() error { code = "denied", message = "no" } end)]])
  end)

  t.it("when it takes too long, with the place where it hung", function()
    fails("not finished after 0.2 s\n.*probe_spec.lua:3: in function", [[
      t.it("x", { timeout_s = 0.2 }, function() task.sleep(1000) end)]])
  end)

  t.it("when a task that nobody joined fails", function()
    fails("nobody joined failed: .*: lost", [[
      t.it("x", function()
        task.spawn(function() error("lost") end)
        task.sleep(1)
      end)]])
  end)

  t.it("when it leaves a process behind", function()
    fails("left alive: child: %d+ sleep 1000", [[
      t.it("x", function()
        local exec = require "host.exec"
        assert(exec.start({ "sleep", "1000" }, { outlives_task = true }))
      end)]])
  end)

  t.it("when its cleaning up fails", function()
    fails("cleanup: .*: cannot clean", [[
      t.it("x", function() t.cleanup(function() error("cannot clean") end) end)]])
  end)

  t.it("when its file has a syntax error or raises", function()
    fails("FAILED: .*probe_spec.lua\n    .*:3: ", "local = 1")
    fails("undeclared global 'nothing'", "nothing()")
  end)
end)

t.describe("a run", function()
  t.it("goes on after failures, cleans up, and gives back the real clock", function()
    local code, out = run [[
      local clock = require "host.clock"
      local dir
      t.it("fails", function()
        dir = t.tempdir()
        t.virtual_clock(5)
        t.eq(1, 2)
      end)
      t.it("has real time and no leftovers", function()
        t.ok(clock.now() > 1e9)
        t.eq(false, require("host.fs").exists(dir))
      end)]]
    t.eq(1, code)
    t.match("1 passed, 1 failed, 0 skipped\n$", out)
  end)

  t.it("shows skips with their reason and succeeds", function()
    local code, out = run [[t.it("x", function() t.skip "no tmux here" end) t.it("y", function() end)]]
    t.eq(0, code)
    t.match("skipped: x %(.*%)\n    no tmux here\n", out)
    t.match("1 passed, 0 failed, 1 skipped\n$", out)
  end)

  t.it("with a filter runs only what has the text in its name, and fails if nothing has", function()
    local body = [[
      t.describe("group", function()
        t.it("first", function() end)
        t.it("second", function() error "not me" end)
      end)]]
    local code, out = run(body, "group > first")
    t.eq(0, code)
    t.match("1 passed, 0 failed", out)
    local err
    code, out, err = run(body, "third")
    t.eq(1, code)
    t.match("no spec matches '", err .. out)
  end)

  t.it("of a path without Lua files is an error", function()
    local result = t.ok(exec.run { info.executable, "test", t.tempdir() })
    t.eq(1, result.exit_code)
    t.match("no Lua files at", result.stderr)
  end)

  t.it("refuses declarations inside a spec", function()
    local _, out = run [[t.it("x", function() t.it("y", function() end) end)]]
    t.match("it belongs at the top of a spec file", out)
  end)
end)
