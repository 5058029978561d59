-- An experiment that is killed in the middle and resumed: nothing lost, nothing twice, nobody left.
local fs = require "host.fs"
local info = require "host.info"
local json = require "host.json"
local random = require "bench.random"
local support = require "support"
local t = require "bench.test"

local EXPERIMENT = [[
experiment: {name: killed, harness: native, profile: short.yaml}
setup:
  treatments:
    - {name: a, model.maxModelLen: 4096}
    - {name: b, model.maxModelLen: 2048}
treatments:
  - {name: slow, stages.0.rate: 20}
  - {name: fast, stages.0.rate: 40}
]]

local PROFILE = [[
data: {input: 8, output: 8}
stages: [{rate: 10, duration_s: 1}]
]] .. support.PATIENT_YAML

t.describe("an experiment", function()
  t.it("leaves servers alone that others stood up, also when it is resumed", { timeout_s = 120 }, function()
    local box = support.box()
    local common = { "--spec", "local/quickstart", "experiment", "-e", box:write("experiment.yaml", EXPERIMENT),
      "-l", "native", "-w", box:write("short.yaml", PROFILE) }
    t.eq(0, box:run({ "--spec", "local/quickstart", "standup", "--skip-smoketest" }).exit_code)
    local servers = box:pids()
    local refused = box:run(common)
    t.eq({ 1, servers }, { refused.exit_code, box:pids() })
    t.contains("'experiment' needs servers of its own", refused.output)
    local instance = fs.parent(fs.glob(box.workspace .. "/*-*/journal.jsonl")[1])
    refused = box:run { "--spec", "local/quickstart", "experiment", "--resume", instance }
    t.eq(servers, box:pids())
    t.contains("'experiment' needs servers of its own", refused.output)
    t.eq(0, box:run({ "--spec", "local/quickstart", "teardown" }).exit_code)
    box:is_clean()
  end)

  t.it("killed with SIGKILL finishes when it is resumed", { timeout_s = 180 }, function()
    local box = support.box()
    local file = box:write("experiment.yaml", EXPERIMENT)
    local profile = box:write("short.yaml", PROFILE)
    local common = { "--spec", "local/quickstart", "experiment", "-e", file,
      "-l", "native", "-w", profile }
    local child = box:start(common)
    t.ok(support.wait_for(60, function()
      local journals = fs.glob(box.workspace .. "/*-*/journal.jsonl")
      return #journals > 0 and (fs.read(journals[1]) or ""):find("fast", 1, true) ~= nil
    end), "the second treatment began")
    child:kill { signal = "KILL" }
    child:wait { timeout_s = 10 }
    local instance = fs.parent(fs.glob(box.workspace .. "/*-*/journal.jsonl")[1])
    local resumed = box:run({ "--spec", "local/quickstart", "experiment", "--resume", instance }, { timeout_s = 120 })
    t.eq(0, resumed.exit_code, resumed.output)
    local done = {}
    for line in t.ok(fs.read(instance .. "/journal.jsonl")):gmatch "[^\n]+" do
      local entry = json.decode(line)
      if entry and entry.event == "treatment_finished" then done[#done + 1] = entry.name end
    end
    t.eq(4, #done, "each treatment finished once")
    box:is_clean()
  end)

  t.it("killed at random moments, again and again, loses and repeats nothing", { timeout_s = 300 }, function()
    local box, generator = support.box(), random.new(20261124)
    local file = box:write("experiment.yaml", EXPERIMENT)
    local profile = box:write("short.yaml", PROFILE)
    local begin = { "--spec", "local/quickstart", "--workspace", box.workspace, "experiment", "-e", file,
      "-l", "native", "-w", profile }
    local result, kills = nil, 0
    for _ = 1, 40 do
      local begun = fs.glob(box.workspace .. "/*-*/experiment.json")[1]
      local child = box:start(begun and { "experiment", "--resume", fs.parent(begun) } or begin)
      child:line { timeout_s = 60 }
      result = child:wait { timeout_s = kills < 8 and 0.05 + 1.5 * generator:uniform() or 120 }
      if result then break end
      child:kill { signal = "KILL" }
      child:wait { timeout_s = 10 }
      kills = kills + 1
    end
    t.ok(result, "never finished")
    t.ok(result.exit_code == 0 or result.exit_code == 4, result.stdout .. result.stderr)
    t.ok(kills >= 3, kills)
    local instance = fs.parent(fs.glob(box.workspace .. "/*-*/experiment.json")[1])
    local times = {}
    for line in t.ok(fs.read(instance .. "/journal.jsonl")):gmatch "[^\n]+" do
      local entry = json.decode(line)
      if entry.event == "treatment_finished" then
        times[entry.name] = (times[entry.name] or 0) + 1
      end
    end
    t.eq({ ["a/slow"] = 1, ["a/fast"] = 1, ["b/slow"] = 1, ["b/fast"] = 1 }, times)
    t.eq(4, #fs.glob(instance .. "/setup-treatment-*/results/*/manifest.json"))
    t.eq(4, #fs.glob(instance .. "/setup-treatment-*/results/*"))
    box:is_clean()
  end)
end)

t.describe("the treatments of an experiment", function()
  t.it("of every shipped design pass the survey", { timeout_s = 120 }, function()
    local box = support.box()
    for _, path in ipairs(fs.glob(info.home .. "/workload/designs/*.lua")) do
      local name = fs.basename(path):gsub("%.lua$", "")
      local result = box:run { "--spec", "local/quickstart", "experiment", "--design", name, "-n" }
      t.eq(0, result.exit_code, result.output)
    end
    box:is_clean()
  end)

  t.it("that cannot be are refused before a standup, in a dry run and in a listing", { timeout_s = 120 }, function()
    local box = support.box()
    local file = box:write("e.yaml", "experiment: {profile: short.yaml}\ntreatments:\n  - {name: bad, stages.0.rate: -5}\n")
    box:write("short.yaml", PROFILE)
    for _, option in ipairs { "-n", "--list", "--stop-on-error" } do
      local result = box:run { "--spec", "local/quickstart", "experiment", "-e", file, option }
      t.eq(1, result.exit_code, result.output)
      t.contains("e.yaml:3: run treatment 'bad': ", result.output)
      t.contains("short.yaml", result.output)
    end
    t.eq({}, fs.glob(box.workspace .. "/*-*/journal.jsonl"))
    box:is_clean()
  end)

  t.it("are resumed from another folder although the profile is a relative path", { timeout_s = 120 }, function()
    local box = support.box()
    local file = box:write("sub/e.yaml", "experiment: {profile: short.yaml}\ntreatments:\n  - {name: a, stages.0.rate: 20}\n")
    box:write("short.yaml", PROFILE)
    local result = box:run { "--spec", "local/quickstart", "experiment", "-e", file }
    t.ok(result.exit_code == 0 or result.exit_code == 4, result.output)
    local instance = fs.parent(fs.glob(box.workspace .. "/*-*/experiment.json")[1])
    local again = box:run({ "experiment", "--resume", instance }, { cwd = box.dir .. "/home" })
    t.eq(result.exit_code, again.exit_code, again.output)
    box:is_clean()
  end)
end)
