-- Bad surroundings: a full disk, a workspace that cannot be written, two runs in one workspace.
local fs = require "host.fs"
local json = require "host.json"
local parallel = require "bench.parallel"
local support = require "support"
local t = require "bench.test"

local E2E = { "--spec", "local/quickstart", "e2e" }

t.describe("surroundings", function()
  t.it("a full disk ends the run with its reason and leaves no server", { timeout_s = 90 }, function()
    local box = support.box()
    local result = box:run_mounted(("mount -t tmpfs -o size=96k tmpfs '%s'"):format(box.workspace), E2E)
    t.ok(result.exit_code ~= 0, result.output)
    t.match("[Nn]o space left", result.output)
    t.ok(not result.output:find("stack traceback", 1, true), result.output)
    box:is_clean()
  end)

  t.it("output that cannot be written is a failure, a reader that left early is not", function()
    local box = support.box()
    local function shell(text) return box:command { "bash", "-o", "pipefail", "-c", text } end
    local full = shell "llmdbenchmark scripts --json > /dev/full"
    t.eq({ 1, "llmdbenchmark: not all of the output could be written (is the disk full?)\n" }, { full.exit_code, full.stderr })
    t.eq(0, shell("llmdbenchmark --help | head -c 1").exit_code)
  end)

  t.it("long folder names hide neither a script's own places nor show ours", function()
    local box, long = support.box(), ("a_folder_with_a_long_name/"):rep(4)
    local file = box:write(long .. "bad.lua", "local function inner() error('no cheese') end\ninner()\n")
    local result = box:run { file }
    t.contains("llmdbenchmark: " .. file .. ":1: no cheese\n", result.stderr)
    t.contains("  at " .. file .. ":2: in function 'chunk'\n", result.stderr)
    local home = box.dir .. "/" .. long .. "home"
    t.eq(0, box:command({ "ln", "-s", require("host.info").home, home }).exit_code)
    result = box:run({ "eject", "foo" }, { env = { LLMDBENCH_HOME = home } })
    t.match("^llmdbenchmark: no script 'foo' in [^\n]*\n  hint: [^\n]*\n$", result.stderr)
    result = box:run({ "scripts/nope.lua" }, { env = { LLMDBENCH_HOME = home } })
    t.ok(not result.stderr:find("  at ", 1, true), result.stderr)
  end)

  t.it("neither are lines of the phases, pictures and truth logs lost in silence", function()
    local box = support.box()
    local function shell(text) return box:command { "bash", "-c", text } end
    local full = shell "llmdbenchmark --spec local/quickstart plan --offline > /dev/full"
    t.eq({ 1, "llmdbenchmark: not all of the output could be written (is the disk full?)\n" }, { full.exit_code, full.stderr })
    t.eq("", shell("llmdbenchmark --spec local/quickstart plan --offline | head -1 > /dev/null").stderr)
    local sim = shell [[
llmdbenchmark sim --model m --port 0 --truth /dev/full > url & pid=$!
while ! grep -q http url; do sleep 0.05; done
llmdbenchmark run --url "$(grep -o 'http:.*' url)" --model m -o stages.0.duration_s=1,stages.0.rate=50 > /dev/null
kill $pid; wait $pid]]
    t.eq(1, sim.exit_code, sim.output)
    t.contains("--truth /dev/full is not whole", sim.stderr)
  end)

  t.it("a working folder that is gone is said once", function()
    local result = support.box():command { "bash", "-c", "mkdir gone; cd gone; rmdir ../gone; llmdbenchmark specs" }
    t.eq(1, result.exit_code)
    t.match("^llmdbenchmark: the working folder cannot be found: [^\n]*\n  hint: [^\n]*\n$", result.stderr)
  end)

  t.it("a read-only workspace is refused before anything starts", { timeout_s = 60 }, function()
    local box = support.box()
    local mount = ("mount -t tmpfs -o ro tmpfs '%s'"):format(box.workspace)
    local result = box:run_mounted(mount, E2E)
    t.eq(1, result.exit_code, result.output)
    t.contains(box.workspace, result.output)
    t.match("[Rr]ead%-only", result.output)
    box:is_clean()
  end)

  t.it("two runs in one workspace keep apart", { timeout_s = 120 }, function()
    local box = support.box()
    local results = parallel.map({ "one", "two" }, function(namespace)
      return box:run { "--spec", "local/quickstart", "e2e", "-p", namespace }
    end, { limit = 2 })
    for _, result in ipairs(results) do t.eq(0, result.exit_code, result.output) end
    local instances = fs.glob(box.workspace .. "/*-*/results")
    t.eq(2, #instances, "one instance folder for each")
    for _, folder in ipairs(instances) do
      local reports = fs.glob(folder .. "/*/benchmark_report_v0.2,_stage_*.json")
      t.ok(#reports > 0, folder)
      for _, file in ipairs(reports) do t.ok(json.decode(t.ok(fs.read(file)))) end
    end
    box:is_clean()
  end)
end)
