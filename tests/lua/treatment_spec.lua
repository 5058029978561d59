local fs = require "host.fs"
local t = require "bench.test"
local treatment = require "bench.treatment"

local function load(content, name)
  local path = t.tempdir() .. "/" .. (name or "exp.yaml")
  t.ok(fs.write(path, content))
  return treatment.load(path)
end

-- The message without the folder.
local function refused(content, name)
  local design, err = load(content, name)
  t.eq(nil, design)
  t.eq("invalid", err.code)
  return (err.message:gsub("/[^ :]*/", ""))
end

local function keys(overrides)
  local list = {}
  for i, each in ipairs(overrides) do list[i] = each.key .. "=" .. tostring(each.value) end
  return list
end

t.describe("experiment files", function()
  t.it("cross setup and run treatments, constants below both", function()
    local design = t.ok(load [[
experiment: {name: demo, harness: native, profile: sanity_random.yaml, description: text}
setup:
  constants: {model.maxModelLen: 16000}
  treatments:
    - name: one
      decode.replicas: 1
    - name: two
      decode: {replicas: 2, parallelism: {tensor: 4}}
constants: {api.streaming: true}
treatments:
  - {name: slow, load.stages.0.rate: 1}
  - load.stages.0.rate: 2.5
]])
    t.eq({ "demo", "native", "sanity_random.yaml" }, { design.name, design.harness, design.profile })
    t.eq(4, design.count)
    t.eq({ "one", "two" }, { design.setups[1].name, design.setups[2].name })
    t.eq({ "model.maxModelLen=16000", "decode.replicas=2", "decode.parallelism.tensor=4" },
      keys(design.setups[2].overrides))
    local runs = design.setups[1].runs
    t.eq({ "slow", "t1" }, { runs[1].name, runs[2].name })
    t.eq({ "api.streaming=true", "load.stages.0.rate=2.5" }, keys(runs[2].overrides))
    t.match("exp%.yaml:12$", runs[2].overrides[2].origin)
    t.match("exp%.yaml:9$", runs[1].overrides[1].origin)
  end)

  t.it("keep the types of values, lists and nulls included", function()
    local design = t.ok(load "run:\n- {name: a, x: '1', y: [1, 2], z: null, b: no}\n")
    local values = design.setups[1].runs[1].values
    t.eq("1", values.x)
    t.eq({ 1, 2 }, values.y)
    t.eq(require("host.json").null, values.z)
    t.eq(false, values.b)
    t.eq("default", design.setups[1].name)
  end)

  t.it("without treatments mean one run of the profile as it is", function()
    local design = t.ok(load "experiment: {harness: native}\ntreatments: []\n")
    t.eq(1, design.count)
    t.eq({}, design.setups[1].runs[1].overrides)
    t.eq("exp", design.name)
  end)

  t.it("answer mistakes with file, line and what was meant", function()
    t.eq("exp.yaml:1: unknown key 'experment' (did you mean 'experiment'?)", refused "experment: {}\n")
    t.eq("exp.yaml:2: unknown key 'harnes' (did you mean 'harness'?)", refused "experiment:\n  harnes: x\n")
    t.eq("exp.yaml:3: two treatments are called 'a' (the other: exp.yaml:2)",
      refused "run:\n- {name: a, x: 1}\n- {name: a, x: 2}\n")
    t.eq("exp.yaml:2: the name 'a b' contains ' '; letters, digits, '.', '_' and '-' are allowed",
      refused "run:\n- {name: a b, x: 1}\n")
    t.eq("exp.yaml:2: 'a.b' is set twice (also at exp.yaml:2)", refused "run:\n- {a.b: 1, a: {b: 2}}\n")
    t.contains("contradict each other", refused "run:\n- {a.b: 1, a: 2}\n")
    t.eq("exp.yaml:2: must be a list of treatments, not a map", refused "setup:\n  treatments: {a: 1}\n")
    t.eq("exp.yaml:1: must be a list of treatments, not a number", refused "treatments: 5\n")
    t.eq("exp.yaml:1: must be a list of treatments, not a map", refused "treatments: {a: 1}\n")
    t.eq("exp.yaml:2: constants must be a map of dotted keys, not a list",
      refused "setup:\n  constants: [{key: a, value: 1}]\n")
    t.contains("an experiment file must hold a map", refused "- 1\n")
    t.contains("exp.yaml:2:", refused "run:\n  - [\n")
    t.fails("not_found", treatment.load "/nowhere/exp.yaml")
  end)

  t.it("have texts under 'experiment'", function()
    t.eq("exp.yaml:1: profile must be a text, not a list", refused "experiment: {profile: [p.yaml]}\n")
    t.eq("exp.yaml:1: harness must be a text, not a number", refused "experiment: {harness: 5}\n")
    t.eq("exp.yaml:1: name must be a text, not empty", refused "experiment: {name: ''}\n")
    local design = t.ok(load "experiment: {name: 5, profile: null}\n")
    t.eq({ "5", nil }, { design.name, design.profile })
  end)

  t.it("of the old format say so", function()
    t.contains("old format", refused "setup:\n  factors: [A]\n  treatments: ['1,2']\nrun: {factors: [B]}\n")
    local design, err = load "treatments: ['2048,512']\n"
    t.eq(nil, design)
    t.contains("must be a map, not the text '2048,512'", err.message)
    t.contains("old format", err.hint)
  end)
end)

