---What every phase command does first and last: console, event file, session; and its errors and exit code.
---@class bench.startup
local M = {}

local info = require "host.info"
local log = require "host.log"

local codes = info.exit_codes

-- The command line without the secrets that `--set` and `--overrides` brought.
local function words_of(cli)
  local options = cli.options
  if not options.set and not options.overrides then return cli.words end
  for _, list in pairs { options.set or "", options.overrides or "" } do
    require("bench.plan.set").hide_secrets(list)
  end
  local words = {}
  for i, word in ipairs(cli.words or {}) do words[i] = log.redact(word) end
  return words
end

-- A file that is named relative to where we are now must be found again from elsewhere.
local function dataset_of(given)
  local fs = require "host.fs"
  return given and fs.exists(given) and fs.absolute(given) or given
end

-- The options of a command as a session wants them.
local function session_options(cli)
  local given = cli.options
  local opts = {
    spec = given.spec, base_dir = given.base_dir, workspace = given.workspace, dry_run = given.dry_run,
    namespace = given.namespace, models = given.models, stack = given.stack, set = given.set,
    methods = given.methods and table.concat(given.methods, ",") or nil,
    monitoring = given.monitoring, wva = given.wva, strict = given.strict, offline = given.offline,
    kubeconfig = given.kubeconfig,
    endpoint_url = given.endpoint_url, ca_file = given.ca_file, insecure = given.insecure,
    harness = given.harness, workload = given.workload,
    run_overrides = given.overrides, experiments = given.experiments, dataset = dataset_of(given.dataset),
    wait_timeout = given.wait_timeout, analyze = given.analyze, parallel = given.parallel,
    words = words_of(cli), sources = {},
  }
  for key, source in pairs(cli.sources or {}) do
    if source ~= "default" then opts.sources[key] = source == "flag" and "--" .. key or source end
  end
  return opts
end

-- With --json only warnings and errors are printed beside the answer.
local function set_console(cli)
  if cli.options.verbose then log.level "debug" elseif cli.json then log.level "warning" end
end

local function tell_start(cli, ctx)
  if ctx.spec and ctx.opts.spec ~= ctx.spec.path then
    log.info(("Specification %s: %s"):format(ctx.opts.spec, ctx.spec.path))
  end
  log.info(("%s %s"):format(info.name, info.version))
  for _, line in ipairs(require("bench.cli.overrides").lines(cli)) do log.info(line) end
  if not ctx.dry_run then log.info("Workspace: " .. ctx.workspace.dir) end
end

---Prints the answer of a command with `--json`; secrets are hidden in it.
---@param value any
function M.print_json(value)
  print(log.redact(require("host.json").encode(value, { indent = 2 })))
end

---Prints an error: its message, what was run, its hint.
---@param err bench.Error
function M.tell(err)
  log.error(tostring(err.message))
  if err.hint then log.error("  hint: " .. err.hint) end
end

local function open_events(cli)
  if not cli.options.events or cli.options.dry_run then return nil end
  return require("bench.events").open(cli.options.events)
end

---Tells about a mistake of the command line, with the command's `Usage:` line.
---@param cli bench.Cli
---@param err bench.Error
---@return integer exit_code
function M.tell_usage(cli, err)
  M.tell(err)
  local commands = require "bench.commands"
  if cli.command and commands.exists(cli.command) then
    io.stderr:write(require("bench.cli.help").usage(commands.load(cli.command)), "\n")
  end
  return codes.usage
end

-- What the command's body says, as an exit code.
local function finish(cli, code, err)
  if code then return code end
  if err.usage then return M.tell_usage(cli, err) end
  M.tell(err)
  return codes.failed
end

-- The body's answer as exit code, with event file and log closed in any case.
local function run_body(cli, events, body, argument)
  local fine, code, why = pcall(body, argument)
  if events then events:close() end
  if not fine then
    log.close()
    error(code, 0)
  end
  local result = finish(cli, code, why)
  log.close()
  return result
end

-- How an option was given: `--base-dir`, or the variable.
local function source_of(cli, key)
  local source = (cli.sources or {})[key]
  return (source == nil or source == "flag") and "--" .. key:gsub("_", "-") or source
end

-- A folder that is not there would leave only the installed specifications, without a word.
local function check_base_dir(cli)
  local given = cli.options.base_dir
  local stat = given and require("host.fs").stat(require("bench.spec").base_dir(given))
  if not given or (stat and stat.type == "dir") then return true end
  return nil, { code = "not_found", usage = true, message = source_of(cli, "base_dir") .. ": there is no folder " .. given,
    hint = "give the folder that holds config/" }
end

---Prepares console and event file for a command that opens its sessions itself, and hands it their options.
---@async
---@param cli bench.Cli
---@param body fun(opts: bench.SessionOptions): integer?, bench.Error?
---@return integer exit_code
function M.with_console(cli, body)
  set_console(cli)
  local valid, problem = check_base_dir(cli)
  if not valid then return finish(cli, nil, problem) end
  local events, err = open_events(cli)
  if err then return finish(cli, nil, err) end
  local opts = session_options(cli)
  opts.events = events
  return run_body(cli, events, body, opts)
end

-- A bad step filter is a mistake of the command line: said before anything is read or made.
local function check_steps(cli, phase_name)
  if not phase_name or not cli.options.step then return true end
  local phase, problem = cli.phase, nil
  if not phase then phase, problem = require("bench.phase").load(phase_name) end
  if not phase then return nil, problem end
  local rows, err = phase:select(cli.options.step)
  if rows then return true end
  err.usage = true
  return nil, err
end

---Opens a session for a command and hands it to `body`.
---@async
---@param cli bench.Cli
---@param about { phase?: string, check?: fun(ctx: bench.Context): true?, bench.Error?, prerender?: boolean,
---  compare_plan?: boolean } `phase`: the one that `--step` is about; `check`: asked before a workspace is made;
---  the others as in bench.SessionOptions
---@param body fun(ctx: bench.Context): integer?, bench.Error?
---@return integer exit_code
function M.with_session(cli, about, body)
  set_console(cli)
  local valid, problem = check_base_dir(cli)
  if valid then valid, problem = check_steps(cli, about.phase) end
  if not valid then return finish(cli, nil, problem) end
  local events, err = open_events(cli)
  if err then return finish(cli, nil, err) end
  local opts = session_options(cli)
  opts.events, opts.check = events, about.check
  opts.prerender, opts.compare_plan = about.prerender, about.compare_plan
  local ctx
  ctx, err = require("bench.session").open(opts)
  if not ctx then return finish(cli, nil, err) end
  tell_start(cli, ctx)
  return run_body(cli, events, body, ctx)
end

return M
