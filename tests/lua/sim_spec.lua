local sim = require "host.sim"
local t = require "bench.test"
local task = require "host.task"

local function start(opts)
  opts = opts or {}
  opts.host, opts.port, opts.threads = opts.host or "127.0.0.1", opts.port or 0, opts.threads or 1
  opts.model = opts.model or "m"
  return sim.start(opts)
end

local function write(name, text)
  local path = t.tempdir() .. "/" .. name
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
  return path
end

t.describe("sim.start", function()
  t.it("gives a live server with url, port and numbers", function()
    local server = t.ok(start { time_to_first_token = "50ms", max_num_seqs = 7 })
    t.ok(server.port > 0)
    t.eq("http://127.0.0.1:" .. server.port, server.url)
    t.eq(0, server:stats().running)
    t.eq(0, server:stats().generation_tokens)
    t.eq("simulator " .. server.url, tostring(server))
    t.eq(nil, server.nonsense)
    server:flush_truth()
    server:stop()
    server:stop()
    t.eq("simulator " .. server.url .. " (stopped)", tostring(server))
  end)

  t.it("is registered while it lives", function()
    local before = #task.handles()
    local server = t.ok(start())
    t.eq(before + 1, #task.handles())
    t.contains("simulator: http://127.0.0.1:", table.concat(task.handles(), "\n"))
    server:stop()
    t.eq(before, #task.handles())
  end)

  t.it("says when the port is taken", function()
    local server = t.ok(start())
    local err = t.fails("conflict", start { port = server.port })
    t.contains(tostring(server.port), err.message)
    server:stop()
  end)

  t.it("reads a YAML file, which flags win over", function()
    local path = write("sim.yaml", "model: from-file\nmax-num-seqs: 3\nhost: 127.0.0.1\nport: 0\nthreads: 1\n")
    local server = t.ok(sim.start { config = path })
    server:stop()
    local err = t.fails("invalid", sim.start { config = write("bad.yaml", "model: m\nmax-nums-seqs: 3\n") })
    t.contains("did you mean 'max-num-seqs'?", err.message)
    t.contains("bad.yaml", err.file)
    err = t.fails("invalid", sim.start { config = write("twice.yaml", "model: m\nport: 0\nport: 1\n") })
    t.match("twice.yaml:3:1: key 'port' is given again %(first in line 2%)$", err.message)
    t.fails("not_found", sim.start { config = path .. ".nope" })
    t.fails("invalid", sim.start { config = write("list.yaml", "- a\n") })
  end)

  t.it("raises for options that do not exist or do not fit", function()
    t.raises(function() start { max_nums_seqs = 1 } end, "sim_spec%.lua:%d+: sim%.start: .*did you mean 'max%-num%-seqs'")
    t.raises(function() start { block_size = 5 } end, "block_size.*is not one of 8, 16, 32, 64, 128")
    t.raises(function() start { time_to_first_token = "soon" } end, "expected a duration such as 50ms")
    t.raises(function() sim.start { "m" } end, "options need names")
    t.raises(function() sim.start "m" end, "expected a table of options")
  end)

  t.it("takes lists with commas, too", function()
    local server = t.ok(start { served_model_name = "a,b", lora_modules = '{"name": "l", "path": "/l"}' })
    local models = t.ok(require("host.probe").models(server.url))
    t.eq({ "a", "b", "l" }, models)
    server:stop()
  end)

  t.it("needs a model", function() t.fails("invalid", sim.start { port = 0 }) end)
end)

t.describe("server:wait", function()
  t.it("ends when the server is stopped", function()
    local server = t.ok(start())
    local waiting = task.spawn(function() return server:wait() end)
    task.sleep(0)
    t.eq(false, waiting:is_done())
    server:stop()
    t.eq(true, waiting:join())
    t.eq(true, server:wait())
  end)

  t.it("is given up when its task is cancelled; the server goes on", function()
    local server = t.ok(start())
    local waiting = task.spawn(function() server:wait() end)
    task.sleep(0)
    waiting:cancel()
    local _, err = waiting:join()
    t.eq("cancelled", err.code)
    t.eq(0, server:stats().running)
    server:stop()
  end)
end)

t.describe("sim.serve", function()
  t.it("waits, and stops the server when its task is cancelled", function()
    local before = #task.handles()
    local serving = task.spawn(function() return sim.serve { model = "m", host = "127.0.0.1", port = 0 } end)
    task.sleep(0.01)
    t.eq(before + 2, #task.handles())
    serving:cancel()
    local _, err = serving:join()
    t.eq("cancelled", err.code)
    t.eq(before, #task.handles())
  end)

  t.it("returns at once when it cannot start", function()
    t.fails("not_found", sim.serve { model = "m", ssl_certfile = "/no/c.pem", ssl_keyfile = "/no/k.pem", port = 0 })
  end)
end)

t.describe("sim.options", function()
  t.it("describes every option once", function()
    local seen = {}
    for _, option in ipairs(sim.options()) do
      t.eq(nil, seen[option.name])
      seen[option.name] = option
      t.ok(#option.help > 0)
    end
    t.eq(8000, seen.port.default)
    t.eq("SIM_MAX_NUM_SEQS", seen["max-num-seqs"].env)
    t.eq("duration", seen["time-to-first-token"].type)
    t.eq({ "random", "echo" }, seen.mode.choices)
    t.eq(true, seen["enforce-eager"].ignored)
    t.eq(true, seen["api-key"].secret)
  end)
end)
