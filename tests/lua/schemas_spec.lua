local t = require "bench.test"
local exec = require "host.exec"
local fs = require "host.fs"
local info = require "host.info"
local json = require "host.json"
local schema = require "bench.plan.schema"
local schemas = require "bench.schemas"
local yaml = require "host.yaml"

local function load_schema(name) return t.ok(json.decode(schemas.files()[name .. ".json"])) end

local function accepts(name, text)
  local tree = t.ok(yaml.decode(text))
  local ok, err = json.validate(tree, load_schema(name))
  t.ok(ok, err and json.encode(err.errors or err.message))
end

-- The text must be refused because of the key at `path`.
local function refuses(name, path, text)
  local ok, err = json.validate(t.ok(yaml.decode(text)), load_schema(name))
  t.eq(nil, ok, text)
  local paths = {}
  for _, each in ipairs(t.ok(err.errors, err)) do paths[#paths + 1] = each.path .. " " .. each.message end
  t.contains(path, table.concat(paths, "\n"))
end

local function files(pattern)
  local found = fs.glob(info.home .. pattern)
  t.ok(#found > 0, pattern)
  return found
end

t.describe("scenario.json", function()
  t.it("accepts all shipped scenarios", function()
    local rules = load_schema "scenario"
    for _, path in ipairs(files "/config/scenarios/**/*.yaml") do
      local ok, err = json.validate(t.ok(yaml.load(path)), rules)
      t.ok(ok, err and path .. ": " .. json.encode(err.errors or err.message))
    end
  end)

  t.it("accepts references, nulls and numbers written as text", function()
    accepts("scenario", "scenario: [{name: a, decode: {replicas: '${model.replicas}', vllm: {port: '8200'}}}]")
    accepts("scenario", "scenario: [{name: a, decode: , standalone: {enabled: 'yes'}}]\nshared:")
  end)

  t.it("knows names and values of which there are a few, in patterns that strict readers take", function()
    accepts("scenario", "scenario: [{name: a, storage: {modelPvc: {accessModes: [ReadWriteOnce, '${x.y}']}}}]")
    refuses("scenario", "accessModes", "scenario: [{name: a, storage: {modelPvc: {accessModes: [RWX]}}}]")
    refuses("scenario", "namespace", "scenario: [{name: a, harness: {namespace: Bad_NS}}]")
    for name, text in pairs(schemas.files()) do t.eq(nil, text:match "\\\\[_%-]", name) end
  end)

  t.it("refuses planted mistakes", function()
    refuses("scenario", "modle", "scenario: [{name: a, modle: {}}]")
    refuses("scenario", "replcas", "scenario: [{name: a, decode: {replcas: 1}}]")
    refuses("scenario", "replicas", "scenario: [{name: a, decode: {replicas: -1}}]")
    refuses("scenario", "gpuMemoryUtilization", "scenario: [{name: a, model: {gpuMemoryUtilization: 2.0}}]")
    refuses("scenario", "tag", "scenario: [{name: a, images: {vllm: {tag: 1.2}}}]")
    refuses("scenario", "mode", "scenario: [{name: a, httpRoute: {mode: both}}]")
    refuses("scenario", "imageKye", "scenario: [{name: a, decode: {initContainers: [{imageKye: b}], vllm: {imageKye: x}}}]")
    refuses("scenario", "name", "scenario: [{decode: {}}]")
    refuses("scenario", "harnes", "shared: {harnes: {}}\nscenario: [{name: a}]")
    refuses("scenario", "scenario", "shared: {}")
  end)
end)

t.describe("defaults.json", function()
  t.it("accepts the shipped defaults", function()
    accepts("defaults", t.ok(fs.read(info.home .. "/config/templates/values/defaults.yaml")))
  end)

  t.it("refuses planted mistakes", function()
    local text = t.ok(fs.read(info.home .. "/config/templates/values/defaults.yaml"))
    local function planted(path, change)
      local tree = yaml.decode(text)
      change(tree)
      refuses("defaults", path, json.encode(tree))
    end
    planted("waitTimout", function(d) d.harness.waitTimout = 1 end)
    planted("replicas", function(d) d.decode.replicas = "many" end)
    planted("size", function(d) d.storage.modelPvc.size = "lots" end)
    planted("blockSize", function(d) d.model.blockSize = nil end)
    planted("decode", function(d) d.decode = nil end)
  end)
end)

t.describe("experiment.json", function()
  t.it("accepts what the documentation shows", function()
    accepts("experiment", [[
experiment: {name: replicas, harness: native, profile: sanity_random.yaml}
design: {type: full_factorial, total_matrix: 4, repeats: 2, order: cheapest,
  setup: {factors: [{key: local.replicas, levels: [1, 2]}]}, run: {factors: [{name: rate, key: load.rate, min: 1, max: 4}]}}
setup: {constants: {decode.replicas: 1}, treatments: [{name: a, decode.replicas: 2}]}
constants: {interval_s: 1}
treatments: [{name: 1, stages.0.rate: 5}]
]])
    accepts("experiment", "run: [{name: x}]")
  end)

  t.it("refuses planted mistakes", function()
    refuses("experiment", "treatmets", "treatmets: []")
    refuses("experiment", "order", "design: {order: fastest}")
    refuses("experiment", "type", "design: {type: full}")
    refuses("experiment", "repeats", "design: {repeats: 0}")
    refuses("experiment", "key", "design: {run: {factors: [{name: a}]}}")
    refuses("experiment", "treatments", "treatments: 5")
  end)
end)

t.describe("profile.json", function()
  t.it("accepts all shipped profiles", function()
    local rules = load_schema "profile"
    for _, path in ipairs(files "/workload/profiles/*/*.yaml.in") do
      local ok, err = json.validate(t.ok(yaml.decode(t.ok(fs.read(path)))), rules)
      t.ok(ok, err and path .. ": " .. json.encode(err.errors or err.message))
    end
  end)

  t.it("accepts a profile of inference-perf, and tokens where numbers are expected", function()
    accepts("profile", [[
load: {type: constant, interval: 15, stages: [{rate: REPLACE_ENV_RATE, duration: 30}], num_workers: 4}
api: {type: completion, streaming: true}
server: {type: vllm, model_name: REPLACE_ENV_MODEL, base_url: REPLACE_ENV_URL, ignore_eos: true}
tokenizer: {pretrained_model_name_or_path: REPLACE_ENV_TOKENIZER}
data: {type: random, input_distribution: {min: 10, max: 1024, mean: 512, std_dev: 200, total_count: 100}}
report: {request_lifecycle: {summary: true, per_stage: true, per_request: true}}
storage: {local_storage: {path: /tmp}}
]])
  end)

  t.it("refuses planted mistakes", function()
    accepts("profile", "stages: [{rate: 1, duration_s: 5}]\nlimits: {max_error_ratio: 0.5}")
    for _, text in ipairs {
      "stages: [{rate: 1, duration: 5}]", "stages: [{rate: fast, duration_s: 5}]",
      "data: {inptu: 5}\nstages: [{rate: 1, duration_s: 5}]", "stages: [{arrival: uniform, rate: 1, duration_s: 5}]",
      "limits: {max_error_ratio: 5}\nstages: [{rate: 1, duration_s: 5}]", "load: {stages: [{rate: 1, duration_s: 5}]}",
      "load: {}\napi: {streaming: 3}", "api: {}",
    } do
      t.eq(nil, (json.validate(t.ok(yaml.decode(text)), load_schema "profile")), text)
    end
  end)
end)

t.describe("keys of profiles", function()
  local function walk(built, node, path, visit)
    for _, key in ipairs(node.order) do
      local field = node.fields[key]
      local here = path == "" and key or path .. "." .. key
      visit(here)
      local kind = field.types[#field.types]
      if kind.kind == "list" then
        kind = kind.of and kind.of[1] or kind
        here = here .. ".0"
      end
      local members = schema.members(built, field, kind)
      if kind.kind == "shape" or kind.kind == "section" then walk(built, members, here, visit) end
    end
  end

  -- Every key of the rows is one that the reader knows, by its own lists.
  for _, format in ipairs { "native", "inference_perf" } do
    t.it("are those that the reader of " .. format .. " knows", function()
      local reader = require("bench.profile." .. format)
      local built = schema.from_rows(require("bench.profile.keys." .. format))
      local unknown = {}
      walk(built, built.root, "", function(path)
        local parts = require("bench.plan.override").split_path(path)
        local refused = path:find "sweep" or path:find "trace" or path:find "circuit" or path:find "lora"
          or path:find "prometheus" or path == "metrics"
        local deeper = path:find "^data%.shared_prefix%." or path:find "^report%.request_lifecycle%."
          or path:find "^storage%.local_storage%." or path:find "%.segments%." or path == "load.stages"
        if not refused and not deeper and not reader.knows(parts) then unknown[#unknown + 1] = path end
      end)
      t.eq({}, unknown)
    end)
  end

  t.it("are complete: an unknown field of a native profile is one of the schema", function()
    local _, err = require("bench.profile").parse("stages: [{rate: 1, duration_s: 1}]\nzzz: 1", { file = "p" })
    t.match("zzz", err.message)
    local built = schema.from_rows(require "bench.profile.keys.native")
    for _, name in ipairs(require("bench.profile.native").FIELDS) do
      t.ok(built.root.fields[name], name .. " has no row")
    end
    for _, name in ipairs(require("bench.profile.native").STAGE_FIELDS) do
      t.ok(built.shapes["#stage"].fields[name], name .. " has no row")
    end
    for _, name in ipairs(require("bench.profile.native").DATA_FIELDS) do
      t.ok(built.root.fields.data.fields[name], name .. " has no row")
    end
  end)
end)

t.describe("with Python's jsonschema", function()
  t.it("the schemas are valid and say the same", { timeout_s = 60 }, function()
    local probe = exec.run { "python3", "-c", "import jsonschema, yaml; jsonschema.Draft202012Validator" }
    if not probe or probe.exit_code ~= 0 then t.skip "python3-jsonschema or python3-yaml is not installed" end
    local folder = t.tempdir()
    for name, text in pairs(schemas.files()) do t.ok(fs.write(folder .. "/" .. name, text)) end
    t.ok(fs.write(folder .. "/bad.yaml", "scenario: [{name: a, decode: {replcas: 1}}]\n"))
    t.ok(fs.write(folder .. "/check.py", [[
import glob, json, sys, yaml, jsonschema
folder, home = sys.argv[1:]
def validator(name):
    schema = json.load(open(folder + "/" + name + ".json"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)
def check(name, pattern):
    paths = glob.glob(home + pattern, recursive=True)
    assert paths, pattern
    for path in paths:
        for error in validator(name).iter_errors(yaml.safe_load(open(path))):
            print(path, list(error.path), error.message[:200])
check("scenario", "/config/scenarios/**/*.yaml")
check("defaults", "/config/templates/values/defaults.yaml")
check("profile", "/workload/profiles/*/*.yaml.in")
validator("experiment")
assert list(validator("scenario").iter_errors(yaml.safe_load(open(folder + "/bad.yaml"))))
]]))
    local result = t.ok(exec.run({ "python3", "-W", "ignore", folder .. "/check.py", folder, info.home }))
    t.eq({ 0, "" }, { result.exit_code, result.stdout }, result.stderr)
  end)
end)

t.describe("docs/keys.md", function()
  t.it("lists every key once, with the shipped default", function()
    local text = require("bench.schemas.page").text(t.ok(
      yaml.load(info.home .. "/config/templates/values/defaults.yaml")))
    t.contains("| `model.gpuMemoryUtilization` | `0.95` | a number from 0 to 1 |", text)
    t.contains("| `prefill.enabled` | `false` |", text)
    t.contains("see [initContainer](#initcontainer)", text)
    local seen = {}
    for key in text:gmatch "\n| `([%w_]+%.[%w._]+)` |" do
      t.eq(nil, seen[key], key .. " is listed twice")
      seen[key] = true
    end
    for _, key in ipairs { "decode.probes.startup.path", "images.vllm.tag", "fma.chart.url", "local.port",
      "wva.hpa.behavior", "storage.extraPvc.name" } do t.ok(seen[key], key) end
  end)
end)
