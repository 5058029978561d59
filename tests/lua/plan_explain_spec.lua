local t = require "bench.test"
local explain = require "bench.plan.explain"
local diff = require "bench.plan.diff"
local fs = require "host.fs"
local json = require "host.json"
local plan = require "bench.plan"
local plan_files = require "bench.plan.files"
local record = require "bench.plan.record"
local textdiff = require "bench.plan.textdiff"
local workspace = require "bench.workspace"

-- A tree of a user, with the specification `mine/s`.
local function tree(scenario)
  local base = t.tempdir()
  local function write(name, text)
    t.ok(fs.mkdir(fs.parent(base .. "/" .. name)))
    t.ok(fs.write(base .. "/" .. name, text))
  end
  write("config/specification/mine/s.yaml.j2", [[
values_file: {path: {{ base_dir }}/defaults.yaml}
scenario_file: {path: {{ base_dir }}/scenario.yaml}
]])
  write("defaults.yaml", [[
namespace: {name: auto}
model: {name: org/base, shortName: a, path: b, huggingfaceId: c}
local: {enabled: true, command: [serve, a b], replicas: 1}
decode: {replicas: 1, vllm: {port: 8200, flags: [x, y]}}
harness: {name: native, profile: p.yaml}
]])
  write("scenario.yaml", scenario)
  return base
end

local SCENARIO = [[
shared:
  decode: {replicas: 2}
scenario:
  - name: one
    decode:
      replicas: 3
  - name: two
]]

local function build(base, opts)
  opts = opts or {}
  opts.trace = true
  local spec = require "bench.spec"
  return t.ok(plan.build(t.ok(spec.load(t.ok(spec.find("mine/s", { base_dir = base })))), opts))
end

t.describe("bench.plan.explain", function()
  t.it("shows where a value comes from and what it replaced", function()
    local built = build(tree(SCENARIO), { set = "one:decode.replicas=4" })
    local found = t.ok(explain.find(built.stacks, "decode.replicas"))
    local entry = found[1].keys[1]
    t.eq({ "one", 4, "--set", "--set" }, { found[1].stack, entry.value, entry.origin, entry.layer })
    local seen = {}
    for i, change in ipairs(entry.replaced) do
      seen[i] = { change.value, change.origin:match "[^/]+$", change.layer }
    end
    t.eq({ { 3, "scenario.yaml:6", "stack" }, { 2, "scenario.yaml:2", "shared" },
      { 1, "defaults.yaml:4", "defaults" } }, seen)
    local text = explain.text(found, 2)
    t.contains("# stack one\ndecode.replicas = 4\n    from --set\n    instead of 3 from ", text)
    t.contains("# stack two\ndecode.replicas = 2\n", text)
  end)

  t.it("tells of a map that --set merged only what it changed", function()
    local built = build(tree(SCENARIO), { set = "one:decode={replicas: 4}" })
    local text = explain.text(t.ok(explain.find(built.stacks, "decode")), 2)
    local _, count = text:gsub("from %-%-set", "")
    t.eq(1, count, text)
    t.contains("decode.replicas = 4\n    from --set\n    instead of 3 from ", text)
  end)

  t.it("names no flags that were not given", function()
    local built = build(tree [[
scenario:
  - name: one
    decode: {enabled: "off", replicas: "7"}
]])
    local function said(key) return explain.text(t.ok(explain.find(built.stacks, key)), 1) end
    t.match("^decode.enabled = false\n    from %S+scenario.yaml:3 %(stack%)\n$", said "decode.enabled")
    t.match("^decode.replicas = 7\n    from %S+scenario.yaml:3 %(stack%)\n    instead of 1 ", said "decode.replicas")
    t.contains("from default for 'auto' (derived)", said "namespace.name")
    t.ok(not said("**"):find("(--", 1, true), said "**")
  end)

  t.it("knows flags, variables, treatments and what follows from them", function()
    local built = build(tree(SCENARIO), { models = "org/flag", namespace = "mine",
      overrides = { { key = "decode.vllm.port", value = 1, origin = "exp.yaml:7" } },
      sources = { namespace = "LLMDBENCH_NAMESPACE" } })
    local function origin(key)
      local entry = t.ok(explain.find(built.stacks, key))[1].keys[1]
      return entry.origin .. " / " .. entry.layer
    end
    t.eq("--models / --models", origin "model.name")
    t.eq("LLMDBENCH_NAMESPACE / --namespace", origin "namespace.name")
    t.eq("exp.yaml:7 / setup treatment", origin "decode.vllm.port")
    t.eq("follows from model.name and namespace.name / derived", origin "model_id_label")
    t.eq("position in the scenario / siblings", origin "stackIndex")
  end)

  t.it("takes sections, patterns and places in lists", function()
    local built = build(tree(SCENARIO))
    local function keys(key)
      local names = {}
      for i, entry in ipairs(t.ok(explain.find(built.stacks, key))[1].keys) do names[i] = entry.key end
      return names
    end
    t.eq({ "decode.replicas", "decode.vllm.flags", "decode.vllm.port" }, keys "decode")
    t.eq({ "decode.vllm.port" }, keys "decode.*.port")
    t.eq({ "decode.vllm.port", "local.port" }, keys "**.port")
    local entry = t.ok(explain.find(built.stacks, "decode.vllm.flags.1"))[1].keys[1]
    t.eq({ "decode.vllm.flags.1", "y" }, { entry.key, entry.value })
    t.match("defaults.yaml:4$", entry.origin)
    t.eq("y", t.ok(explain.find(built.stacks, "decode.vllm.flags[1]"))[1].keys[1].value)
  end)

  t.it("shares one text among stacks that agree", function()
    local built = build(tree(SCENARIO))
    local text = explain.text(t.ok(explain.find(built.stacks, "decode.vllm.port")), 2)
    t.eq(nil, text:find "# stack")
    t.contains("decode.vllm.port = 8200\n    from ", text)
  end)

  t.it("answers an unknown key with near ones", function()
    local built = build(tree(SCENARIO))
    local err = t.fails("not_found", explain.find(built.stacks, "decode.replcas"))
    t.contains("did you mean 'decode.replicas'", err.message)
    err = t.fails("not_found", explain.find(built.stacks, "replicas"))
    t.contains("local.replicas, decode.replicas", err.hint)
    t.fails("not_found", explain.find(built.stacks, "decode.vllm.flags.7"))
  end)

  t.it("has a form for machines", function()
    local built = build(tree(SCENARIO))
    local value = json.decode(json.encode(explain.tree(t.ok(explain.find(built.stacks, "decode.replicas")))))
    t.eq({ "two", "decode.replicas", 2, 1 }, { value.stacks[2].name, value.stacks[2].keys[1].key,
      value.stacks[2].keys[1].value, value.stacks[2].keys[1].replaced[1].value })
  end)
end)

