-- Scripts of the user's that are wrong, and one that never ends.
local fs = require "host.fs"
local support = require "support"
local t = require "bench.test"

t.describe("a script with", function()
  t.it("a syntax error is shown with its place", function()
    local box = support.box()
    box:write("bad.lua", "local x = \nlocal y = 2\n")
    local result = box:run { "bad.lua" }
    t.eq(1, result.exit_code, result.output)
    t.match("bad%.lua:2", result.output)
    box:is_clean()
  end)

  t.it("a runtime error is shown with its place and the script's own frames", function()
    local box = support.box()
    box:write("bad.lua", "local function inner() error('no cheese') end\nlocal function outer() inner() end\nouter()\n")
    local result = box:run { "bad.lua" }
    t.eq(1, result.exit_code, result.output)
    t.match("bad%.lua:1: no cheese", result.output)
    t.match("bad%.lua:2", result.output)
    box:is_clean()
  end)

  t.it("a function that calls itself without end is shown with its place", function()
    local box = support.box()
    box:write("deep.lua", "local function g() return 1 + g() end\ng()\n")
    local result = box:run { "deep.lua" }
    t.eq({ 1, "" }, { result.exit_code, result.stdout })
    t.match("^llmdbenchmark: stack overflow\n  hint: a function calls itself[^\n]*\n  at deep%.lua:1: in function 'g'\n", result.stderr)
  end)

  t.it("a task that fails is shown like any other error", function()
    local box = support.box()
    box:write("child.lua", "local task = require 'host.task'\n"
      .. "task.spawn(function() task.sleep(0.01) error 'child broke' end)\ntask.sleep(60)\n")
    local result = box:run { "child.lua" }
    t.eq(1, result.exit_code)
    t.match("^llmdbenchmark: child%.lua:2: child broke\n  at child%.lua:2: in function <child%.lua:2>\n$", result.stderr)
  end)

  t.it("an undeclared global is refused", function()
    local box = support.box()
    box:write("bad.lua", "cuont = 1\n")
    local result = box:run { "bad.lua" }
    t.eq(1, result.exit_code, result.output)
    t.match("bad%.lua:1.*cuont", result.output)
  end)

  t.it("a first line for the shell, from a pipe, runs and keeps its line numbers", function()
    local box = support.box()
    local result = box:run({ "/dev/stdin" }, { stdin = "#!/usr/bin/env llmdbenchmark\nprint 'piped' error 'here'\n" })
    t.eq({ 1, "piped\n" }, { result.exit_code, result.stdout })
    t.contains("stdin:2: here", result.stderr)
  end)

  t.it("arguments gets them", function()
    local box = support.box()
    box:write("args.lua", "local a, b = ...\nprint(a, b)\n")
    local result = box:run { "args.lua", "one", "--two" }
    t.eq("one\t--two\n", result.stdout)
    t.eq(0, result.exit_code)
  end)

  t.it("a shebang line runs as a program", function()
    local box = support.box()
    local file = box:write("hello", "#!/usr/bin/env llmdbenchmark\nprint('hello')\n")
    t.eq(0, box:command({ "chmod", "+x", file }).exit_code)
    t.eq("hello\n", box:command({ file }).stdout)
  end)

  t.it("no file of its own comes from a pipe", function()
    local result = support.box():run({ "/dev/stdin" }, { stdin = "print('from a pipe')\n" })
    t.eq("from a pipe\n", result.stdout, result.output)
  end)

  t.it("an exit code that no shell can see is refused", function()
    local box = support.box()
    for _, code in ipairs { "256", "-1", "0/0", "1.5" } do
      box:write("code.lua", "return " .. code .. "\n")
      local result = box:run { "code.lua" }
      t.eq(1, result.exit_code, code)
      t.contains("an exit code is a whole number from 0 to 255", result.output)
    end
    box:write("code.lua", "return 42\n")
    t.eq(42, box:run({ "code.lua" }).exit_code)
  end)

  t.it("a design as its result is told what to do with it", function()
    local box = support.box()
    box:write("design.lua", "return require('bench.doe').full_factorial { run = { rate = { 1, 2 } } }\n")
    local result = box:run { "design.lua" }
    t.eq({ 1, "" }, { result.exit_code, result.stdout })
    t.contains("design.lua returns a design", result.stderr)
    t.contains("llmdbenchmark experiment -e design.lua", result.stderr)
  end)

  t.it("the name of a folder is refused by name", function()
    local result = support.box():run { "./tmp" }
    t.eq({ 1, "llmdbenchmark: cannot read the script ./tmp: Is a directory\n" }, { result.exit_code, result.stderr })
  end)

  t.it("a phase file that is wrong is blamed, not the program", function()
    for text, words in pairs { ["return 5"] = "scripts/standup.lua: the file must return a phase, but returns 5",
      ["local x = 1"] = "but returns nothing", ["local = 1"] = "scripts/standup.lua:1: " } do
      local box = support.box()
      box:write("scripts/standup.lua", text)
      for _, args in ipairs { { "standup", "-n" }, { "standup", "-n", "-s", "3" }, { "e2e", "-n" } } do
        local result = box:run { "--spec", "local/quickstart", unpack(args) }
        t.eq(1, result.exit_code, result.output)
        t.contains(words, result.output)
        t.ok(not result.output:find("  at ", 1, true), result.output)
      end
    end
  end)

  t.it("a secret in its error is not shown", function()
    local box = support.box()
    box:write("secret.lua", "require('host.log').secret 'canary_in_an_error'\nerror('died with canary_in_an_error')\n")
    local result = box:run { "secret.lua" }
    t.contains("died with ***", result.output)
    t.eq(nil, result.output:find("canary", 1, true))
  end)

  t.it("an endless loop ends with Ctrl-C", function()
    local box = support.box()
    box:write("loop.lua", "print('started') io.stdout:flush()\nlocal n = 0\nwhile true do n = n + 1 end\n")
    local child = box:start { "loop.lua" }
    t.eq("started", child:line { timeout_s = 20 })
    child:kill { signal = "INT" }
    local result = t.ok(child:wait { timeout_s = 20 })
    t.eq(130, result.exit_code)
    box:is_clean()
  end)

  t.it("a wait ends with Ctrl-C, and what it started ends, too", function()
    local box = support.box()
    box:write("wait.lua", [[
local exec = require "host.exec"
print("started") io.stdout:flush()
exec.run({ "sleep", "1000" })
]])
    local child = box:start { "wait.lua" }
    t.eq("started", child:line { timeout_s = 20 })
    child:kill { signal = "INT" }
    t.eq(130, t.ok(child:wait { timeout_s = 20 }).exit_code)
    box:is_clean()
  end)
end)

t.describe("docs/scripting.md", function()
  t.it("begins with a script that runs", function()
    local box, server = support.box(), t.ok(require("host.sim").start { model = "m", port = 0 })
    local page = t.ok(fs.read(require("host.info").home .. "/docs/scripting.md"))
    local script, shortened = page:match("```lua\n(.-)```"):gsub("duration_s = 30", "duration_s = 0.5")
    t.eq(1, shortened)
    box:write("my.lua", script)
    local result = box:run { "my.lua", server.url, "m", "--users", "2" }
    t.eq({ 0, "" }, { result.exit_code, result.stderr })
    t.match("^%a[%a ]*\t%d[%d%.e-]*\n$", result.stdout)
    server:stop()
  end)
end)
