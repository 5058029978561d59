local env = require "host.env"
local exec = require "host.exec"
local fs = require "host.fs"
local journal = require "bench.journal"
local random = require "bench.random"
local t = require "bench.test"
local yaml = require "host.yaml"

local HERE = debug.getinfo(1, "S").source:match("^@(.*)/[^/]*$") or "."
local PROGRAM = assert(exec.run { "readlink", "-f", ("/proc/%d/exe"):format(env.pid()) }).stdout:gsub("%s+$",
  "")
local CELLS = 20
local MOST_ROUNDS, MOST_KILLS = 60, 15

local function start(root)
  return t.ok(exec.start({ PROGRAM, HERE .. "/support/kill_target.lua", root, HERE .. "/support" },
    { merge_stderr = true }))
end

-- Kills the process a while after it began to work, unless it has ended by itself; returns its result then.
local function let_run(root, seconds)
  local child = start(root)
  child:line { timeout_s = 60 }
  local result = child:wait { timeout_s = seconds }
  if result then return result end
  child:kill { signal = "KILL" }
  child:wait()
end

-- What must be true at any moment, whoever was killed.
local function check_files(root)
  local dir = root .. "/run"
  if fs.exists(dir .. "/" .. journal.FILE) then t.ok(journal.read(dir .. "/" .. journal.FILE)) end
  if fs.exists(dir .. "/experiment-summary.yaml") then t.ok(yaml.load(dir .. "/experiment-summary.yaml")) end
end

local function finished_runs(root)
  local times = {}
  for _, entry in ipairs(t.ok(journal.read(root .. "/run/" .. journal.FILE))) do
    if entry.event == "treatment_finished" then
      local key = entry.setup .. "/" .. entry.cell
      times[key] = (times[key] or 0) + 1
      t.eq("ok", entry.status)
    end
  end
  return times
end

t.describe("an experiment that is killed again and again", function()
  t.it("measures every treatment once and leaves nothing behind", { timeout_s = 300 }, function()
    local root, generator = t.tempdir(), random.new(tonumber(env.get "LLMDBENCH_TEST_SEED") or 20261124)
    local result, kills = nil, 0
    for _ = 1, MOST_ROUNDS do
      result = let_run(root, 0.001 + generator:uniform() * (kills < MOST_KILLS and 0.25 or 60))
      if result then break end
      kills = kills + 1
      check_files(root)
    end
    t.eq(0, t.ok(result, "never finished").exit_code, result and result.stdout)
    t.ok(kills >= 3, kills)

    local times, cells = finished_runs(root), 0
    for key, count in pairs(times) do
      t.eq(1, count, key)
      cells = cells + 1
    end
    t.eq(CELLS, cells)
    t.eq(false, fs.exists(root .. "/standing"))
    t.eq(CELLS, #fs.glob(root .. "/run/setup-treatment-*/results/*"))
    t.eq(CELLS, #fs.glob(root .. "/run/setup-treatment-*/results/*/manifest.json"))
    t.eq({ ok = CELLS, not_valid = 0, failed = 0, missing = 0 },
      t.ok(yaml.load(root .. "/run/experiment-summary.yaml")).cells)
  end)
end)
