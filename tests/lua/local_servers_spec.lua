local t = require "bench.test"
local env = require "host.env"
local exec = require "host.exec"
local fs = require "host.fs"
local json = require "host.json"
local log = require "host.log"
local local_servers = require "bench.local_servers"
local parallel = require "bench.parallel"
local plan = require "bench.plan"
local port = require "bench.local_servers.port"
local probe = require "host.probe"
local records = require "bench.local_servers.records"
local task = require "host.task"

local SIM = "[llmdbenchmark, sim, '--port={port}', '--model={model}', '--inter-token-latency=1ms']"

-- A state folder of its own; whatever a spec leaves running is ended.
local function fresh_state()
  local state, before, level = t.tempdir(), env.get "XDG_STATE_HOME", log.level()
  env.set("XDG_STATE_HOME", state)
  log.level "off"
  t.cleanup(function()
    for _, process in ipairs(exec.find(records.MARK)) do
      if process.value:find(state, 1, true) then
        exec.stop(process.pid, process.start_time, { grace_s = 0 })
      end
    end
    env.set("XDG_STATE_HOME", before)
    log.level(level)
  end)
  return state
end

local function stack_with(settings, opts)
  local dir = t.tempdir()
  t.ok(fs.write(dir .. "/defaults.yaml", "model: {name: org/m}\n"))
  t.ok(fs.write(dir .. "/scenario.yaml", "scenario: [{name: web, local: {enabled: true, " .. settings
    .. "}}]\n"))
  local built = t.ok(plan.build({ name = "x", path = "x", values_file = dir .. "/defaults.yaml",
    scenario_file = dir .. "/scenario.yaml" }, opts))
  return built.stacks[1]
end

local function sim_stack(more) return stack_with("command: " .. SIM .. (more and ", " .. more or "")) end

local function up(stack, opts)
  opts = opts or {}
  return local_servers.up(stack, { namespace = opts.namespace or "ns", spec = opts.spec or "s/x",
    save_logs = opts.save_logs })
end

local function down(namespace, stacks)
  return local_servers.down(namespace or "ns", { spec = "s/x", stacks = stacks })
end

-- A process that ended may stay as a zombie until its parent looks.
local function runs(pid)
  local stat = fs.read("/proc/" .. pid .. "/stat")
  return stat ~= nil and not stat:find "%) [ZX] "
end

-- Living servers of this state folder, whether recorded or not.
local function living(state)
  local count = 0
  for _, process in ipairs(exec.find(records.MARK)) do
    if process.value:find(state, 1, true) then count = count + 1 end
  end
  return count
end

