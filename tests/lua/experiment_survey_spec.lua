local driver = require "bench.experiment.driver"
local doe = require "bench.doe"
local fs = require "host.fs"
local info = require "host.info"
local schedule = require "bench.doe.schedule"
local survey = require "bench.experiment.survey"
local t = require "bench.test"
local treatment = require "bench.treatment"

local function surveyed(design, opts)
  local all = { spec = "local/quickstart", offline = true }
  for key, value in pairs(opts or {}) do all[key] = value end
  local ready, err = driver.new(all, design)
  if not ready then return nil, err end
  return survey.of(ready, design, schedule.of(design, {}), all)
end

local function design_of(runs, more)
  local spec = { harness = "native", profile = "sanity_random.yaml", run = runs }
  for key, value in pairs(more or {}) do spec[key] = value end
  return doe.list(spec)
end

t.describe("the survey of an experiment", function()
  for _, path in ipairs(fs.glob(info.home .. "/workload/designs/*.lua")) do
    t.it("finds nothing wrong with " .. fs.basename(path), function()
      t.ok(surveyed(t.ok(treatment.load(path))))
    end)
  end

  t.it("misses the data set of a profile before anything stands", function()
    local design = design_of { { name = "one", ["stages.0.rate"] = 2 } }
    local err = t.fails("invalid", surveyed(design, { workload = "sharegpt" }))
    t.contains("REPLACE_ENV_LLMDBENCH_RUN_DATASET", err.message)
    t.contains("--dataset", err.hint)
  end)

  t.it("accepts a length as a number or as a table", function()
    t.ok(surveyed(design_of { { name = "number", ["data.input"] = 64 },
      { name = "map", ["data.output"] = { mean = 64, min = 1, max = 90 } } }))
    local err = t.fails("invalid", surveyed(design_of { { name = "text", ["data.input"] = "64" } }))
    t.contains("treatment 'text': 'data.input' must be a map, not '64'", err.message)
  end)

  t.it("finds loads that cannot be, with treatment, file and profile", function()
    local design = design_of { { name = "good", ["stages.0.rate"] = 2 }, { name = "bad", ["stages.0.rate"] = -2 } }
    design.file = "d.lua"
    local err = t.fails("invalid", surveyed(design))
    t.match("^d.lua: run treatment 'bad': .*sanity_random.yaml.in: stage 0.schedule.rate must be from 0", err.message)
    err = t.fails("invalid", surveyed(design_of { { name = "both", ["stages.0.concurrency"] = 2 } }))
    t.contains("stages[0].concurrency and rate exclude each other", err.message)
  end)
end)

t.describe("the survey of setups", function()
  t.it("finds values of another kind than their keys hold", function()
    for key, value in pairs { ["local.enabled"] = "maybe", ["local.replicas"] = true } do
      local design = design_of({}, { setup = { { name = "odd", [key] = value } } })
      local err = t.fails("invalid", surveyed(design))
      t.contains(key .. ": must be", err.message)
      t.eq("correct the setup treatment", err.hint)
    end
  end)

  t.it("finds what a standup on this machine would refuse", function()
    local design = design_of({}, { setup = { { name = "two", ["local.replicas"] = "two" } } })
    design.file = "d.lua"
    local err = t.fails("invalid", surveyed(design))
    t.contains("d.lua: setup treatment 'two': local.replicas: must be a whole number from 1 to 256, not the text 'two'",
      err.message)
  end)
end)

t.describe("the profile of an experiment", function()
  local PROFILE = "data: {input: 8, output: 8}\nstages: [{concurrency: 1, requests: 20}]\n"

  local function profile_of(design, opts)
    local all = { spec = "local/quickstart", offline = true }
    for key, value in pairs(opts or {}) do all[key] = value end
    local ready, err = driver.new(all, design)
    if not ready then return nil, err end
    return ready:facts().profile
  end

  t.it("is looked for beside the design file, and recorded as an absolute path", function()
    local dir = t.tempdir()
    t.ok(fs.write(dir .. "/mine.yaml", PROFILE))
    local design = design_of({ { name = "a" } }, { profile = "mine.yaml" })
    design.file = dir .. "/design.lua"
    t.eq(dir .. "/mine.yaml", t.ok(profile_of(design)))
    design.profile = "sanity_random.yaml"
    t.eq("sanity_random.yaml", t.ok(profile_of(design)))
    local err = t.fails("not_found", profile_of(design, { workload = "mine.yaml" }))
    t.contains("; searched in ", err.hint)
  end)

  t.it("is found again where it was when the experiment began", function()
    local dir = t.tempdir()
    t.ok(fs.write(dir .. "/mine.yaml", PROFILE))
    local design = design_of({ { name = "a" } }, { profile = "mine.yaml" })
    design.file = t.tempdir() .. "/design.lua"
    t.contains(fs.parent(design.file), t.fails("not_found", profile_of(design)).hint)
    t.eq(dir .. "/mine.yaml", t.ok(profile_of(design, { recorded_profile = dir .. "/mine.yaml" })))
  end)
end)
