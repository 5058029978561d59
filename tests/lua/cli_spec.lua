local t = require "bench.test"
local cli = require "bench.cli"
local commands = require "bench.commands"
local env = require "host.env"
local exec = require "host.exec"
local fs = require "host.fs"
local info = require "host.info"
local json = require "host.json"
local options = require "bench.options"

-- Runs this very program; gives exit code, stdout, stderr.
local function program(words, opts)
  local argv = { info.executable }
  for _, word in ipairs(words) do argv[#argv + 1] = word end
  local result = t.ok(exec.run(argv, opts))
  return result.exit_code, result.stdout, result.stderr
end

-- A command that notes what it gets.
local function probe(fields)
  local got = {}
  local command = {
    name = "probe", summary = "notes what it gets",
    options = { options.shared.session, options.shared.selection, options.shared.parallel,
      { "--token", env = "LLMDBENCH_PROBE_TOKEN", secret = true },
      { "--deep", "-d", type = "boolean", env = "LLMDBENCH_DEEP" } },
    arguments = { { "what", optional = true } },
    run = function(given)
      got.cli = given
      return 7
    end,
  }
  for key, value in pairs(fields or {}) do command[key] = value end
  package.preload["bench.commands.probe"] = function() return command end
  package.loaded["bench.commands.probe"] = nil
  t.cleanup(function()
    package.preload["bench.commands.probe"] = nil
    package.loaded["bench.commands.probe"] = nil
    require("bench.search").configure(nil)
  end)
  return got
end

local function with_env(name, value)
  local before = env.get(name)
  env.set(name, value)
  t.cleanup(function() env.set(name, before) end)
end

t.describe("cli.run", function()
  t.it("takes global options before and after the command", function()
    local got = probe()
    for _, words in ipairs {
      { "--spec", "gpu", "-n", "probe", "-pns" },
      { "probe", "--spec", "gpu", "-n", "-p", "ns" },
      { "--spec=gpu", "probe", "--dry-run", "--namespace=ns" },
      { "-n", "--specification_file", "gpu", "probe", "-p", "ns" },
      { "-nv", "--speci", "gpu", "probe", "-p", "ns" },
    } do
      t.eq(7, cli.run(words))
      t.eq("gpu", got.cli.options.spec, words[1])
      t.eq(true, got.cli.options.dry_run)
      t.eq("ns", got.cli.options.namespace)
      t.eq("probe", got.cli.command)
    end
  end)

  t.it("does not take the value of an option for the command", function()
    local got = probe()
    t.eq(7, cli.run { "--workspace", "sim", "probe", "thing" })
    t.eq("sim", got.cli.options.workspace)
    t.eq("thing", got.cli.arguments.what)
  end)

  t.it("takes a command's own options before it too", function()
    local got = probe()
    t.eq(7, cli.run { "-p", "test", "--token", "x", "-d", "--dry-run", "probe", "thing" })
    t.eq({ "test", "x", true, true, "thing" }, { got.cli.options.namespace, got.cli.options.token,
      got.cli.options.deep, got.cli.options.dry_run, got.cli.arguments.what })
  end)

  t.it("hands over the whole command line and where each value comes from", function()
    local got = probe()
    with_env("LLMDBENCH_NAMESPACE", "fromenv")
    cli.run { "--spec", "gpu", "probe" }
    t.eq({ "--spec", "gpu", "probe" }, got.cli.words)
    t.eq("flag", got.cli.sources.spec)
    t.eq("LLMDBENCH_NAMESPACE", got.cli.sources.namespace)
  end)

  t.it("keeps secrets out of that command line", function()
    local got = probe()
    cli.run { "probe", "--token", "abc", "what" }
    t.eq({ "probe", "--token", "***", "what" }, got.cli.words)
    t.eq("abc", got.cli.options.token)
    cli.run { "probe", "--token=canary-with-equals" }
    t.eq({ "probe", "--token=***" }, got.cli.words)
  end)

  t.it("collects what a repeated option was given", function()
    local got = probe { options = { { "--put", env = "LLMDBENCH_PUT", type = "texts" } } }
    with_env("LLMDBENCH_PUT", "from=env,both=1")
    t.eq(7, cli.run { "probe", "--put", "a=1,b=2", "--put=c=3" })
    t.eq({ "a=1,b=2", "c=3" }, got.cli.options.put)
    t.eq("flag", got.cli.sources.put)
    t.eq(7, cli.run { "probe" })
    t.eq({ "from=env,both=1" }, got.cli.options.put)
    t.eq("LLMDBENCH_PUT", got.cli.sources.put)
    with_env("LLMDBENCH_PUT", nil)
    t.eq(7, cli.run { "probe" })
    t.eq(nil, got.cli.options.put)
    t.ok(cli.run { "probe", "--put", "a=1", "--put", "" } ~= 7)
  end)

  t.it("gives success when a command returns nothing", function()
    probe { run = function() end }
    t.eq(0, cli.run { "probe" })
  end)
end)

t.describe("the list of active overrides", function()
  local overrides = require "bench.cli.overrides"

  local function lines_for(words)
    local got = probe()
    t.eq(7, cli.run(words))
    return overrides.lines(got.cli)
  end

  t.before_each(function()
    for name in pairs(env.all()) do
      if name:match "^LLMDBENCH_" then with_env(name, nil) end
    end
  end)

  t.it("is empty without any", function() t.eq({}, lines_for { "probe" }) end)

  t.it("says what each variable does", function()
    with_env("LLMDBENCH_NAMESPACE", "fromenv")
    with_env("LLMDBENCH_PARALLEL", "3")
    with_env("LLMDBENCH_DEEP", "yes")
    with_env("LLMDBENCH_SCRIPTS", "/")
    with_env("LLMDBENCH_NAMESPCE", "typo")
    with_env("LLMDBENCH_MODELS", ("m"):rep(70))
    t.eq({
      "Environment variables in force: 6",
      "  LLMDBENCH_DEEP=yes (overridden by CLI: --no-deep)",
      "  LLMDBENCH_MODELS=" .. ("m"):rep(57) .. "...",
      "  LLMDBENCH_NAMESPACE=fromenv (overridden by CLI: --namespace ns)",
      "  LLMDBENCH_NAMESPCE=typo (unknown; did you mean LLMDBENCH_NAMESPACE?)",
      "  LLMDBENCH_PARALLEL=3",
      "  LLMDBENCH_SCRIPTS=/ (where scripts are looked up)",
    }, lines_for { "probe", "-pns", "--no-deep" })
  end)

  t.it("never shows secrets", function()
    with_env("LLMDBENCH_PROBE_TOKEN", "canary-in-env")
    with_env("LLMDBENCH_HF_TOKEN", "canary-hf")
    with_env("LLMDBENCH_OTHER_API_KEY", "canary-key")
    with_env("LLMDBENCH_ENDPOINT_URL", "http://canary-user:canary-word@host:1/v1")
    with_env("LLMDBENCH_ENDPOINT_TOKEN", "canary-bearer")
    local text = table.concat(lines_for { "probe", "--token", "canary-in-flag" }, "\n")
    t.ok(not text:find "canary", text)
    t.contains("LLMDBENCH_PROBE_TOKEN=*** (overridden by CLI: --token ***)", text)
    t.contains("LLMDBENCH_ENDPOINT_URL=http://***@host:1/v1", text)
    t.contains("LLMDBENCH_ENDPOINT_TOKEN=*** (bearer token of the endpoint)", text)
  end)

  t.it("names the variables that the command does not use", function()
    with_env("LLMDBENCH_SPEC", "x")
    probe { options = {} }
    local seen
    package.loaded["bench.commands.probe"] = nil
    package.preload["bench.commands.probe"] = function()
      return { name = "probe", summary = "s", run = function(given) seen = given end }
    end
    cli.run { "probe" }
    local known = {}
    for _, command in ipairs(commands.all()) do
      for _, entry in ipairs(require("bench.cli.parser").declared(command)) do
        for _, name in ipairs(options.variables(entry.option)) do known[name] = true end
      end
    end
    local line = overrides.lines(seen)[2]
    t.match(known.LLMDBENCH_SPEC and "%(not used by probe%)$" or "%(unknown", line)
  end)
end)

t.describe("every command", function()
  for _, name in ipairs(commands.names()) do
    t.it(name .. " has a summary, examples and help for each option and argument", function()
      local command = commands.load(name)
      t.eq(name, command.name)
      t.ok(#command.summary > 10)
      t.ok(command.usage_examples and #command.usage_examples > 0, "no usage_examples")
      for _, entry in ipairs(require("bench.cli.parser").declared(command)) do
        local option = entry.option
        t.ok(option.hidden or (option.help and #option.help > 5), "no help for " .. option[1])
      end
      for _, argument in ipairs(command.arguments or {}) do
        t.ok(argument.help and #argument.help > 5, "no help for " .. argument[1])
      end
      local text = require("bench.cli.help").command(command)
      for line in text:gmatch "[^\n]+" do t.ok(#line <= 140, line) end
    end)
  end
end)

t.describe("the program", function()
  t.it("prints help and version on stdout, and succeeds", function()
    local code, out, err = program { "--help" }
    t.eq({ 0, "" }, { code, err })
    t.match("^Usage: llmdbenchmark COMMAND", out)
    for _, name in ipairs(commands.names()) do t.match("\n  " .. name .. " ", out) end
    t.eq({ 0, ("llmdbenchmark:%s\n"):format(info.version), "" }, { program { "--version" } })
    t.match("^llmdbenchmark:", (select(2, program { "scripts", "--version" })))
    code, out = program { "scripts", "--help" }
    t.eq(0, code)
    t.match("Examples:\n  llmdbenchmark scripts", out)
  end)

  t.it("answers mistakes on stderr, with exit code 2", function()
    local function refused(words, pattern)
      local code, out, err = program(words)
      t.eq(2, code, err)
      t.eq("", out)
      t.match(pattern, err)
    end
    refused({}, "^llmdbenchmark: no command given\nUsage: ")
    refused({ "scrips" }, "unknown command 'scrips' %(did you mean 'scripts'%?%)")
    refused({ "--scripts" }, "no command given, only %-%-scripts")
    refused({ "--foo=secret" }, "no command given, only %-%-foo\n")
    refused({ "help", "standpu" }, "unknown command 'standpu' %(did you mean 'standup'%?%)")
    refused({ "--scripts", "/nope", "scripts" }, "there is no folder /nope\n  hint: give a folder")
    refused({ "scripts", "--jsn" }, "unknown option '%-%-jsn' %(did you mean '%-%-json'%?%)")
    refused({ "scripts", "extra" }, "too many arguments")
    refused({ "--nonsense", "scripts" }, "unknown option '%-%-nonsense'")
    refused({ "completion", "tcsh" }, "must be one of")
  end)

  t.it("makes a completion script that the shell accepts", function()
    for _, shell in ipairs { "bash", "zsh", "fish" } do
      local code, out = program { "completion", shell }
      t.eq(0, code)
      t.contains("completion", out)
      local file = t.tempdir() .. "/completion"
      fs.write(file, out)
      local check = exec.run({ shell, "-n", file })
      if check then t.eq(0, check.exit_code, check.stderr) end
    end
  end)
end)

-- A program home of our own: the real library, but scripts of ours.
local function home_with(scripts)
  local home = t.tempdir()
  t.ok(fs.symlink(info.home .. "/lua", home .. "/lua"))
  for name, text in pairs(scripts) do
    local path = ("%s/scripts/%s.lua"):format(home, name)
    fs.mkdir(fs.parent(path))
    fs.write(path, text)
  end
  return home
end

t.describe("scripts and eject", function()
  local shipped = {
    standup = "return require('bench.phase').new { name = 'standup', steps = { { 0, 'first' } } }",
    ["steps/standup/first"] = "return { name = 'first', run = function() end }",
  }

  t.it("list each script with its file, and what it stands in front of", function()
    local home, cwd = home_with(shipped), t.tempdir()
    fs.mkdir(cwd .. "/scripts/steps/standup")
    fs.write(cwd .. "/scripts/steps/standup/first.lua", "return {}")
    local environment = { LLMDBENCH_HOME = home, XDG_CONFIG_HOME = cwd, LLMDBENCH_SCRIPTS = false }
    local opts = { cwd = cwd, env = environment }
    local code, out, err = program({ "scripts", "--json" }, opts)
    t.eq(0, code, err)
    local rows = t.ok(json.decode(out))
    local phase_file = home .. "/scripts/standup.lua"
    t.eq({ kind = "phase", name = "standup", file = phase_file, origin = "installed", shadows = {} }, rows[1])
    t.eq("step", rows[2].kind)
    t.eq("standup/first", rows[2].name)
    t.eq("working folder", rows[2].origin)
    t.eq({ home .. "/scripts/steps/standup/first.lua" }, rows[2].shadows)
    code, out = program({ "scripts" }, opts)
    t.eq(0, code)
    t.match("Phases\n  standup +/.*\n\nSteps\n", out)
    t.match("\n  standup/first +scripts/steps/standup/first.lua  %(working folder%)\n", out)
  end)

  t.it("eject copies next to the user and does not overwrite without --force", function()
    local home, cwd = home_with(shipped), t.tempdir()
    local opts = { env = { LLMDBENCH_HOME = home, XDG_CONFIG_HOME = cwd }, cwd = cwd }
    local code, out, err = program({ "eject", "standup", "--with-steps" }, opts)
    t.eq({ 0, "scripts/standup.lua\nscripts/steps/standup/first.lua\n" }, { code, out }, err)
    t.eq(shipped.standup, t.ok(fs.read(cwd .. "/scripts/standup.lua")))
    fs.write(cwd .. "/scripts/standup.lua", "edited")
    code, out, err = program({ "eject", "standup" }, opts)
    t.eq("", out)
    t.eq(1, code)
    t.match("scripts/standup.lua exists already; nothing was copied\n  hint: .*%-%-force", err)
    t.eq("edited", t.ok(fs.read(cwd .. "/scripts/standup.lua")))
    code = program({ "eject", "standup", "--force" }, opts)
    t.eq(0, code)
    t.eq(shipped.standup, t.ok(fs.read(cwd .. "/scripts/standup.lua")))
    code, out = program({ "eject", "standup/first", "--into", "other" }, opts)
    t.eq({ 0, "other/steps/standup/first.lua\n" }, { code, out })
    code, out, err = program({ "eject", "stand" }, opts)
    t.eq({ 1, "" }, { code, out })
    t.match("no script 'stand'.*did you mean 'standup'%?", err)
  end)

  t.it("an edited script can start from the shipped one of the same name", function()
    local home, cwd = home_with(shipped), t.tempdir()
    fs.mkdir(cwd .. "/scripts")
    fs.write(cwd .. "/scripts/standup.lua", [[
      local standup = require "scripts.shipped.standup"
      standup:after("first", { name = "second", run = function() end })
      return standup]])
    fs.write(cwd .. "/main.lua", [[
      for _, row in ipairs(require("scripts.standup"):list()) do print(row.number, row.name) end]])
    local code, out, err = program({ "main.lua" }, { env = { LLMDBENCH_HOME = home }, cwd = cwd })
    t.eq({ 0, "0\tfirst\n0\tsecond\n" }, { code, out }, err)
  end)
end)

t.describe("a script file", function()
  local function script(text, words, opts)
    local path = t.tempdir() .. "/my.lua"
    fs.write(path, text, { mode = "0755" })
    local all = { path }
    for _, word in ipairs(words or {}) do all[#all + 1] = word end
    return program(all, opts)
  end

  t.it("runs with its arguments and may wait at its top", function()
    local code, out = script([[
      require("host.task").sleep(0.001)
      print(select("#", ...), arg[1], (select(2, ...)))]], { "--help", "a b" })
    t.eq({ 0, "2\t--help\ta b\n" }, { code, out })
  end)

  t.it("runs through its #! line", function()
    local dir = t.tempdir()
    fs.symlink(info.executable, dir .. "/llmdbenchmark")
    fs.write(dir .. "/my", "#!/usr/bin/env -S llmdbenchmark\nprint('hello', ...)", { mode = "0755" })
    local result = t.ok(exec.run({ dir .. "/my", "you" }, {
      env = { PATH = dir .. ":" .. env.get "PATH", LLMDBENCH_HOME = info.home },
    }))
    t.eq({ 0, "hello\tyou\n" }, { result.exit_code, result.stdout }, result.stderr)
  end)

  t.it("gives the exit code that it, or the function it returns, returns", function()
    t.eq(3, (script "return 3"))
    t.eq(0, (script "return true"))
    t.eq(1, (script "return false"))
    t.eq(0, (script "return"))
    local code, out = script("return function(args) print(args[1]) return 4 end", { "x" })
    t.eq({ 4, "x\n" }, { code, out })
  end)

  t.it("fails with message, what was run, hint and the script's line", function()
    local code, _, err = script [[
      local exec = require "host.exec"
      assert(exec.run { "/no/such/program", "--token", "canary-1" })]]
    t.eq(1, code)
    t.match("^llmdbenchmark: [^\n]*/no/such/program", err)
    t.match("\n  ran: /no/such/program %-%-token %*%*%*\n", err)
    t.match("\n  at .*my.lua:2:", err)
    t.ok(not err:find "canary")
    t.ok(not err:find "bench/cli", err)
    code, _, err = script [[return nil, { code = "denied", message = "not yours", hint = "ask" }]]
    t.eq({ 1, "llmdbenchmark: not yours\n  hint: ask\n" }, { code, err })
  end)

  t.it("fails for a bug with the stack of the script", function()
    local code, _, err = script "local function deep() return nil + 1 end\nlocal x = deep()\nreturn x"
    t.eq(1, code)
    t.match("^llmdbenchmark: .*my.lua:1: attempt to perform arithmetic on a nil value\n  at .*my.lua:1:", err)
    t.match("\n  at .*my.lua:2:", err)
  end)

  t.it("shows both stacks when a bug comes through a join", function()
    local code, _, err = script [[
      local task = require "host.task"
      local child = task.spawn(function()
        task.sleep(0)
        error("deep down")
      end)
      child:join()]]
    t.eq(1, code)
    t.match("my.lua:4: deep down\n.*my.lua:4:.*joined by\n.*my.lua:6:", err)
  end)

  t.it("with a syntax error names file and line", function()
    local code, _, err = script "print(\n"
    t.eq(1, code)
    t.match("^llmdbenchmark: .*my.lua:2: unexpected symbol near '<eof>'\n$", err)
  end)

  t.it("that does not exist is an error", function()
    local code, _, err = program { "./nowhere.lua" }
    t.eq(1, code)
    t.match("cannot read the script ./nowhere.lua: No such file", err)
  end)

  t.it("of another API version is run with a warning", function()
    local code, out, err = script "-- bench-api: 99\nprint 'ran'"
    t.eq({ 0, "ran\n" }, { code, out })
    t.match("warning: .*my.lua was written for script API 99, this program has 1", err)
    t.eq({ 0, "", "" }, { script "#!/usr/bin/env llmdbenchmark\n-- bench-api: 1\n" })
  end)

  t.it("fails with the failure of a task that nobody joined", function()
    local code, _, err = script [[
      local task = require "host.task"
      task.spawn(error, "unjoined", 0)
      task.sleep(10)]]
    t.eq(1, code)
    t.match("unjoined", err)
  end)
end)