t.describe("bench.plan.textdiff", function()
  local function changes(a, b)
    local out = {}
    for i, change in ipairs(textdiff.changes(a, b)) do out[i] = change.sign .. change.line .. change.text end
    return out
  end

  t.it("finds removed and added lines", function()
    t.eq({}, changes("a\nb\n", "a\nb\n"))
    t.eq({ "-2b", "+2x" }, changes("a\nb\nc\n", "a\nx\nc\n"))
    t.eq({ "+1z" }, changes("a\nb\n", "z\na\nb\n"))
    t.eq({ "-1a", "-3c", "+2d" }, changes("a\nb\nc\n", "b\nd\n"))
    t.eq({ "-2b" }, changes("a\nb\n", "a\n"))
    t.eq({ "-1", "+1a" }, changes("", "a\n"))
  end)

  t.it("gives up on texts that have nothing in common and are huge", function()
    t.eq(nil, textdiff.changes(("a\n"):rep(3000), ("b\n"):rep(3000)))
  end)
end)

t.describe("bench.plan.diff", function()
  local function side(base, opts) return t.ok(diff.side("mine/s", { base_dir = base, set = opts.set })) end

  t.it("compares specifications key by key", function()
    local base = tree(SCENARIO)
    local result = diff.compare(side(base, {}), side(base, { set = "one:decode.replicas=9" }))
    t.eq({ false, "one", "two" }, { result.same, result.stacks[1].name, result.stacks[2].name })
    local change = result.stacks[1].config[1]
    t.eq({ "decode.replicas", 3, 9, "--set" }, { change.key, change.a, change.b, change.b_origin })
    t.eq({}, result.stacks[2].config)
    t.contains("stack one\n  decode.replicas\n    - 3   ", diff.text(result))
    t.contains("    + 9   --set\n", diff.text(result))
  end)

  t.it("says when there is no difference, and when a stack is on one side only", function()
    local base = tree(SCENARIO)
    t.eq("mine/s and mine/s make the same plan\n", diff.text(diff.compare(side(base, {}), side(base, {}))))
    local other = tree "scenario: [{name: one}, {name: three}]"
    local text = diff.text(diff.compare(side(base, {}), side(other, {})))
    t.contains("stack two: only in mine/s", text)
    t.contains("stack three: only in mine/s", text)
    local single = tree "scenario: [{name: else}]"
    t.contains("stack uno / else", diff.text(diff.compare(side(tree "scenario: [{name: uno}]", {}),
      side(single, { set = "decode.replicas=5" }))))
  end)

  t.it("compares with treatments of an experiment file", function()
    local base = tree(SCENARIO)
    local file = base .. "/e.yaml"
    t.ok(fs.write(file, "setup:\n  treatments:\n    - {name: few, decode.replicas: 1}\n    - {name: many, decode.replicas: 8}\n"))
    local opts = { base_dir = base, spec = "mine/s" }
    local result = diff.compare(t.ok(diff.side(file .. "#few", opts)), t.ok(diff.side(file .. "#many", opts)))
    t.eq({ "decode.replicas", 1, 8 }, { result.stacks[2].config[1].key, result.stacks[2].config[1].a,
      result.stacks[2].config[1].b })
    t.match("e.yaml:4$", result.stacks[2].config[1].b_origin)
    local err = t.fails("not_found", diff.side(file .. "#mny", opts))
    t.contains("did you mean 'many'", err.message)
  end)

  t.it("compares with a plan that was written", function()
    local base = tree(SCENARIO)
    local place = t.ok(workspace.open { workspace = t.tempdir() })
    t.ok(plan_files.write(build(base), place))
    local written = t.ok(diff.side(place.dir, {}))
    t.eq(true, diff.compare(written, side(base, {})).same)
    local result = diff.compare(written, side(base, { set = "decode.replicas=9" }))
    t.eq({ "one", "two" }, { result.stacks[1].name, result.stacks[2].name })
    t.match("scenario.yaml:6$", result.stacks[1].config[1].a_origin)
    t.contains("holds no plan", t.fails("not_found", diff.side(base, {})).message)
  end)
end)

