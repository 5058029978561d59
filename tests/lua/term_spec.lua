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
local function in_tmux(body, prefix)
  if not exec.which "tmux" then t.skip "tmux is not installed" end
  local folder = t.tempdir()
  local socket = folder .. "/tmux"
  local function tmux(...)
    return t.ok(exec.run({ "tmux", "-S", socket, ... }, { env = { TMUX = false, TERM = "xterm" }, timeout_s = 10 }))
  end
  local program = ("%s echo $$ > %s/pid; HOME=%s XDG_STATE_HOME=%s/state LLMDBENCH_HOME=%s exec %s repl"):format(
    prefix or "", folder, folder, folder, info.home, info.executable)
  tmux("new-session", "-d", "-x", "100", "-y", "40", program)
  t.cleanup(function() tmux "kill-server" end)
  local screen = {}
  function screen.keys(...) tmux("send-keys", ...) end
  function screen.close() tmux "kill-server" end
  function screen.pid() return (t.ok(fs.read(folder .. "/pid")):gsub("%s", "")) end
  function screen.ends()
    local process = "/proc/" .. screen.pid()
    for _ = 1, 100 do
      if not fs.exists(process) then return end
      task.sleep(0.1)
    end
    error "the session does not end"
  end
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

local function history_of(folder)
  return (t.ok(fs.read(folder .. "/state/llmdbenchmark/repl_history")):gsub("\\040", " "))
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
      screen.ends()
      t.contains("json.decode", history_of(folder))
    end)
  end)

  t.it("lets background tasks go on at the prompt and after Ctrl-C, which is for the line", { timeout_s = 60 }, function()
    in_tmux(function(screen)
      screen.shows "bench>"
      screen.keys("w = task.spawn(function() while not go do task.sleep(0.01) end print('still ' .. 'going') end)", "Enter")
      screen.keys("task.sleep(1000)", "Enter")
      task.sleep(0.3)
      screen.keys "C-c"
      screen.shows "interrupted"
      screen.keys("go = true", "Enter")
      screen.shows "still going"
      screen.keys("w", "Enter")
      screen.shows "(done)"
      screen.keys "C-d"
      screen.ends()
    end)
  end)

  t.it("ends at SIGTERM and SIGHUP, at the prompt and in a call that waits, and keeps its history",
    { timeout_s = 60 }, function()
      for _, signal in ipairs { "TERM", "HUP" } do
        for _, line in ipairs { "'at the ' .. 'prompt'", "print('in a ' .. 'call') task.sleep(1000)" } do
          in_tmux(function(screen, folder)
            screen.shows "bench>"
            screen.keys(line, "Enter")
            screen.shows(line:find "sleep" and "in a call" or "at the prompt")
            t.ok(exec.run { "kill", "-" .. signal, screen.pid() })
            screen.ends()
            t.contains(line:match "%a+", history_of(folder))
          end)
        end
      end
    end)

  t.it("ends when the terminal is closed, also if nobody says so with a signal", { timeout_s = 60 }, function()
    in_tmux(function(screen, folder)
      screen.shows "bench>"
      screen.keys("'here ' .. 'now'", "Enter")
      screen.shows "here now"
      screen.close()
      screen.ends()
      t.contains("here", history_of(folder))
    end, "trap '' HUP;")
  end)

  t.it("keeps its history when a line leaves the program", { timeout_s = 60 }, function()
    in_tmux(function(screen, folder)
      screen.shows "bench>"
      screen.keys("os.exit(0)", "Enter")
      screen.ends()
      t.contains("os.exit", history_of(folder))
    end)
  end)
end)

t.describe("the REPL in a pipe", function()
  local function repl(input)
    return t.ok(exec.run({ info.executable, "repl" }, { stdin = input, timeout_s = 20 }))
  end

  t.it("evaluates each line, goes on after errors, and fails at its end if there were any", function()
    local result = repl "x = 20\nx + 1\nerror 'boom'\ntask.sleep(0)\n'last'\n"
    t.eq(1, result.exit_code)
    t.eq("21\nlast\n", result.stdout)
    t.contains("boom", result.stderr)
    t.eq(1, repl("fs.read '/nowhere/at/all'\n").exit_code)
    t.eq(1, repl("1 +* 2\n").exit_code)
    t.eq(0, repl("1, nil, 2\n-- nothing\n").exit_code)
  end)

  t.it("blames the line that was typed, not itself", function()
    for _, line in ipairs { "error 'boom'", "exec.run('ls')", "require 'nope'" } do
      t.match("^error: repl:1: ", repl(line .. "\n").stderr)
    end
  end)

  t.it("goes on behind an `end` too many, and tells code, message and hint of any error table", function()
    local result = repl "end\nprint 'still here'\nbench.spec.find 'nope'\nerror { pods = 3 }\n"
    t.eq("still here\n", result.stdout)
    t.contains("error: not_found: there is no specification 'nope'\n  hint: ", result.stderr)
    t.contains("error: { pods = 3 }\n", result.stderr)
  end)

  t.it("lets tasks go on behind their line, tells their failures once, and names those that its end cancels", function()
    local result = repl("w = task.spawn(function() task.sleep(0.02) print 'went on' end)\n"
      .. "x = task.spawn(function() task.sleep(0.02) error 'broke' end)\n"
      .. "y = task.spawn(function() task.sleep(1000) end)\ntask.sleep(0.1)\nx\ny\n")
    t.eq("went on\ntask repl:1 (failed)\ntask repl:1 (waiting)\n", result.stdout)
    t.eq("in the background: error: repl:1: broke\nthe session ends, and with it what runs in the background: repl:1\n",
      result.stderr)
    t.eq(0, result.exit_code)
    result = repl "x = task.spawn(function() task.sleep(0.02) error 'broke' end)\nx:join()\n"
    t.eq({ "error: repl:1: broke\n", 1 }, { result.stderr, result.exit_code })
  end)

  t.it("ends at SIGTERM and SIGHUP with 143, and goes on at Ctrl-C", function()
    for signal, code in pairs { TERM = 143, HUP = 143, INT = 0 } do
      local child = t.ok(exec.start({ info.executable, "repl" }, { keep_stdin = true }))
      child:write "x = io.stdout:setvbuf 'line'\nprint 'ready' pcall(task.sleep, 1000)\nprint 'still here'\n"
      child:close_stdin()
      t.eq("ready", t.ok(child:line { timeout_s = 15 }))
      child:kill { signal = signal }
      local result = t.ok(child:wait { timeout_s = 15 })
      t.eq({ code, signal == "INT" }, { result.exit_code, result.stdout:find "still here" ~= nil }, signal)
    end
  end)
end)
