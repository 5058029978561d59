-- The method `local` as a user meets it: separate commands, killed commands, servers that fail, dry runs.
local fs = require "host.fs"
local info = require "host.info"
local json = require "host.json"
local parallel = require "bench.parallel"
local support = require "support"
local t = require "bench.test"
local task = require "host.task"

local QUICK = "stages:\n  - {arrival: constant, rate: 50, duration_s: 1}\n"
  .. "data: {type: random, input: 32, output: 4}\n" .. support.PATIENT_YAML

-- A specification of the user's own, `mine/it`, whose only stack has this section `local`.
local function give_spec(box, settings)
  box:write("config/specification/mine/it.yaml.j2", ([[
values_file: {path: "%s/config/templates/values/defaults.yaml"}
scenario_file: {path: "{{ base_dir }}/config/scenarios/it.yaml"}
]]):format(info.home))
  box:write("config/scenarios/it.yaml", "scenario:\n  - name: web\n    model: {name: org/m}\n"
    .. "    harness: {name: native}\n    local: {enabled: true, " .. settings .. "}\n")
end

local function run(box, ...)
  return box:run { "--spec", "mine/it", "--workspace", box.workspace, ... }
end

local function succeeds(box, ...)
  local result = run(box, ...)
  t.eq(0, result.exit_code, result.output)
  return result
end

local function fails(words, box, ...)
  local result = run(box, ...)
  t.eq(1, result.exit_code, result.output)
  for _, word in ipairs(words) do t.contains(word, result.output) end
  t.ok(not result.output:find("stack traceback", 1, true), result.output)
  return result
end

local SIM = "command: [llmdbenchmark, sim, '--port={port}', '--model={model}', '--inter-token-latency=1ms']"

local function newest(box, pattern)
  local found = fs.glob(box.workspace .. "/latest/" .. pattern)
  return t.ok(found[1], "no " .. pattern)
end

-- Every file of the box with its digest.
local function picture(box)
  local files = {}
  for _, path in ipairs(fs.glob(box.dir .. "/**")) do
    local stat = fs.stat(path, { follow = false })
    if stat then files[path] = stat.type == "file" and fs.sha256(path) or stat.type end
  end
  return files
end

