local t = require "bench.test"
local exec, fs, info, task, term = require "host.exec", require "host.fs", require "host.info", require "host.task",
  require "host.term"

t.describe("term.facts", function()
  t.it("says what is a terminal, and how wide", function()
    local facts = term.facts()
    t.eq("boolean", type(facts.input))
    t.ok(facts.width > 0)
  end)
end)

t.describe("term.read_line", function()
  t.it("reads lines of a pipe, and nil at its end", function()
    local path = t.tempdir() .. "/script.lua"
    t.ok(fs.write(path, [[
      local term = require "host.term"
      print(term.read_line "not shown> ", term.read_line "", term.read_line "")
    ]]))
    local result = t.ok(exec.run({ info.executable, path }, { stdin = "one\ntwo\n", timeout_s = 20 }))
    t.eq("one\ttwo\tnil\n", result.stdout)
  end)
end)

t.describe("term.on_complete", function()
  t.it("wants a function and the characters between words", function()
    t.raises(function() term.on_complete("x", " ") end, "expected a function")
    t.raises(function() term.on_complete(function() return {} end) end, "expected a string")
  end)
end)

t.describe("term.save_history", function()
  t.it("keeps remembered lines for load_history, readable by the user alone", function()
    local path = t.tempdir() .. "/history"
    t.eq(false, term.load_history(path))
    term.remember "first = 1"
    term.remember "   "
    t.ok(term.save_history(path, { limit = 10 }))
    t.contains("first", t.ok(fs.read(path)))
    t.eq("0600", t.ok(fs.stat(path)).mode)
    t.eq(true, term.load_history(path))
  end)

  t.it("reports a path that cannot be written", function()
    t.fails("denied", term.save_history "/nowhere/at/all")
  end)
end)

-- The program in a real terminal: tmux types the keys and reads the screen.
local function in_tmux(body)
  if not exec.which "tmux" then t.skip "tmux is not installed" end
  local folder = t.tempdir()
  local socket = folder .. "/tmux"
  local function tmux(...)
    return t.ok(exec.run({ "tmux", "-S", socket, ... }, { env = { TMUX = false, TERM = "xterm" }, timeout_s = 10 }))
  end
  local program = ("HOME=%s XDG_STATE_HOME=%s/state LLMDBENCH_HOME=%s %s repl"):format(folder, folder, info.home,
    info.executable)
  tmux("new-session", "-d", "-x", "100", "-y", "40", program)
  t.cleanup(function() tmux "kill-server" end)
  local screen = {}
  function screen.keys(...) tmux("send-keys", ...) end
  function screen.shows(text)
    local seen
    for _ = 1, 100 do
      seen = exec.run({ "tmux", "-S", socket, "capture-pane", "-p" }, { timeout_s = 10 }).stdout
      if seen:find(text, 1, true) then return end
      task.sleep(0.1)
    end
    error("never on the screen: " .. text .. "\n" .. seen)
  end
  body(screen, folder)
end

t.describe("the REPL on a terminal", function()
  t.it("completes, stops a line at Ctrl-C, asks for more lines, keeps its history", { timeout_s = 60 }, function()
    in_tmux(function(screen, folder)
      screen.shows "bench>"
      screen.keys("json.de", "Tab")
      screen.shows "json.decode"
      screen.keys("'[7, 8]'", "Enter")
      screen.shows "{ 7, 8 }"
      screen.keys("while true do end", "Enter")
      task.sleep(0.3)
      screen.keys "C-c"
      screen.shows "interrupted"
      screen.keys("task.sleep(1000)", "Enter")
      task.sleep(0.3)
      screen.keys "C-c"
      screen.keys("half a line", "C-c")
      screen.keys("for i = 1, 1 do", "Enter")
      screen.shows "...>"
      screen.keys("print('still ' .. 'here') end", "Enter")
      screen.shows "still here"
      screen.keys "C-d"
      local history = folder .. "/state/llmdbenchmark/repl_history"
      for _ = 1, 100 do
        if fs.exists(history) then break end
        task.sleep(0.1)
      end
      t.contains("json.decode", t.ok(fs.read(history)):gsub("\\040", " "))
    end)
  end)
end)

t.describe("the REPL in a pipe", function()
  t.it("evaluates each line and goes on after errors", function()
    local result = t.ok(exec.run({ info.executable, "repl" },
      { stdin = "x = 20\nx + 1\nerror 'boom'\ntask.sleep(0)\n'last'\n", timeout_s = 20 }))
    t.eq(0, result.exit_code)
    t.eq("21\nlast\n", result.stdout)
    t.contains("boom", result.stderr)
  end)
end)