t.describe("bench.local_servers", function()
  t.it("brings servers up, finds them again, and takes them down without a trace", function()
    local state = fresh_state()
    local result = t.ok(up(sim_stack()))
    t.eq({ 1, 1, 0 }, { #result.servers, result.started, result.reused })
    local url = result.servers[1].url
    t.eq({ "org/m" }, t.ok(probe.models(url)))
    local servers = t.ok(local_servers.servers("ns", "web"))
    t.eq({ true, url, "ready" }, { servers[1].alive, servers[1].url, servers[1].state })
    t.eq({ ended = 1, stale = 0 }, t.ok(down()))
    t.eq(0, living(state))
    t.fails("unreachable", probe.models(url))
    t.eq({}, fs.glob(records.dir "ns" .. "/*"))
  end)

  t.it("keeps what runs already as it should", function()
    fresh_state()
    local first = t.ok(up(sim_stack()))
    local second = t.ok(up(sim_stack()))
    t.eq({ 0, 1 }, { second.started, second.reused })
    t.eq(first.servers[1].pid, second.servers[1].pid)
    down()
  end)

  t.it("refuses to replace what runs otherwise, and changes nothing", function()
    fresh_state()
    local first = t.ok(up(sim_stack())).servers[1]
    local err = t.fails("conflict", up(sim_stack "env: {A: b}"))
    t.contains("another command, environment or model", err.message)
    t.contains("tear it down first", err.hint)
    t.contains("belongs to the specification", t.fails("conflict", up(sim_stack(), { spec = "s/y" })).message)
    t.eq(first.pid, t.ok(local_servers.servers("ns", "web"))[1].pid)
    t.eq(true, t.ok(local_servers.servers("ns", "web"))[1].alive)
    down()
  end)

  t.it("has servers for itself on demand: takes over none, ends what a killed command left", function()
    fresh_state()
    local function own(stack) return local_servers.up(stack, { namespace = "ns", spec = "s/x", owner = "experiment" }) end
    local shared = t.ok(up(sim_stack())).servers[1]
    t.contains("'experiment' needs servers of its own", t.fails("conflict", own(sim_stack())).message)
    t.eq(true, runs(shared.pid))
    t.ok(down())
    local first = t.ok(own(sim_stack())).servers[1]
    local other = exec.run { require("host.info").executable, "--spec", "local/quickstart", "teardown", "--namespace",
      "ns", "--workspace", t.tempdir() }
    t.eq(1, other.exit_code)
    t.contains("another command works on namespace 'ns': ", other.stderr)
    t.contains("experiment", other.stderr)
    local second = t.ok(own(sim_stack()))
    t.eq({ 1, 0, false }, { second.started, second.reused, runs(first.pid) })
    t.eq({ ended = 1, stale = 0 }, t.ok(local_servers.down("ns", { spec = "s/x", owned = true })))
    local_servers.release "ns"
    local by_hand = t.ok(up(sim_stack())).servers[1]
    t.eq({ ended = 0, stale = 0 }, t.ok(local_servers.down("ns", { spec = "s/x", owned = true })))
    t.eq(true, runs(by_hand.pid))
    t.ok(down())
  end)

  t.it("leaves what a command had for itself to whoever comes next", function()
    for name, give in pairs { leave = function() return local_servers.leave("ns", { spec = "s/x" }) end,
      standup = function() return up(sim_stack()) end } do
      fresh_state()
      local own = t.ok(local_servers.up(sim_stack(), { namespace = "ns", spec = "s/x", owner = "e2e" })).servers[1]
      t.ok(give(), name)
      t.eq(nil, t.ok(local_servers.servers("ns", "web"))[1].owner, name)
      local err = t.fails("conflict", local_servers.up(sim_stack(), { namespace = "ns", spec = "s/x", owner = "e2e" }))
      t.contains("needs servers of its own", err.message)
      t.eq(true, runs(own.pid))
      t.ok(down())
      local_servers.release "ns"
    end
  end)

  t.it("refuses a server that runs but does not work", function()
    fresh_state()
    local server = t.ok(up(sim_stack())).servers[1]
    exec.run { "kill", "-STOP", tostring(server.pid) }
    local err = t.fails("conflict", up(sim_stack()))
    t.contains("it does not work", err.message)
    t.ok(down())
  end)

  t.it("starts several replicas on ports of their own", function()
    fresh_state()
    local servers = t.ok(up(sim_stack "replicas: 3")).servers
    local ports = {}
    for i, server in ipairs(servers) do
      ports[server.port] = true
      t.eq(i, server.replica)
      t.ok(probe.models(server.url))
    end
    local distinct = 0
    for _ in pairs(ports) do distinct = distinct + 1 end
    t.eq(3, distinct)
    t.contains("wants only 2", t.fails("conflict", up(sim_stack "replicas: 2")).message)
    t.eq({ ended = 3, stale = 0 }, t.ok(down()))
  end)

  t.it("keeps namespaces and stacks apart", function()
    fresh_state()
    local one = t.ok(up(sim_stack(), { namespace = "one" })).servers[1]
    local two = t.ok(up(sim_stack(), { namespace = "two" })).servers[1]
    t.ne(one.url, two.url)
    t.eq({ "one", "two" }, records.namespaces())
    t.eq({ ended = 0, stale = 0 }, t.ok(down("one", { "other" })))
    t.eq({ ended = 1, stale = 0 }, t.ok(down "one"))
    t.ok(probe.models(two.url))
    t.ok(down "two")
  end)

  t.it("takes nothing down without complaint", function()
    fresh_state()
    t.eq({ ended = 0, stale = 0 }, t.ok(down()))
  end)

  t.it("says at once, with the tail of the log, when a server ends while starting", function()
    local state = fresh_state()
    local saved = t.tempdir() .. "/setup/logs"
    local stack = stack_with "command: [sh, -c, 'echo first; echo the reason >&2; exit 3']"
    local err = t.fails("exit", up(stack, { save_logs = saved }))
    t.eq(3, err.exit_code)
    t.contains("stack 'web' (replica 1) ended while starting, with exit code 3", err.message)
    t.eq("first\nthe reason", err.stderr_tail)
    t.contains("these were the last lines", err.hint)
    t.contains("its log is empty", t.fails("exit", up(stack_with "command: [sh, -c, 'exit 3']")).hint)
    t.eq("first\nthe reason\n", t.ok(fs.read(saved .. "/web-1.log")))
    t.eq({}, t.ok(records.list "ns"))
    t.eq(0, living(state))
  end)

  t.it("gives up on a server that is never ready, and ends all replicas", function()
    local state = fresh_state()
    local stack = stack_with "command: [sleep, 1000], replicas: 2, readiness: {timeout_s: 0.3}"
    local err = t.fails("timeout", up(stack))
    t.contains("was not ready after 0.3 s", err.message)
    t.eq(0, living(state))
    t.eq({}, t.ok(records.list "ns"))
  end)

  t.it("does not take another standup's server on its port for its own", function()
    local state = fresh_state()
    local number = t.ok(port.choose("127.0.0.1", state, {}))
    local stack = stack_with(("command: [sleep, 1000], port: %d, readiness: {timeout_s: 20}"):format(number))
    local started = task.spawn(up, stack)
    repeat task.sleep(0.01) until living(state) == 1
    local argv = { require("host.info").executable, "sim", "--port=" .. number, "--model=org/m" }
    t.ok(exec.start(argv, { detached = true, log_file = state .. "/other.log",
      env = { [records.MARK] = "s/other:" .. state .. "/other/ns/web/1" } }))
    local err = t.fails("conflict", started:join())
    t.contains(("is not what answers on port %d: that is process"):format(number), err.message)
    t.contains("a server of another standup (s/other:", err.message)
    t.eq({}, t.ok(records.list "ns"))
  end)

  t.it("ends what it started when it is cancelled", function()
    local state = fresh_state()
    local started = task.spawn(up, stack_with "command: [sleep, 1000]")
    repeat task.sleep(0.01) until living(state) == 1
    started:cancel()
    t.fails("cancelled", started:join())
    t.eq(0, living(state))
    t.eq({}, t.ok(records.list "ns"))
  end)

  t.it("ends the children of a server, too", function()
    local state = fresh_state()
    local pid_file = t.tempdir() .. "/pid"
    local script = "sleep 1000 & echo $! > " .. pid_file .. "; exec \"$0\" sim --port=$1 --model=org/m"
    local argv = { "sh", "-c", script, require("host.info").executable, "{port}" }
    t.ok(up(stack_with("command: " .. json.encode(argv))))
    local child = t.ok(fs.read(pid_file)):match "%d+"
    t.eq(true, runs(child))
    t.ok(down())
    t.eq(false, runs(child))
    t.eq(0, living(state))
  end)

  t.it("is not fooled by a pid that another process has now", function()
    fresh_state()
    local record = t.ok(up(sim_stack())).servers[1]
    local bystander = t.ok(exec.start({ "sleep", "1000" }, { detached = true, log_file = t.tempdir()
      .. "/log" }))
    t.cleanup(function() exec.stop(bystander.pid, bystander.start_time, { grace_s = 0 }) end)
    exec.stop(record.pid, record.start_time, { grace_s = 0 })
    record.pid = bystander.pid
    t.ok(records.write(record))
    t.eq(false, t.ok(local_servers.servers("ns", "web"))[1].alive)
    local again = t.ok(up(sim_stack()))
    t.eq(1, again.started)
    t.eq(true, exec.alive(bystander.pid, bystander.start_time))
    t.eq({ ended = 1, stale = 0 }, t.ok(down()))
    t.eq(true, exec.alive(bystander.pid, bystander.start_time))
  end)

  t.it("counts servers that died on their own as stale", function()
    fresh_state()
    local record = t.ok(up(sim_stack())).servers[1]
    exec.stop(record.pid, record.start_time, { grace_s = 0 })
    t.eq({ ended = 0, stale = 1 }, t.ok(down()))
    t.eq({}, t.ok(records.list "ns"))
  end)

  t.it("finds servers whose standup was killed before it wrote the record", function()
    local state = fresh_state()
    local record = t.ok(up(sim_stack())).servers[1]
    record.pid, record.start_time, record.state = 0, "", "starting"
    t.ok(records.write(record))
    local owned = t.ok(local_servers.owned("ns", { spec = "s/x" }))
    t.eq(1, #owned.orphans)
    t.eq({ ended = 1, stale = 1 }, t.ok(down()))
    t.eq(0, living(state))

    record = t.ok(up(sim_stack())).servers[1]
    t.ok(records.remove(record))
    local again = t.ok(up(sim_stack()))
    t.ne(record.pid, again.servers[1].pid)
    t.eq(1, living(state))
    t.ok(down())
  end)

  t.it("waits on for a server whose standup was killed while it was starting", function()
    fresh_state()
    local record = t.ok(up(sim_stack())).servers[1]
    record.state = "starting"
    t.ok(records.write(record))
    local again = t.ok(up(sim_stack()))
    t.eq({ record.pid, 0, "ready" }, { again.servers[1].pid, again.started, again.servers[1].state })
    t.ok(down())
  end)

  t.it("refuses a fixed port that somebody has, and names who", function()
    fresh_state()
    local number = t.ok(port.choose("127.0.0.1", "spec", {}))
    local stack = sim_stack("port: " .. number)
    t.eq(number, t.ok(up(stack)).servers[1].port)
    local err = t.fails("conflict", up(stack, { namespace = "other" }))
    t.contains(("port %d belongs to stack 'web' of namespace 'ns'"):format(number), err.message)
    t.ok(down())

    local other = require("host.sim").start { model = "x", port = number }
    t.contains("in use by another program", t.fails("conflict", up(stack)).message)
    other:stop()
  end)

  t.it("takes another port when one was snatched away meanwhile", function()
    fresh_state()
    local dir = t.tempdir()
    -- Pretends once that its port is taken, then serves.
    local script = ("[ -e %s/tried ] || { touch %s/tried; echo 'bind: Address already in use'; exit 1; }; ")
      :format(dir, dir) .. "exec \"$0\" sim --port=$1 --model=org/m"
    local stack = stack_with("command: " .. json.encode { "sh", "-c", script,
      require("host.info").executable, "{port}" })
    t.ok(up(stack))
    t.ok(down())
  end)

  t.it("lets one command at a time change a namespace", function()
    fresh_state()
    t.ok(fs.mkdir(records.dir "ns"))
    local lock = t.ok(fs.lock(records.dir "ns" .. "/.lock", { purpose = "a standup elsewhere" }))
    local err = t.fails("conflict", up(sim_stack()))
    t.contains("another command works on namespace 'ns'", err.message)
    t.contains("a standup elsewhere", err.message)
    lock:release()
    local results = parallel.map({ "a", "b" }, function() return up(sim_stack()) end)
    t.eq(1, results[1].started + results[2].started)
    t.ok(down())
  end)

  t.it("checks a stack before anything is started", function()
    fresh_state()
    t.eq("llmdbenchmark", t.ok(local_servers.check(sim_stack(), "ns"))[1])
    local function refused(words, code, settings)
      local err = t.fails(code, local_servers.check(stack_with(settings), "ns"))
      t.contains(words, err.message .. " " .. (err.hint or ""))
    end
    refused("names it", "not_found", "command: [no-such-server-program]")
    refused("from 1 to 256", "invalid", "replicas: 0")
    refused("must be 'auto' or a port number", "invalid", "port: 70000")
    refused("must begin with '/'", "invalid", "readiness: {path: health}")
    refused("must be a number of seconds", "invalid", "readiness: {timeout_s: 0}")
    refused("needs the variable 'gguf'", "invalid",
      "command: ['{gguf}'], vars: {gguf: {env: LLMDBENCH_NO_SUCH}}")
  end)

  t.it("does not take records that it may not read for none", function()
    fresh_state()
    local kept = fs.list
    t.cleanup(function() fs.list = kept end)
    fs.list = function(path) return nil, { code = "denied", message = "cannot list " .. path .. ": permission denied" } end
    local err = t.fails("denied", records.list "ns")
    t.contains("make the folder readable", err.hint)
  end)

  t.it("says what to do about a damaged record", function()
    fresh_state()
    t.ok(fs.mkdir(records.dir "ns" .. "/web"))
    t.ok(fs.write(records.dir "ns" .. "/web/1.json", "{half"))
    t.contains("then remove the file", t.fails("invalid", records.list "ns").hint)
  end)

  t.it("names an address and a number of servers that make no sense", function()
    local function problem(settings)
      return t.fails("invalid", local_servers.check(sim_stack(settings), "ns")).message
    end
    t.contains("local.host must be an address such as 127.0.0.1, not empty", problem "host: ''")
    local stack = sim_stack()
    stack.config["local"].replicas = json.null
    t.contains("local.replicas must be a whole number from 1 to 256, not null",
      t.fails("invalid", local_servers.check(stack, "ns")).message)
  end)

  t.it("does not trust a record that it cannot read", function()
    fresh_state()
    t.ok(fs.mkdir(records.dir "ns" .. "/web"))
    t.ok(fs.write(records.dir "ns" .. "/web/1.json", "{}"))
    t.contains("not a record of a local server", t.fails("invalid", up(sim_stack())).message)
  end)

  t.it("writes no secret into its records", function()
    fresh_state()
    local secret = "canary-secret-3141592653"
    local stack = sim_stack("env: {API_KEY: " .. secret .. "}")
    local record = t.ok(up(stack)).servers[1]
    for _, path in ipairs { records.dir "ns" .. "/web/1.json", record.log } do
      t.eq(nil, (t.ok(fs.read(path)):find(secret, 1, true)))
    end
    t.ok(down())
  end)
end)
