local t = require "bench.test"
local fs = require "host.fs"
local jobs = require "bench.jobs"
local json = require "host.json"
local log = require "host.log"
local workspace = require "bench.workspace"
local yaml = require "host.yaml"

local PROFILE = "model: REPLACE_ENV_LLMDBENCH_DEPLOY_CURRENT_MODEL\nstages:\n  - {rate: 1, duration_s: 5}\n"

-- A harness that only remembers what it was asked to do.
local function recorder(outcome)
  local seen = {}
  return { name = "fake", profiles = "fake", run = function(_, _, job)
    seen[#seen + 1] = job
    return outcome(job)
  end }, seen
end

local function stack(name)
  return { name = name or "one", method = "url", model = { name = "org/m" }, config = json.object {},
    endpoint = { url = "http://127.0.0.1:1", urls = { "http://127.0.0.1:1" } } }
end

local function context(harness, opts)
  opts = opts or {}
  local base = t.tempdir()
  t.ok(fs.mkdir(base .. "/workload/profiles/fake"))
  t.ok(fs.write(base .. "/workload/profiles/fake/p.yaml.in", opts.profile or PROFILE))
  local quiet = setmetatable({}, { __index = function() return function() end end })
  return { stacks = opts.stacks or { stack() }, opts = {}, base_dir = base, harness = "fake", workload = "p",
    treatments = opts.treatments or {}, dry_run = opts.dry_run, log = quiet, timeout_s = 60,
    workspace = t.ok(workspace.open { workspace = t.tempdir() }),
    state = { jobs = {}, harness = harness, profile = { name = "p.yaml", path = base .. "/workload/profiles/fake/p.yaml.in" } },
    results = { treatments = {} } }
end

local function failing() return nil, { code = "exit", message = "the generator died" } end

t.describe("bench.jobs", function()
  t.it("finds harness and profile before anything is asked of a server", function()
    local ctx = { harness = "native", workload = "sanity_random", base_dir = ".", state = {}, opts = {},
      stacks = { stack() }, treatments = {} }
    t.match("harness native, profile .*/native/sanity_random.yaml.in", t.ok(jobs.preflight(ctx)).message)
    ctx.harness = "natvie"
    t.contains("did you mean 'native'", t.fails("not_found", jobs.preflight(ctx)).message)
    ctx.harness, ctx.workload = "native", "sanity_randm"
    t.contains("did you mean 'sanity_random'", t.fails("not_found", jobs.preflight(ctx)).message)
    ctx.workload = "sanity_random"
    ctx.treatments = { { name = "a", overrides = { { key = "stages.0.rat", value = 1 } } } }
    t.contains("did you mean 'stages.0.rate'", t.fails("invalid", jobs.preflight(ctx)).message)
    ctx.treatments = { { name = "a", overrides = { { key = "stages.0.rate", value = -1 } } } }
    t.contains("rate", t.fails("invalid", jobs.preflight(ctx)).message)
  end)

  t.it("says that a data set is ignored where the profile has no place for it", function()
    local told = {}
    local ctx = { harness = "native", workload = "sanity_random", base_dir = ".", state = {},
      opts = { dataset = "/d/ds.json" }, stacks = { stack() }, treatments = {},
      log = { warn = function(text) told[#told + 1] = text end } }
    t.ok(jobs.preflight(ctx))
    t.contains("--dataset is ignored: profile sanity_random.yaml", told[1])
    ctx.workload = "sharegpt"
    t.ok(jobs.preflight(ctx))
    t.eq(1, #told)
  end)

  t.it("renders the profile once for each treatment", function()
    local ctx = context(recorder(failing), { treatments = {
      { name = "a", overrides = { { key = "stages.0.rate", value = 2 } } },
      { name = "b", overrides = { { key = "stages.0.rate", value = 3 } } } } })
    t.ok(jobs.render(ctx, ctx.stacks[1]))
    local rendered = ctx.state.jobs.one
    t.eq({ "p-a.yaml", "p-b.yaml" }, { fs.basename(rendered[1].profile), fs.basename(rendered[2].profile) })
    for i, rate in ipairs { 2, 3 } do
      local tree = yaml.decode(t.ok(fs.read(rendered[i].profile)))
      t.eq({ "org/m", rate }, { tree.model, tree.stages[1].rate })
    end
  end)

  t.it("keeps the profiles of several stacks apart", function()
    local ctx = context(recorder(failing), { stacks = { stack "one", stack "two" } })
    t.ok(jobs.render(ctx, ctx.stacks[1]))
    t.ok(jobs.render(ctx, ctx.stacks[2]))
    t.ne(ctx.state.jobs.one[1].profile, ctx.state.jobs.two[1].profile)
  end)

  t.it("refuses names of treatments that cannot name a folder, and pairs of them", function()
    for words, names in pairs { ["cannot name a treatment"] = { "../x" }, ["two treatments"] = { "a", "a" } } do
      local treatments = {}
      for i, name in ipairs(names) do treatments[i] = { name = name, overrides = {} } end
      local ctx = context(recorder(failing), { treatments = treatments })
      t.contains(words, t.fails("invalid", jobs.render(ctx, ctx.stacks[1])).message)
    end
  end)

  t.it("runs every treatment, also after one that failed, and fails at the end", function()
    log.level "off"
    t.cleanup(function() log.level "info" end)
    local harness, seen = recorder(failing)
    local ctx = context(harness, { treatments = { { name = "a", overrides = {}, seed = 7, repetition = 2 },
      { name = "b", overrides = {} } } })
    t.ok(jobs.render(ctx, ctx.stacks[1]))
    local err = t.fails("exit", jobs.run(ctx, ctx.stacks[1]))
    t.contains("2 of 2 treatments failed; the first: the generator died", err.message)
    t.eq(2, #seen)
    t.match("^fake%-a%-%d+%-%w%w%w%w%w%w$", seen[1].id)
    t.eq({ ctx.workspace:path("results/" .. seen[1].id .. "_1"), 7, 2, 60 },
      { seen[1].dir, seen[1].seed, seen[1].repetition, seen[1].timeout_s })
    t.eq("dir", fs.stat(seen[1].dir).type)
    t.eq({ "a", "b" }, { ctx.results.treatments[1].treatment, ctx.results.treatments[2].treatment })
    t.eq("the generator died", ctx.results.treatments[1].err.message)
  end)

  t.it("gives a treatment the gravest verdict of its stages, in whatever order they came", function()
    for _, order in ipairs { { "valid", "errors above limit", "too few samples" },
      { "too few samples", "errors above limit", "valid" } } do
      local stages = {}
      for i, status in ipairs(order) do
        stages[i] = { index = i - 1, verdict = { status = status, reasons = {} }, metrics = {} }
      end
      local ctx = context(recorder(function() return { stages = stages } end))
      t.ok(jobs.render(ctx, ctx.stacks[1]))
      jobs.run(ctx, ctx.stacks[1])
      t.eq("errors above limit", ctx.results.treatments[1].verdict)
    end
  end)

  t.it("names the stack in the id when there are several", function()
    local harness, seen = recorder(failing)
    local ctx = context(harness, { stacks = { stack "one", stack "two" } })
    t.ok(jobs.render(ctx, ctx.stacks[2]))
    jobs.run(ctx, ctx.stacks[2])
    t.match("^fake%-two%-%d+%-", seen[1].id)
  end)

  t.it("sends nothing and writes nothing in a dry run", function()
    local harness, seen = recorder(failing)
    local ctx = context(harness, { dry_run = true })
    local before = fs.glob(ctx.workspace.dir .. "/**")
    t.ok(jobs.render(ctx, ctx.stacks[1]))
    t.ok(jobs.run(ctx, ctx.stacks[1]))
    t.ok(jobs.collect(ctx, ctx.stacks[1]))
    t.eq({}, seen)
    t.eq(before, fs.glob(ctx.workspace.dir .. "/**"))
  end)

  t.it("does not take a treatment without a report for collected", function()
    local ctx = context(recorder(failing))
    ctx.results.treatments = { { stack = "one", dir = "d", files = 0, reports = {} } }
    t.fails("not_found", jobs.collect(ctx, ctx.stacks[1]))
    ctx.results.treatments[1].reports = { "/no/such/report.yaml" }
    t.contains("is missing", t.fails("not_found", jobs.collect(ctx, ctx.stacks[1])).message)
  end)
end)