t.describe("design blocks", function()
  local DESIGN = [[
design:
  type: full_factorial
  run:
    factors:
      - {name: question_len, key: data.shared_prefix.question_len, levels: [100, 300, 1000]}
      - {name: output_len, key: data.shared_prefix.output_len, levels: [100, 300, 1000], unit: tokens}
    constants:
      - {key: api.streaming, value: true, description: as in the profile}
  total_run_treatments: 9
]]

  t.it("give the treatments that the file leaves out", function()
    local design = t.ok(load(DESIGN))
    t.eq("full_factorial", design.kind)
    t.eq(9, design.count)
    local run = design.setups[1].runs[2]
    t.eq("question_len100-output_len300", run.name)
    t.eq({ "api.streaming=true", "data.shared_prefix.question_len=100", "data.shared_prefix.output_len=300" },
      keys(run.overrides))
    t.match("exp%.yaml:6$", run.overrides[3].origin)
    t.eq({ "question_len", "output_len" }, { design.factors[1].name, design.factors[2].name })
  end)

  t.it("do not replace treatments that are written out", function()
    local design = t.ok(load(DESIGN:gsub("9\n", "1\n") .. "treatments: [{name: only, data.x: 1}]\n"))
    t.eq(1, design.count)
    t.eq({ "api.streaming=true", "data.x=1" }, keys(design.setups[1].runs[1].overrides))
    t.eq(2, #design.warnings)
    t.match("exp%.yaml:5: factor 'question_len' is not used: the treatments are written out", design.warnings[1])
  end)

  t.it("may describe treatments that are written out", function()
    local block = "design: {run: {factors: [{name: a, key: x, levels: [1, 2]}]}}\n"
    t.eq({}, t.ok(load(block .. "treatments: [{x: 1}, {x: 2}]\n")).warnings)
    t.eq(1, #t.ok(load(block .. "treatments: [{x: 1}, {x: 3}]\n")).warnings)
  end)

  t.it("walk factors together when they are proportional, setups crossed with runs", function()
    local design = t.ok(load [[
design:
  type: proportional_scaling
  setup: {factors: [{name: tp, key: a.tp, levels: [2, 4]}]}
  run:
    factors:
      - {name: conc, key: max-concurrency, levels: [1, 8, 32]}
      - {name: n, key: num-prompts, levels: [10, 80, 320]}
  total_matrix: 6
  repeats: 2
  order: random
  seed: 5
]])
    t.eq(6, design.count)
    t.eq({ "conc1-n10", "conc8-n80", "conc32-n320" },
      { design.setups[1].runs[1].name, design.setups[1].runs[2].name, design.setups[1].runs[3].name })
    t.eq({ 2, "random", 5 }, { design.repeats, design.order, design.seed })
  end)

  t.it("are checked against their totals, types and factors", function()
    t.contains("exp.yaml:9: total_run_treatments is declared as 8, but the file gives 9 (1 setup x 9 run",
      refused((DESIGN:gsub("treatments: 9", "treatments: 8"))))
    t.contains("exp.yaml:2: unknown type 'full_factoral' (did you mean 'full_factorial'?)",
      refused((DESIGN:gsub("full_factorial", "full_factoral"))))
    t.contains("exp.yaml:4: needs a key",
      refused "design:\n  run:\n    factors:\n    - {name: a, levels: [1]}\n")
    t.contains("exp.yaml:4: unknown key 'level' (did you mean 'levels'?)",
      refused "design:\n  run:\n    factors:\n    - {key: a, level: [1]}\n")
    t.contains("level 1: unknown field 'vale' (did you mean 'value'?)",
      refused "design:\n  run:\n    factors: [{key: a, levels: [{label: x, vale: 1}]}]\n")
    t.contains("zip needs lists of equal length",
      refused("design:\n  type: zip\n  run:\n"
        .. "    factors: [{key: a, levels: [1, 2]}, {key: b, levels: [1, 2, 3]}]\n"))
    t.contains("repeats must be", refused "design: {repeats: 0}\n")
  end)

  t.it("warn about what is only talk", function()
    local design = t.ok(load "design:\n  notes: none\n  response_variables: [ttft]\n")
    t.eq(1, #design.warnings)
    t.match("exp%.yaml:2: 'notes' is not used$", design.warnings[1])
  end)
end)

t.describe("designs in Lua", function()
  t.it("are found by name and by file", function()
    local design = t.ok(load('return require("bench.doe").full_factorial { run = { rate = { 1, 2 } } }',
      "mine.lua"))
    t.eq({ "mine", 2 }, { design.name, design.count })
    t.eq("full_factorial_example", t.ok(treatment.find "full_factorial_example").name)
    t.contains("did you mean 'full_factorial_example'",
      t.fails("not_found", treatment.find "full_factorial_exampl").message)
  end)

  t.it("must define and do nothing else", function()
    t.contains("must return a design", refused("return { 1 }", "a.lua"))
    t.contains("boom", refused("error 'boom'", "a.lua"))
    t.contains("a.lua:1:", refused("retrun 1", "a.lua"))
    t.contains("cannot wait", refused('require("host.task").sleep(0) return {}', "a.lua"))
    t.contains("unknown field 'runs'", refused('return require("bench.doe").zip { runs = {} }', "a.lua"))
    t.fails("not_found", treatment.load "/nowhere/a.lua")
  end)

  t.it("answer mistakes with file and line, and a hint only where it helps", function()
    t.eq("a.lua:2: doe.zip: repeats must be a whole number from 1",
      refused("local doe = require 'bench.doe'\nreturn doe.zip { repeats = 0 }", "a.lua"))
    t.eq("a.lua:2: doe.zip: where must be a function(t), not \"rate < 2\"",
      refused("local doe = require 'bench.doe'\nreturn doe.zip { where = 'rate < 2' }", "a.lua"))
    t.eq("a.lua:1: boom", refused("error 'boom'", "a.lua"))
    local _, err = load("error 'boom'", "a.lua")
    t.eq(nil, err.hint)
    _, err = load("require('host.task').sleep(0) return {}", "a.lua")
    t.contains("must not wait", err.hint)
  end)

  t.it("that are shipped can all be read", function()
    local designs = treatment.list()
    t.ok(#designs >= 5)
    for _, each in ipairs(designs) do t.ok(t.ok(treatment.load(each.file)).count > 1, each.name) end
  end)
end)
