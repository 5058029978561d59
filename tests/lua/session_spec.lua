local t = require "bench.test"
local env = require "host.env"
local fs = require "host.fs"
local log = require "host.log"
local session = require "bench.session"
local sim = require "host.sim"

-- Opens a session in a workspace of its own, whose log files are closed after the spec.
local function open(opts)
  opts.workspace = opts.workspace or t.tempdir()
  t.cleanup(log.close)
  return session.open(opts)
end

t.describe("bench.session", function()
  t.it("makes the context that steps receive", function()
    local ctx = t.ok(open { spec = "local/quickstart", namespace = "a,b", stack = { "quickstart" } })
    t.eq({ "local/quickstart", false, "a", "b" },
      { ctx.spec.name, ctx.dry_run, ctx.namespace, ctx.harness_namespace })
    t.eq({ "quickstart", "local", "simulated/tiny-llm" },
      { ctx.stacks[1].name, ctx.stacks[1].method, ctx.stacks[1].model.name })
    t.eq({ "native", "sanity_random.yaml", 3600 }, { ctx.harness, ctx.workload, ctx.timeout_s })
    t.eq(ctx.config, ctx.stacks[1].config)
    for _, name in ipairs { "plan/quickstart.yaml", "plan/quickstart/config.yaml", "plan/quickstart/origins.yaml",
      "logs/llmdbenchmark-stdout.log" } do
      t.ok(fs.exists(ctx.workspace:path(name)), name)
    end
  end)

  t.it("lets the command line win over the plan", function()
    local ctx = t.ok(open { spec = "local/quickstart", harness = "other", workload = "x", wait_timeout = 0,
      models = "org/mine" })
    t.eq({ "other", "x", "org/mine" }, { ctx.harness, ctx.workload, ctx.stacks[1].model.name })
    t.eq(nil, ctx.timeout_s)
  end)

  t.it("writes nothing in a dry run", function()
    local root = t.tempdir() .. "/not/there"
    local ctx = t.ok(open { spec = "local/quickstart", workspace = root, dry_run = true })
    t.eq(true, ctx.dry_run)
    t.eq(false, fs.exists(root))
  end)

  t.it("asks the endpoint of a URL for its model, if it serves only one", function()
    local server = t.ok(sim.start { model = "org/only", port = 0 })
    t.cleanup(function() server:stop() end)
    local ctx = t.ok(open { endpoint_url = server.url })
    t.eq("org/only", ctx.stacks[1].model.name)
    t.eq("the endpoint's list of models", ctx.stacks[1].origins["model.name"])
    local several = t.ok(sim.start { model = "org/a", served_model_name = { "a", "b" }, port = 0 })
    t.cleanup(function() several:stop() end)
    local err = t.fails("conflict", open { endpoint_url = several.url })
    t.contains("serves 2 models: a, b", err.message)
    t.eq("choose one with --model", err.hint)
    server:stop()
    t.fails("unreachable", open { endpoint_url = server.url })
  end)

  t.it("needs neither specification nor cluster for a URL", function()
    local ctx = t.ok(open { endpoint_url = "http://h:1", models = "org/m" })
    t.eq({ "url", "org/m", "http://h:1", "native" },
      { ctx.stacks[1].method, ctx.stacks[1].model.name, ctx.url, ctx.harness })
    t.eq(nil, ctx.spec)
    t.contains("--model in a dry run",
      t.fails("invalid", open { endpoint_url = "http://h:1", dry_run = true }).message)
    t.contains("--set needs --spec", t.fails("invalid", open { endpoint_url = "http://h:1", models = "m",
      set = "a=1" }).message)
  end)

  t.it("takes treatments from overrides, from a file, or from the caller", function()
    local ctx = t.ok(open { spec = "local/quickstart", run_overrides = "stages.0.rate=2" })
    t.eq({ "override", "stages.0.rate", 2 },
      { ctx.treatments[1].name, ctx.treatments[1].overrides[1].key, ctx.treatments[1].overrides[1].value })
    local file = t.tempdir() .. "/e.yaml"
    t.ok(fs.write(file, "treatments:\n  - {name: slow, stages.0.rate: 1}\n  - {name: fast, stages.0.rate: 9}\n"))
    ctx = t.ok(open { spec = "local/quickstart", experiments = file })
    t.eq({ "slow", "fast" }, { ctx.treatments[1].name, ctx.treatments[2].name })
    t.eq({}, t.ok(open { spec = "local/quickstart", treatments = {} }).treatments)
    t.ok(fs.write(file, "experiment: {profile: mine.yaml}\ntreatments: [{name: slow, stages.0.rate: 1}]\n"))
    t.eq("mine.yaml", t.ok(open { spec = "local/quickstart", experiments = file }).workload)
    t.ok(fs.write(fs.parent(file) .. "/mine.yaml", "stages: [{rate: 2, duration_s: 1}]\n"))
    t.eq(fs.parent(file) .. "/mine.yaml", t.ok(open { spec = "local/quickstart", experiments = file }).workload)
    t.eq("other", t.ok(open { spec = "local/quickstart", experiments = file, workload = "other" }).workload)
    t.fails("invalid", open { spec = "local/quickstart", run_overrides = "nonsense" })
    t.fails("not_found", open { spec = "local/quickstart", experiments = "/no/such/file.yaml" })
    t.ok(fs.write(file, "setup: {treatments: [{name: a, local.replicas: 1}, {name: b, local.replicas: 2}]}\n"))
    t.contains("setup treatments", t.fails("invalid", open { spec = "local/quickstart", experiments = file }).message)
  end)

  t.it("nests in another workspace", function()
    local outer = t.ok(open { spec = "local/quickstart" })
    local ctx = t.ok(open { spec = "local/quickstart", parent_workspace = outer.workspace,
      workspace_name = "setup-treatment-a", overrides = { ["local.replicas"] = 2 } })
    t.eq(outer.workspace.dir .. "/setup-treatment-a", ctx.workspace.dir)
    t.eq(2, ctx.config["local"].replicas)
    t.ne(outer.plan.digest, ctx.plan.digest)
  end)

  t.it("says what is missing or wrong before it makes a workspace", function()
    local root = t.tempdir()
    t.contains("no specification given", t.fails("invalid", open { workspace = root }).message)
    t.fails("not_found", open { workspace = root, spec = "no/such" })
    t.fails("invalid", open { workspace = root, spec = "local/quickstart", stack = { "other" } })
    t.eq({}, fs.list(root))
  end)

  t.it("takes the endpoint's token from the environment and shows it nowhere", function()
    local canary = "canary-token-2718281828"
    env.set("LLMDBENCH_ENDPOINT_TOKEN", canary)
    t.cleanup(function() env.set("LLMDBENCH_ENDPOINT_TOKEN", nil) end)
    local ctx = t.ok(open { spec = "local/quickstart" })
    t.eq(canary, ctx.access.token)
    log.level "off"
    t.cleanup(function() log.level "info" end)
    log.warn("the token is " .. canary)
    for _, path in ipairs(fs.glob(ctx.workspace.dir .. "/**")) do
      local content = fs.stat(path).type == "file" and fs.read(path) or ""
      t.eq(nil, (content:find(canary, 1, true)), path)
    end
  end)
end)
