-- Time and memory of the plan phase: one specification, all of them, many stacks, many treatments, and Python.
local clock = require "host.clock"
local exec = require "host.exec"
local fs = require "host.fs"
local info = require "host.info"
local lab = require "lab"
local spec = require "bench.spec"

local ONE = "guides/wide-ep-lws"
local FEW, MANY = 10, 100
local TREATMENTS = 1000

local here = debug.getinfo(1, "S").source:match "^@(.*)/[^/]*$"

local function checked(argv, opts)
  local result = assert(exec.run(argv, opts or { timeout_s = 600 }))
  if result.exit_code ~= 0 then
    error(table.concat(argv, " ") .. "\n" .. (result.stdout .. result.stderr):sub(-2000), 0)
  end
  return result
end

local function with_folder(body)
  local folder = assert(fs.tempdir "plan")
  local fine, result = pcall(body, folder)
  fs.remove_tree(folder)
  if not fine then error(result, 0) end
  return result
end

-- Wall milliseconds of a command, the program's start included.
local function wall_ms(argv)
  local begun = clock.monotonic()
  checked(argv)
  return (clock.monotonic() - begun) * 1000
end

local function plan_argv(name, folder)
  return { lab.program, "--spec", name, "--workspace", folder, "plan", "--offline" }
end

local function one_ms()
  return with_folder(function(folder) return wall_ms(plan_argv(ONE, folder)) end)
end

local function all_s()
  return with_folder(function(folder)
    local sum_ms = 0
    for _, each in ipairs(spec.list()) do sum_ms = sum_ms + wall_ms(plan_argv(each.name, folder)) end
    return sum_ms / 1000
  end)
end

-- Many plans in a process of their own.
local function in_process(name, base_dir, times)
  return with_folder(function(folder)
    local said = checked { lab.program, here .. "/../plan_run.lua", name, base_dir, folder, tostring(times) }.stdout
    local ms, first, last, peak = said:match "ms per plan ([%d.]+), resident MB ([%d.]+) to ([%d.]+), peak ([%d.]+)"
    if not ms then error("plan_run.lua: " .. said, 0) end
    return { ms = tonumber(ms), growth_mb = tonumber(last) - tonumber(first), peak_mb = tonumber(peak) }
  end)
end

-- A tree whose scenario has `count` stacks.
local function make_tree(folder, count)
  local home = info.home .. "/config"
  local lines = { "scenario:" }
  for i = 1, count do
    lines[#lines + 1] = ("  - {name: s%d, model: {name: org/model-%d}, decode: {replicas: %d}}"):format(i, i, i)
  end
  assert(fs.mkdir(folder .. "/config/specification/bench"))
  assert(fs.write(folder .. "/scenario.yaml", table.concat(lines, "\n") .. "\n"))
  assert(fs.write(folder .. "/config/specification/bench/many.yaml.j2",
    ("values_file: {path: %s/templates/values/defaults.yaml}\ntemplate_dir: {path: %s/templates/jinja}\n"):format(home,
      home) .. "scenario_file: {path: " .. folder .. "/scenario.yaml}\n"))
end

local function ms_per_stack(count)
  return with_folder(function(folder)
    make_tree(folder, count)
    return in_process("bench/many", folder, 3).ms / count
  end)
end

-- The same steps (YAML, merge, templates, check, files) in our program and with PyYAML and Jinja2; or nil and why not.
local function same_work(folder)
  local probe = exec.run { "python3", "-c", "import jinja2, yaml" }
  if not probe or probe.exit_code ~= 0 then return nil, "python3 with jinja2 and yaml is not installed" end
  checked(plan_argv(ONE, folder))
  local loaded = assert(spec.load(assert(spec.find(ONE))))
  local configs = fs.glob(folder .. "/latest/plan/*/config.yaml")
  local runs = 0
  local function run(...)
    local argv = { ... }
    runs = runs + 1
    for _, word in ipairs { loaded.values_file, loaded.scenario_file, loaded.template_dir, folder .. "/same-" .. runs } do
      argv[#argv + 1] = word
    end
    for _, config in ipairs(configs) do argv[#argv + 1] = config end
    return (lab.cpu_time(argv))
  end
  return function() return run("python3", here .. "/../peer/plan.py") end,
    function() return run(info.executable, here .. "/../peer/plan.lua") end
end

local function ours_cpu_s()
  return with_folder(function(folder) return (lab.cpu_time(plan_argv(ONE, folder))) end)
end

local function against_python(out)
  with_folder(function(folder)
    local theirs, ours = same_work(folder)
    if not theirs then return out.skip("PyYAML and Jinja2", ours) end
    local values = lab.compare.interleave(lab.rounds, { { name = "the whole plan, processor s", run = ours_cpu_s },
      { name = "the same steps, processor s", run = ours }, { name = "Python, processor s", run = theirs } }, out.value)
    local whole, same, python = values["the whole plan, processor s"], values["the same steps, processor s"],
      values["Python, processor s"]
    out.side("merge, templates, check and files of " .. ONE .. ", ours, processor time", same, "s")
    out.side("the same with PyYAML and Jinja2", python, "s")
    out.goal("Python's processor time / ours", lab.compare.ratio(python, same), ">=", 20)
    out.side("our whole plan, with provenance, schema, resolvers", whole, "s")
  end)
end

local function memory(out)
  local peaks, growth = {}, {}
  for round = 1, math.min(lab.rounds, 3) do
    peaks[round] = in_process(ONE, info.home, 1).peak_mb
    growth[round] = in_process(ONE, info.home, TREATMENTS).growth_mb
    out.value("peak MB", round, peaks[round])
  end
  out.goal("peak of memory, one specification [MB]", lab.compare.summary(peaks), "<=", 30)
  out.goal("growth of memory from the 100th to the " .. TREATMENTS .. "th treatment [MB]",
    lab.compare.summary(growth), "<=", 8)
end

return {
  title = "The plan phase",
  run = function(out)
    local values = lab.compare.interleave(lab.rounds, {
      { name = "one specification", run = one_ms },
      { name = "all specifications", run = all_s },
      { name = FEW .. " stacks", run = function() return ms_per_stack(FEW) end },
      { name = MANY .. " stacks", run = function() return ms_per_stack(MANY) end },
    }, out.value)
    out.goal("llmdbenchmark plan of " .. ONE .. " [ms]", lab.compare.summary(values["one specification"]), "<=", 50)
    out.goal("plan of all " .. #spec.list() .. " specifications, one after the other [s]",
      lab.compare.summary(values["all specifications"]), "<=", 2)
    out.side("each of " .. FEW .. " stacks", values[FEW .. " stacks"], "ms")
    out.goal("cost of one of " .. MANY .. " stacks / of " .. FEW,
      lab.compare.ratio(values[MANY .. " stacks"], values[FEW .. " stacks"]), "<=", 1.5)
    memory(out)
    against_python(out)
  end,
}
