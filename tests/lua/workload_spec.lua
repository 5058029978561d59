local t = require "bench.test"
local fs = require "host.fs"
local workload = require "bench.workload"
local yaml = require "host.yaml"

local PROFILE = [[
load:
  stages: [{rate: 1, duration: 10}]
server:
  model_name: REPLACE_ENV_LLMDBENCH_DEPLOY_CURRENT_MODEL
  base_url: REPLACE_ENV_LLMDBENCH_HARNESS_STACK_ENDPOINT_URL
]]
local TOKENS = { LLMDBENCH_DEPLOY_CURRENT_MODEL = "org/m",
  LLMDBENCH_HARNESS_STACK_ENDPOINT_URL = "http://h:1" }

local function base_with(files)
  local base = t.tempdir()
  for name, content in pairs(files) do
    local path = base .. "/workload/profiles/" .. name
    t.ok(fs.mkdir(path:match "^(.*)/"))
    t.ok(fs.write(path, content))
  end
  return base
end

local function render(treatment, opts)
  opts = opts or {}
  return workload.render(opts.source or PROFILE, { file = "p.yaml", tokens = opts.tokens or TOKENS,
    treatment = treatment, allows = opts.allows })
end

t.describe("bench.workload", function()
  t.it("finds profiles by name, without suffixes, and by path", function()
    local base = base_with { ["tool/a.yaml.in"] = "x", ["tool/b.yaml"] = "x" }
    for _, name in ipairs { "a", "a.yaml", "a.yaml.in" } do
      local found = t.ok(workload.find("tool", name, base))
      t.eq({ "a.yaml", base .. "/workload/profiles/tool/a.yaml.in" }, { found.name, found.path })
    end
    local path = base .. "/mine.yaml"
    t.ok(fs.write(path, "x"))
    t.eq("mine.yaml", t.ok(workload.find("tool", path, base)).name)
    t.eq({ "a.yaml", "b.yaml" }, workload.list("tool", base))
  end)

  t.it("answers an unknown profile with the nearest", function()
    local base = base_with { ["tool/sanity_random.yaml"] = "x" }
    local err = t.fails("not_found", workload.find("tool", "sanity_randon.yaml", base))
    t.contains("did you mean 'sanity_random.yaml'", err.message)
    t.contains("there are no profiles", t.fails("not_found", workload.find("nobody", "x", base)).hint)
  end)

  t.it("fills tokens", function()
    local tree = yaml.decode(t.ok(render()))
    t.eq({ model_name = "org/m", base_url = "http://h:1" }, tree.server)
  end)

  t.it("does not send a token on its way unfilled", function()
    local err = t.fails("invalid", render(nil, { tokens = { LLMDBENCH_DEPLOY_CURRENT_MODEL = "m" } }))
    t.contains("REPLACE_ENV_LLMDBENCH_HARNESS_STACK_ENDPOINT_URL has no value", err.message)
    t.contains("--endpoint-url", err.hint)
    t.ok(render(nil, { source = "# REPLACE_ENV_LLMDBENCH_RUN_DATASET_DIR\na: 1\n" }))
    t.contains("known tokens", t.fails("invalid", render(nil, { source = "a: REPLACE_ENV_OTHER" })).hint)
  end)

  t.it("applies a treatment with types and list indices", function()
    local treatment = t.ok(workload.override_treatment "load.stages.0.rate=2.5,server.model_name=7")
    t.eq("override", treatment.name)
    local tree = yaml.decode(t.ok(render(treatment)))
    t.eq({ 2.5, 10, "7" }, { tree.load.stages[1].rate, tree.load.stages[1].duration, tree.server.model_name })
    t.match("^load:\n", t.ok(render(treatment)))
  end)

  t.it("refuses what a treatment gets wrong", function()
    local function refused(words, list, opts)
      local err = t.fails("invalid", render(t.ok(workload.override_treatment(list)), opts))
      t.contains(words, err.message)
    end
    refused("treatment 'override': unknown key 'load.stages.0.rat' (did you mean 'load.stages.0.rate'?)",
      "load.stages.0.rat=1")
    refused("must be a number, not 'fast'", "load.stages.0.rate=fast")
    refused("there is no element 1", "load.stages.1.rate=1")
    refused("p.yaml:1", "a=1", { source = "a: [1\n" })
    t.fails("invalid", workload.override_treatment "nonsense")
    t.eq(nil, workload.override_treatment(nil))
    t.eq(nil, workload.override_treatment "")
    local treatment = t.ok(workload.override_treatment { "a=1,b=2", "c=3" })
    t.eq({ "a", "b", "c" }, { treatment.overrides[1].key, treatment.overrides[2].key, treatment.overrides[3].key })
  end)

  t.it("adds a key that the harness knows", function()
    local treatment = t.ok(workload.override_treatment "load.seed=5")
    t.fails("invalid", render(treatment))
    local allows = function(parts) return parts[1] == "load" and parts[2] == "seed" end
    t.eq(5, yaml.decode(t.ok(render(treatment, { allows = allows }))).load.seed)
  end)

  t.it("names the rendered file after the treatment", function()
    t.eq("p.yaml", workload.rendered_name "p.yaml")
    t.eq("p-t1.yaml", workload.rendered_name("p.yaml", { name = "t1" }))
  end)

  t.it("splits a data set into folder and file", function()
    t.eq({ "https://h/a", "b.json" }, { workload.split_dataset "https://h/a/b.json" })
    t.eq({ ".", "b.json" }, { workload.split_dataset "b.json" })
    t.eq({ "/", "b.json" }, { workload.split_dataset "/b.json" })
    t.eq({ "/a", "b" }, { workload.split_dataset "/a/b/" })
    t.eq({}, { workload.split_dataset(nil) })
  end)
end)