t.describe("bench.plan.record", function()
  local function written(base, root)
    local place = t.ok(workspace.open { workspace = root })
    local built = build(base)
    t.ok(plan_files.write(built, place))
    return place, built
  end

  t.it("sees what was edited", function()
    local place = written(tree(SCENARIO), t.tempdir())
    local plan_of = t.ok(record.read(place.dir))
    t.eq({}, record.edits(plan_of))
    t.ok(fs.write(place:path "plan/one/config.yaml", "a: 1\n"))
    t.ok(fs.remove(place:path "plan/two/config.yaml"))
    t.eq({ { name = "one/config.yaml", what = "changed" }, { name = "two/config.yaml", what = "missing" } },
      record.edits(plan_of))
    t.eq(nil, record.read(t.tempdir()))
  end)

  t.it("tells how a plan differs from the newest one", function()
    local base, root = tree(SCENARIO), t.tempdir()
    local place, built = written(base, root)
    t.contains("The plan is the same as in", table.concat(record.compare(root, built), "\n"))
    local notes = table.concat(record.compare(root, build(base, { set = "decode.replicas=9" })), "\n")
    t.contains("The plan differs from that in", notes)
    t.contains("one: decode.replicas: 3 -> 9", notes)
    t.ok(fs.write(place:path "plan/one/config.yaml", "a: 1\n"))
    t.contains("warning: files of the plan in", table.concat(record.compare(root, built), "\n"))
    t.eq({}, record.compare(t.tempdir(), built))
  end)

  t.it("refuses a plan that was named but was edited or is another", function()
    local base, root = tree(SCENARIO), t.tempdir()
    local place, built = written(base, root)
    t.contains("unchanged", (record.compare(place.dir, built))[1])
    local _, err = record.compare(place.dir, build(base, { set = "decode.replicas=9" }))
    t.eq("conflict", err.code)
    t.contains("is not what would be deployed now:\n  one: decode.replicas: 3 -> 9", err.message)
    t.ok(fs.write(place:path "plan/one/config.yaml", "a: 1\n"))
    _, err = record.compare(place.dir, built)
    t.contains("was edited after it was written: one/config.yaml (changed)", err.message)
    t.eq(root, fs.parent(t.ok(workspace.open { workspace = place.dir }).dir))
  end)

  t.it("replaces an older plan as a whole", function()
    local base = tree(SCENARIO)
    local place = written(base, t.tempdir())
    t.ok(fs.write(place:path "plan/one/leftover.yaml", "a: 1\n"))
    t.ok(plan_files.write(build(base), place))
    t.eq(false, fs.exists(place:path "plan/one/leftover.yaml"))
    local names = {}
    for i, entry in ipairs(fs.list(place.dir)) do names[i] = entry.name end
    t.eq({ "logs", "plan" }, names)
  end)
end)
