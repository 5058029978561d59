local exec = require "host.exec"
local fs = require "host.fs"
local log = require "host.log"
local t = require "bench.test"
local task = require "host.task"

local function sh(script) return { "sh", "-c", script } end

local function alive(pid)
  return exec.run({ "kill", "-0", tostring(pid) }).exit_code == 0
end

local function until_gone(pid)
  for _ = 1, 500 do
    if not alive(pid) then return true end
    task.sleep(0.02)
  end
  return false
end

t.describe("exec.run", function()
  t.it("gives exit code, outputs and time", function()
    local result = t.ok(exec.run(sh "cat; echo err >&2; exit 3", { stdin = "in" }))
    t.eq(3, result.exit_code)
    t.eq("in", result.stdout)
    t.eq("err\n", result.stderr)
    t.ok(result.seconds >= 0)
    t.eq(nil, result.signal)
    t.eq("TERM", t.ok(exec.run(sh "kill $$")).signal)
  end)

  t.it("passes environment and folder", function()
    local dir = t.tempdir()
    local opts = { env = { A = "1", B = 2, HOME = false }, cwd = dir }
    t.eq("1 2 unset " .. dir .. "\n", t.ok(exec.run(sh "echo $A $B ${HOME-unset} $PWD", opts)).stdout)
  end)

  t.it("runs side by side", function()
    local results = {}
    local tasks = {}
    for i = 1, 5 do tasks[i] = task.spawn(function() results[i] = exec.run({ "echo", i }).stdout end) end
    for i = 1, 5 do tasks[i]:join() end
    t.eq({ "1\n", "2\n", "3\n", "4\n", "5\n" }, results)
  end)

  t.it("says what cannot be started", function()
    local err = t.fails("not_found", exec.run { "pritnf", "a b" })
    t.contains("did you mean 'printf'", err.message)
    t.eq("pritnf 'a b'", err.command)
    t.ok(err.hint)
    t.fails("not_found", exec.which "no-such-program")
    t.match("^/.*/sh$", t.ok(exec.which "sh"))
  end)

  t.it("ends after its timeout, with what was said", function()
    local err = t.fails("timeout", exec.run(sh "echo working; sleep 1000", { timeout_s = 0.3 }))
    t.eq("working\n", err.stdout_tail)
    t.ok(err.after_s >= 0.2)
  end)

  t.it("ends with its task", function()
    local file = t.tempdir() .. "/pid"
    local child = task.spawn(function() return exec.run(sh("echo $$ > " .. file .. "; exec sleep 1000")) end)
    repeat task.sleep(0.01) until (fs.read(file) or ""):find("\n")
    child:cancel()
    t.fails("cancelled", child:join())
    t.eq(false, alive(tonumber(fs.read(file))))
  end)

  t.it("keeps long outputs in a file", function()
    local result = t.ok(exec.run(sh "head -c 100000 /dev/zero", { capture_bytes = 1000 }))
    t.eq(1000, #result.stdout)
    t.eq(100000, result.stdout_bytes)
    t.eq(100000, t.ok(fs.stat(result.stdout_file)).size_bytes)
  end)

  t.it("refuses misuse", function()
    t.raises(function() exec.run {} end, "empty")
    t.raises(function() exec.run "ls" end, "list of strings")
    t.raises(function() exec.run({ "ls" }, { timeout = 5 }) end, "did you mean 'timeout_s'")
    t.raises(function() exec.run({ "ls" }, { timeout_s = -1 }) end, "negative")
    t.raises(function() exec.run({ "ls" }, { env = { A = {} } }) end, "A must be a string")
    t.raises(function() exec.run({ "ls" }, { env = { ["A=B"] = "" } }) end, "cannot be a variable")
  end)

  t.it("shows commands as text to paste", function()
    t.eq("sh -c 'echo $A' --token ***", exec.quote { "sh", "-c", "echo $A", "--token", "abcdefgh" })
  end)

  t.it("hides secrets in errors", function()
    local err = t.fails("timeout", exec.run({ "sh", "-c", "cat >&2; sleep 1000", "--token=canary-argument" },
      { env = { SPEC_TOKEN = "canary-environment" }, stdin = "canary-environment", timeout_s = 0.3 }))
    for key, value in pairs(err) do
      t.eq(nil, tostring(value):find("canary", 1, true), key)
    end
    t.eq("***", err.stderr_tail)
    t.eq("sh -c 'cat >&2; sleep 1000' --token=***", err.command)
  end)
end)

t.describe("exec.start", function()
  t.it("gives lines as they come", function()
    local child = t.ok(exec.start(sh "echo one; echo two; echo three >&2; exit 2"))
    local lines = {}
    for line in child:lines() do lines[#lines + 1] = line end
    t.eq({ "one", "two" }, lines)
    t.eq("three", child:line { stream = "stderr" })
    t.eq(nil, (child:line { stream = "stderr" }))
    t.eq(2, t.ok(child:wait()).exit_code)
    t.eq(false, child:running())
  end)

  t.it("talks to it", function()
    local child = t.ok(exec.start({ "cat" }, { keep_stdin = true }))
    t.ok(child:pid() > 1)
    t.ok(child:write("hello\n"))
    t.eq("hello", child:line())
    child:close_stdin()
    t.eq(nil, (child:line()))
    t.eq(0, t.ok(child:wait()).exit_code)
    t.fails("conflict", child:write("more"))
  end)

  t.it("limits each wait", function()
    local child = t.ok(exec.start(sh "sleep 1000"))
    t.fails("timeout", child:line { timeout_s = 0.05 })
    t.fails("timeout", child:wait { timeout_s = 0.05 })
    t.raises(function()
      for _ in child:lines { timeout_s = 0.05 } do t.ok(false) end
    end, { code = "timeout" })
    t.eq(true, child:running())
    child:kill()
    t.eq("TERM", t.ok(child:wait()).signal)
  end)

  t.it("sends signals", function()
    local child = t.ok(exec.start(sh "trap 'echo hup; exit 0' HUP; echo ready; sleep 1000 & wait"))
    t.eq("ready", child:line())
    child:kill { signal = "HUP" }
    t.eq("hup", child:line())
    t.eq(0, t.ok(child:wait()).exit_code)
    t.raises(function() child:kill { signal = "BOOM" } end, "no signal 'BOOM'")
  end)

  t.it("ends the child with the task that started it", function()
    local pid = task.spawn(function() return exec.start({ "sleep", "1000" }):pid() end):join()
    t.ok(until_gone(pid))
    local kept = task.spawn(function()
      return exec.start({ "sleep", "1000" }, { outlives_task = true })
    end):join()
    task.sleep(0.05)
    t.eq(true, kept:running())
    kept:kill()
    t.ok(kept:wait())
  end)

  t.it("raises cancellation inside a loop over lines", function()
    local reader = task.spawn(function()
      for _ in exec.start(sh "echo one; sleep 1000"):lines() do end
    end)
    task.sleep(0.05)
    reader:cancel()
    t.fails("cancelled", reader:join())
  end)
end)

t.describe("detached processes", function()
  t.it("are found and stopped by pid and start time", function()
    local log_file = t.tempdir() .. "/log"
    local process = t.ok(exec.start(sh "echo up; exec sleep 1000", { detached = true, log_file = log_file }))
    t.cleanup(function() exec.stop(process.pid, process.start_time, { grace_s = 0 }) end)
    t.eq(true, exec.alive(process.pid, process.start_time))
    t.eq(false, exec.alive(process.pid, "1-other-start"))
    t.eq(false, exec.stop(process.pid, "1-other-start"))
    repeat task.sleep(0.01) until fs.read(log_file) == "up\n"
    t.eq(true, exec.stop(process.pid, process.start_time))
    t.eq(false, (exec.alive(process.pid, process.start_time)))
    t.eq(false, exec.stop(process.pid, process.start_time))
  end)

  t.it("tell their exit code to the program that started them", function()
    local process = t.ok(exec.start(sh "exit 9", { detached = true, log_file = t.tempdir() .. "/log_file" }))
    local living, code
    repeat
      task.sleep(0.01)
      living, code = exec.alive(process.pid, process.start_time)
    until not living and code
    t.eq(9, code)
  end)

  t.it("are found by a variable they were given", function()
    local value = fs.tempdir()
    local process = t.ok(exec.start(sh "sleep 1000 & exec sleep 1000", { detached = true,
      log_file = t.tempdir() .. "/log", env = { LLMDBENCH_SPEC_FIND = value } }))
    t.cleanup(function() exec.stop(process.pid, process.start_time, { grace_s = 0 }) end)
    local function mine()
      local found = {}
      for _, each in ipairs(exec.find "LLMDBENCH_SPEC_FIND") do
        if each.value == value then found[#found + 1] = { each.pid, each.start_time } end
      end
      return found
    end
    t.eq({ { process.pid, process.start_time } }, mine())
    exec.stop(process.pid, process.start_time, { grace_s = 0 })
    t.eq({}, mine())
    t.raises(function() exec.find "A=B" end, "cannot be the name")
  end)

  t.it("are known by the port they listen on", function()
    local log_file = t.tempdir() .. "/log"
    local process = t.ok(exec.start({ require("host.info").executable, "sim", "--port=0", "--model=m" },
      { detached = true, log_file = log_file }))
    t.cleanup(function() exec.stop(process.pid, process.start_time, { grace_s = 0 }) end)
    local port
    repeat
      task.sleep(0.01)
      port = fs.read(log_file):match "listening on http://127%.0%.0%.1:(%d+)\n"
    until port
    local listeners = exec.listeners(tonumber(port))
    t.eq(1, #listeners)
    t.eq({ true, process.pid, process.pid },
      { listeners[1].own, listeners[1].pid, listeners[1].session })
    t.ok(exec.stop(process.pid, process.start_time, { grace_s = 0 }))
    t.eq({}, exec.listeners(tonumber(port)))
    t.raises(function() exec.listeners(0) end, "from 1 to 65535")
  end)

  t.it("need a log file", function()
    t.raises(function() exec.start({ "true" }, { detached = true }) end, "log_file")
  end)
end)

t.describe("dry runs and replays", function()
  t.it("leaves out what changes something", function()
    local level = log.level()
    t.cleanup(require("host.testing").real_runner)
    t.cleanup(function() log.level(level) end)
    log.level "off"
    exec.dry_run()
    exec.dry_run()
    local result = t.ok(exec.run({ "kubectl", "apply", "-f", "-", "--token", "abcdefgh" }, { stdin = "x" }))
    t.eq(true, result.dry)
    t.eq("real\n", t.ok(exec.run({ "echo", "real" }, { read = true })).stdout)
    t.eq("{}", t.ok(exec.run({ "no-such-program" }, { read = true, dry_stdout = "{}" })).stdout)
    t.eq({ "kubectl apply -f - --token ***  # with 1 bytes on stdin" }, exec.left_out())
  end)

  t.it("plays a transcript back in virtual time", function()
    t.replay { commands = {
      { argv = { "kubectl", "get", "pods" }, stdout = "pod-1\n", seconds = 3600 },
      { argv = { "kubectl", "wait" }, exit_code = 1, stderr = "timed out" },
    } }
    t.eq("pod-1\n", t.ok(exec.run({ "kubectl", "get", "pods" }, { timeout_s = 7200 })).stdout)
    local err = t.fails("invalid", exec.run { "kubectl", "wiat" })
    t.contains("next is #2 kubectl wait", err.message)
    t.eq("#2 kubectl wait", err.nearest[1])
    t.eq("timed out", t.ok(exec.run { "kubectl", "wait" }).stderr)
  end)

  t.it("records what it can play back", function()
    local file = t.tempdir() .. "/transcript.yaml"
    t.cleanup(require("host.testing").real_runner)
    exec.record(file)
    t.eq("x\n", t.ok(exec.run(sh "echo x; exit 3")).stdout)
    t.replay(file)
    local result = t.ok(exec.run(sh "echo x; exit 3"))
    t.eq("x\n", result.stdout)
    t.eq(3, result.exit_code)
  end)
end)
