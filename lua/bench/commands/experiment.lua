-- llmdbenchmark experiment: measures the treatments of a design, in a way that survives being killed.
local shared = require("bench.options").shared
local phase_options = require "bench.options.phase"

-- Options that decide what is measured: kept in experiment.json, so that --resume needs no others.
local KEPT = { "spec", "base_dir", "namespace", "models", "methods", "stack", "set", "monitoring", "wva", "strict",
  "offline", "harness", "workload", "dataset", "wait_timeout" }

-- The load options of `run` that mean something here.
local function load_options()
  local list = { title = "Load" }
  for _, option in ipairs(phase_options.load) do
    local name = option[1]
    if name == "--harness" or name == "--workload" or name == "--dataset" or name == "--wait-timeout" then
      list[#list + 1] = option
    end
  end
  list[#list + 1] = { "--analyze", env = "LLMDBENCH_RUN_EXPERIMENT_ANALYZE_LOCALLY", type = "boolean",
    help = "draw the pictures of every treatment too, not only of all together" }
  return list
end

local function usage(message, hint)
  return { code = "invalid", message = message, hint = hint, usage = true }
end

local function load_design(options, record, sources)
  local treatment = require "bench.treatment"
  if options.design and sources.experiments ~= "flag" then return treatment.find(options.design) end
  if options.experiments and options.design then
    return nil, usage "--experiments and --design name two experiments; give one"
  end
  if options.experiments then return treatment.load(options.experiments) end
  if options.design then return treatment.find(options.design) end
  if record and record.file then return treatment.load(record.file) end
  return nil, usage("which experiment? Give --experiments FILE, --design NAME or --resume DIR",
    "designs: see workload/designs; docs/experiments.md")
end

-- Nothing that is printed or written shows the secrets of the treatments. The levels are for tables only.
local function hide_secrets(design)
  local hidden = require "bench.hidden"
  local function hide(treatment)
    hidden.learn_items(treatment.overrides)
    treatment.values = hidden.copy(treatment.values)
  end
  for _, setup in ipairs(design.setups) do
    hide(setup)
    for _, each in ipairs(setup.runs) do hide(each) end
  end
end

-- A file that is named relative to where we are now must be found again from elsewhere.
local function absolute(path)
  local fs = require "host.fs"
  if type(path) == "string" and path:find("/", 1, true) and fs.exists(path) then return fs.absolute(path) end
  return path
end

-- A profile is named by the path of its file, unless it is one of those that are found by name.
local function absolute_profile(opts)
  if not opts.workload then return nil end
  local found = require("bench.workload").find(opts.harness or "native", opts.workload, opts.base_dir)
  return found and found.is_file and found.path or opts.workload
end

local function kept(opts)
  local list = {}
  for _, name in ipairs(KEPT) do list[name] = absolute(opts[name]) end
  list.workload = absolute_profile(opts)
  local set = require "bench.plan.set"
  list.set = set.without_secrets(opts.set)
  local secrets = set.secret_keys(opts.set)
  list.secret_keys = #secrets > 0 and secrets or nil
  return list
end

-- Secrets of `--set` are not in the record: what is given now stands beside what is kept.
local function as_list(texts) return type(texts) == "table" and texts or { texts } end

local function with_record(opts, record)
  if record and opts.set and record.options.set then
    opts.set = require("bench.lists").extend(as_list(record.options.set), unpack(as_list(opts.set)))
  end
  for _, name in ipairs(record and KEPT or {}) do
    if opts[name] == nil then opts[name] = record.options[name] end
  end
  opts.recorded_profile = record and record.profile
  return opts
end

-- The folder itself instead of a link to it: `latest` will point elsewhere one day.
local function real_folder(path)
  local fs = require "host.fs"
  local stat = fs.stat(path, { follow = false })
  if not stat or stat.type ~= "symlink" then return path end
  local target = stat.target
  return target:sub(1, 1) == "/" and target or fs.join(fs.parent(path), target)
end

local function read_record(options)
  if not options.resume then return nil end
  return require("bench.experiment.record").load(options.resume)
end

-- What the run would refuse, found without deploying anything. Without a specification there is nothing to check.
local function check(design, schedule, opts)
  if not opts.spec then
    require("host.log").warn "the treatments are not checked: that needs a specification (--spec NAME)"
    return true
  end
  local driver, err = require("bench.experiment.driver").new(opts, design)
  if not driver then return nil, err end
  return require("bench.experiment.survey").of(driver, design, schedule, opts)
end

local function list(cli, design, opts)
  local show = require "bench.experiment.show"
  local schedule = require("bench.experiment").schedule(design, opts)
  for _, warning in ipairs(design.warnings) do require("host.log").warn(warning) end
  local fine, err = check(design, schedule, opts)
  if not fine then return nil, err end
  if cli.json then
    require("bench.startup").print_json(show.list(design, schedule))
  else
    local text = show.list_text(design, schedule, require("bench.report.screen").look())
    io.stdout:write(require("host.log").redact(text))
  end
  return require("host.info").exit_codes.success
end

local function print_results(run, design)
  require("bench.startup").print_json(require("bench.report.answer").experiment(run, design))
end

local function run(cli)
  local options = cli.options
  if options.list then
    if (cli.sources or {}).events == "flag" then
      return require("bench.startup").tell_usage(cli, { message = "--list writes no --events: nothing happens" })
    end
    options.events = nil
  end
  return require("bench.startup").with_console(cli, function(opts)
    options.resume = options.resume and real_folder(options.resume)
    local record, err = read_record(options)
    if err then return nil, err end
    local design
    design, err = load_design(options, record, cli.sources or {})
    if not design then return nil, err end
    hide_secrets(design)
    design.file = require("host.fs").absolute(design.file)
    for _, name in ipairs { "seed", "repeats", "order", "allow_identical", "stop_on_error", "skip_teardown",
      "resume" } do
      opts[name] = options[name]
    end
    if options.list then return list(cli, design, opts) end
    opts = with_record(opts, record)
    if not opts.spec then
      return nil, usage("no specification given", "pass --spec NAME (for example local/quickstart) or set LLMDBENCH_SPEC")
    end
    opts.kept = kept(opts)
    opts.workload, opts.dataset = opts.kept.workload, opts.kept.dataset -- a resumed one has the same names for them
    opts.finished = cli.json and print_results or nil
    local code
    code, err = require("bench.experiment").run(opts, design)
    if code and cli.json and opts.dry_run then return list(cli, design, opts) end
    return code, err
  end)
end

local function design_names()
  local names = {}
  for i, design in ipairs(require("bench.treatment").list()) do names[i] = design.name end
  return names
end

return {
  name = "experiment",
  summary = "measure the treatments of an experiment file or a design",
  description = "Every setup treatment gets a standup of its own; every run treatment is measured in it. "
    .. "Exit code 0: all valid; 4: some verdict is not 'valid'; 3: some treatments failed; 1: all failed. "
    .. "docs/experiments.md describes files and designs.",
  options = {
    shared.session, phase_options.stacks, load_options(), shared.parallel,
    { title = "Experiment",
      { "--experiments", "-e", env = "LLMDBENCH_EXPERIMENTS", type = "path", metavar = "FILE",
        help = "experiment file (YAML), or a Lua file that returns a design" },
      { "--design", metavar = "NAME", suggest = design_names, help = "design in workload/designs/, or a Lua file that returns one" },
      { "--list", type = "boolean", help = "show the treatments and how many standups they cost, and stop; with --spec they are checked" },
      { "--resume", type = "path", metavar = "DIR",
        help = "finish the experiment in this folder; what is measured is not measured again" },
      { "--repeats", type = "integer", minimum = 1, metavar = "N",
        help = "measure every treatment so often" },
      { "--order", choices = { "cheapest", "listed", "random" }, metavar = "ORDER",
        help = "cheapest (fewest changes between standups), listed or random" },
      { "--seed", type = "integer", minimum = 0, metavar = "N",
        help = "of the random order and of the data" },
      { "--allow-identical", type = "boolean", help = "measure treatments that come out the same" },
      { "--stop-on-error", type = "boolean", help = "stop at the first treatment that fails" },
      { "--skip-teardown", type = "boolean",
        help = "leave the last stack standing, and with --stop-on-error the failed one" },
    },
  },
  json = true,
  usage_examples = {
    "llmdbenchmark --spec local/quickstart experiment -e my_sweep.yaml",
    "llmdbenchmark --spec local/quickstart experiment --design full_factorial_example --list",
    "llmdbenchmark experiment --resume ~/ws/latest",
  },
  run = run,
}