t.describe("local servers that fail", function()
  t.it("end a standup at once, with their last words", { timeout_s = 60 }, function()
    local box = support.box()
    give_spec(box, "command: [sh, -c, 'echo loading; echo out of memory >&2; exit 7']")
    fails({ "exit code 7", "out of memory" }, box, "standup")
    t.contains("out of memory", t.ok(fs.read(newest(box, "setup/logs/web-1.log"))))
    box:is_clean()
  end)

  t.it("are named when their program is missing, before anything starts", function()
    local box = support.box()
    give_spec(box, "command: [no-such-server, '{port}']")
    fails({ "no-such-server", "local.command" }, box, "standup")
    give_spec(box, "command: ['{gguf}'], vars: {gguf: {env: LLMDBENCH_NO_SUCH, help: the model file}}")
    fails({ "the model file", "LLMDBENCH_NO_SUCH" }, box, "standup")
    box:is_clean()
  end)

  t.it("are found missing by smoketest and run", { timeout_s = 60 }, function()
    local box = support.box()
    give_spec(box, SIM)
    fails({ "run standup first" }, box, "smoketest")
    fails({ "run standup first" }, box, "run", "-l", "native", "-w", "quick_random")
    succeeds(box, "standup", "--skip-smoketest")
    for _, pid in ipairs(box:pids()) do box:command { "kill", "-KILL", pid } end
    t.ok(support.wait_for(5, function() return #box:pids() == 0 end))
    fails({ "is gone" }, box, "smoketest")
    fails({ "is gone" }, box, "run", "-w", "quick_random")
    succeeds(box, "teardown")
    box:is_clean()
  end)
end)

t.describe("a standup", function()
  t.it("refuses to replace servers that run otherwise, and leaves them alone", { timeout_s = 60 }, function()
    local box = support.box()
    give_spec(box, SIM)
    succeeds(box, "standup")
    local servers = box:pids()
    fails({ "another command, environment or model" }, box, "standup", "--set", "local.env.A=b")
    fails({ "'e2e' needs servers of its own" }, box, "e2e", "-m", "org/other")
    fails({ "validate_config" }, box, "smoketest", "-s", "2", "--set", "local.env.A=b")
    t.eq(servers, box:pids())
    succeeds(box, "teardown")
    box:is_clean()
  end)

  t.it("of several replicas is one stack", { timeout_s = 60 }, function()
    local box = support.box()
    give_spec(box, SIM .. ", replicas: 2")
    succeeds(box, "standup")
    local listed = json.decode(succeeds(box, "run", "--list-endpoints", "--json").stdout)
    t.eq(2, #listed[1].urls)
    local profile = box:write("p.yaml", QUICK)
    t.contains("is measured", succeeds(box, "run", "-w", profile, "--no-analyze").output)
    succeeds(box, "teardown")
    box:is_clean()
  end)

  t.it("at the same time as another one in its namespace succeeds or says who is at work", { timeout_s = 90 }, function()
    local box = support.box()
    give_spec(box, "command: [sh, -c, 'sleep 1; exec llmdbenchmark sim --port=$0 --model=org/m', '{port}']")
    local results = parallel.map({ 1, 2, 3 }, function() return run(box, "standup") end)
    local good = 0
    for _, result in ipairs(results) do
      if result.exit_code == 0 then good = good + 1 else t.contains("another command works", result.output) end
    end
    t.ok(good >= 1)
    succeeds(box, "smoketest")
    succeeds(box, "teardown")
    box:is_clean()
  end)

  t.it("that is killed leaves nothing that teardown does not find", { timeout_s = 120 }, function()
    local box = support.box()
    give_spec(box, "command: [sleep, 1000], replicas: 3")
    for i = 1, 8 do
      local child = box:start { "--spec", "mine/it", "--workspace", box.workspace, "standup" }
      task.sleep(0.02 + i * 0.03)
      child:kill { signal = "KILL" }
      child:wait { timeout_s = 10 }
      succeeds(box, "teardown")
      box:is_clean()
    end
  end)

  t.it("that is killed is finished by the next one", { timeout_s = 60 }, function()
    local box = support.box()
    give_spec(box, "command: [sh, -c, 'sleep 2; exec llmdbenchmark sim --port=$0 --model=org/m', '{port}']")
    local child = box:start { "--spec", "mine/it", "--workspace", box.workspace, "standup" }
    t.ok(support.wait_for(20, function() return #fs.glob(box.dir .. "/home/.local/state/llmdbenchmark/local/*/*/*.log") > 0 end))
    child:kill { signal = "KILL" }
    child:wait { timeout_s = 10 }
    succeeds(box, "standup")
    succeeds(box, "teardown")
    box:is_clean()
  end)

  t.it("that is interrupted takes back what it started", { timeout_s = 60 }, function()
    local box = support.box()
    give_spec(box, "command: [sleep, 1000], replicas: 2")
    local child = box:start { "--spec", "mine/it", "--workspace", box.workspace, "standup" }
    t.ok(support.wait_for(20, function() return #fs.glob(box.dir .. "/home/.local/state/llmdbenchmark/local/*/*/*.json") == 2 end))
    child:kill { signal = "INT" }
    t.eq(130, t.ok(child:wait { timeout_s = 30 }).exit_code)
    box:is_clean()
    t.eq({}, fs.glob(box.dir .. "/home/.local/state/llmdbenchmark/local/*/*"))
  end)
end)

t.describe("dry runs", function()
  t.it("touch no file and no process, whatever stands", { timeout_s = 90 }, function()
    local box = support.box()
    give_spec(box, SIM)
    local profile = box:write("p.yaml", QUICK)
    local commands = { { "plan" }, { "standup" }, { "smoketest" }, { "run", "-w", profile }, { "teardown" },
      { "e2e", "-w", profile }, { "run", "--list-endpoints" } }
    for _, stands in ipairs { false, true } do
      if stands then succeeds(box, "standup") end
      local files, processes = picture(box), box:pids()
      for _, command in ipairs(commands) do
        succeeds(box, "--dry-run", unpack(command))
        t.eq(files, picture(box), command[1] .. " changed files")
        t.eq(processes, box:pids(), command[1] .. " changed processes")
      end
    end
    t.contains("would end", succeeds(box, "--dry-run", "teardown").output)
    succeeds(box, "teardown")
    box:is_clean()
  end)

  t.it("need no server, no program on PATH and no writable folder", { timeout_s = 60 }, function()
    local box = support.box()
    give_spec(box, "command: [no-such-server, '{port}']")
    local nowhere = { env = { PATH = box.dir .. "/empty", HOME = "/proc/no", TMPDIR = "/proc/no" } }
    for _, command in ipairs { "plan", "standup", "smoketest", "run", "teardown", "e2e" } do
      local result = box:run({ "--spec", "mine/it", "--dry-run", "--workspace", "/proc/no", command }, nowhere)
      t.eq(0, result.exit_code, command .. ":\n" .. result.output)
    end
  end)
end)

t.describe("run", function()
  -- A server that nobody deployed.
  local function stranger(box, ...)
    local child = box:start({ "sim", "--port=0", "--model=org/m", "--inter-token-latency=1ms", ... })
    local url = t.ok(child:line { timeout_s = 10 }):match "http://%S+"
    return t.ok(url), child
  end

  t.it("measures a URL without specification, scenario or cluster", { timeout_s = 60 }, function()
    local box = support.box()
    local url, child = stranger(box)
    local profile = box:write("p.yaml", QUICK)
    local args = { "run", "--url", url, "--model", "org/m", "-l", "native", "-w", profile, "--workspace", box.workspace }
    local result = box:run(args)
    t.eq(0, result.exit_code, result.output)
    t.contains("mode=run-only", result.output)
    local report = t.ok(json.load(newest(box, "results/*/benchmark_report_v0.2,_stage_0.json")))
    t.eq(50, report.results.request_performance.aggregate.requests.total)
    args[5] = "org/other"
    local wrong = box:run(args)
    t.eq(1, wrong.exit_code, wrong.output)
    t.contains("org/m", wrong.output)
    child:kill()
    child:wait { timeout_s = 10 }
    local gone = box:run { "run", "--url", url, "--model", "org/m", "-w", profile, "--workspace", box.workspace }
    t.eq(1, gone.exit_code, gone.output)
    t.contains(url, gone.output)
    box:is_clean()
  end)

  t.it("speaks https, with an authority of the user's or with any certificate", { timeout_s = 60 }, function()
    local box = support.box()
    local made = box:command { "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem",
      "-out", "cert.pem", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1" }
    t.eq(0, made.exit_code, made.output)
    local child = box:start { "sim", "--port=0", "--model=org/m", "--ssl-certfile=cert.pem", "--ssl-keyfile=key.pem" }
    local url = t.ok(t.ok(child:line { timeout_s = 10 }):match "https://%S+")
    local profile = box:write("p.yaml", QUICK)
    local function measure(...)
      return box:run { "run", "--url", url, "--model", "org/m", "-w", profile, "--no-analyze", "--workspace",
        box.workspace, ... }
    end
    local refused = measure()
    t.eq(1, refused.exit_code, refused.output)
    t.contains("--ca-file", refused.output)
    local trusted = measure("--ca-file", "cert.pem")
    t.eq(0, trusted.exit_code, trusted.output)
    local blind = measure "--insecure"
    t.eq(0, blind.exit_code, blind.output)
    child:kill()
    child:wait { timeout_s = 10 }
    box:is_clean()
  end)

  t.it("checks every override, with indices, types and quoted commas", { timeout_s = 60 }, function()
    local box = support.box()
    local url, child = stranger(box)
    local profile = box:write("p.yaml", "description: x\n" .. QUICK)
    local function with(overrides)
      return box:run { "run", "--url", url, "--model", "org/m", "-w", profile, "--no-analyze", "-o", overrides,
        "--workspace", box.workspace }
    end
    local good = with 'stages.0.rate=20,description="a, b",data.output=2'
    t.eq(0, good.exit_code, good.output)
    local rendered = t.ok(fs.read(newest(box, "workload/profiles/native/p-override.yaml")))
    t.contains("description: a, b", rendered)
    t.contains("rate: 20", rendered)
    for overrides, words in pairs {
      ["stages.0.rat=2"] = "did you mean 'stages.0.rate'",
      ["stages.1.rate=2"] = "there is no element 1",
      ["stages.0.rate=fast"] = "must be a number, not 'fast'",
      ["stages.0.rate"] = "is not an override",
    } do
      local bad = with(overrides)
      t.eq(overrides:find "=" and 1 or 2, bad.exit_code, bad.output)
      t.contains(words, bad.output)
    end
    child:kill()
    child:wait { timeout_s = 10 }
    box:is_clean()
  end)

  t.it("puts the server's prefix cache into the result and flags a rate that cannot be", { timeout_s = 60 }, function()
    local box = support.box()
    local url, child = stranger(box, "--enable-kvcache")
    local profile = box:write("p.yaml", "seed: 7\nseeds: fixed\n" .. QUICK:gsub("input: 32", "input: 64"))
    local function measure()
      local result = box:run { "run", "--url", url, "--model", "org/m", "-w", profile, "--no-analyze",
        "--workspace", box.workspace }
      t.eq(0, result.exit_code, result.output)
      return result, t.ok(json.load(newest(box, "results/*/stage_0.json"))).prefix_cache
    end
    local first, cold = measure()
    t.eq({ "server counters", 0 }, { cold.source, cold.expected_share })
    t.ok(cold.hit_rate < 0.05 and not first.output:find("prefix cache", 1, true), first.output)
    local second, warm = measure()
    t.ok(warm.hit_rate > 0.5)
    t.contains("came from the prefix cache although the prompts share nothing", second.output)
    child:kill()
    child:wait { timeout_s = 10 }
    box:is_clean()
  end)

  t.it("says where the stacks answer, and that none does", { timeout_s = 60 }, function()
    local box = support.box()
    give_spec(box, SIM)
    fails({ "<not detected>" }, box, "run", "--list-endpoints")
    succeeds(box, "standup", "--skip-smoketest")
    local result = succeeds(box, "run", "--list-endpoints")
    t.match("STACK +MODEL +ENDPOINT URL", result.stdout)
    local url = t.ok(result.stdout:match "%-%-endpoint%-url (http://%S+)")
    t.eq(url, json.decode(succeeds(box, "run", "--list-endpoints", "--json").stdout)[1].url)
    succeeds(box, "teardown")
    box:is_clean()
  end)
end)

local function holds_nowhere(folder, canary)
  local files = fs.glob(folder .. "/**")
  t.eq(true, #files > 20)
  for _, path in ipairs(files) do
    if fs.stat(path).type == "file" then t.eq(nil, (t.ok(fs.read(path)):find(canary, 1, true)), path) end
  end
end

t.describe("secrets", function()
  t.it("of profile, scenario, --set and treatments are in no file and no output", { timeout_s = 90 }, function()
    local box = support.box()
    give_spec(box, SIM .. ", env: {API_TOKEN: canary-27182818-scenario}")
    local profile = box:write("p.yaml",
      QUICK .. "headers: {Authorization: Bearer canary-27182818-header, X-Api-Key: canary-27182818-key}\n")
    local file = box:write("x.yaml", "experiment: {name: x, harness: native, profile: " .. profile .. "}\n"
      .. "setup: {treatments: [{name: one, local.env.DB_PASS: canary-27182818-treatment}]}\n"
      .. "treatments: [{name: r, stages.0.rate: 20}]\n")
    local set = "local.env.OPENAI_KEY=canary-27182818-set"
    local output = succeeds(box, "-v", "experiment", "-e", file, "--set", set).output
      .. succeeds(box, "experiment", "-e", file, "--list").output
      .. succeeds(box, "experiment", "-e", file, "--list", "--json").output
      .. succeeds(box, "plan", "--explain", "local.env").output
      .. succeeds(box, "plan", "--diff", file .. "#one").output
    t.eq(nil, (output:find("canary-27182818", 1, true)))
    t.contains('local.env.API_TOKEN = "***"', output)
    succeeds(box, "plan")
    output = succeeds(box, "plan", "--diff", "mine/it", box.workspace .. "/latest").output
    t.eq(nil, (output:find("API_TOKEN", 1, true)))
    holds_nowhere(box.workspace, "canary-27182818")
    box:is_clean()
  end)

  t.it("are in no file that a whole benchmark leaves, and in no output", { timeout_s = 90 }, function()
    local box = support.box()
    give_spec(box, SIM)
    local profile = box:write("p.yaml", QUICK)
    local canary = "canary-1618033988749894"
    local result = box:run({ "--spec", "mine/it", "--workspace", box.workspace, "-v", "e2e", "-w", profile },
      { env = { HF_TOKEN = canary, LLMDBENCH_ENDPOINT_TOKEN = canary, LLMDBENCH_HF_TOKEN = canary } })
    t.eq(0, result.exit_code, result.output)
    t.eq(nil, (result.output:find(canary, 1, true)))
    for _, path in ipairs(fs.glob(box.dir .. "/**")) do
      if fs.stat(path).type == "file" then t.eq(nil, (t.ok(fs.read(path)):find(canary, 1, true)), path) end
    end
    box:is_clean()
  end)
end)
