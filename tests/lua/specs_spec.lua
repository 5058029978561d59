local t = require "bench.test"
local exec = require "host.exec"
local fs = require "host.fs"
local info = require "host.info"
local json = require "host.json"
local specs = require "bench.specs"

local function row(rows, name)
  for _, each in ipairs(rows) do
    if each.name == name then return each end
  end
end

-- A tree with these scenarios, each with a specification `mine/<name>` over the installed defaults.
local function tree(scenarios)
  local base = t.tempdir()
  local function write(name, text)
    t.ok(fs.mkdir(fs.parent(base .. "/" .. name)))
    t.ok(fs.write(base .. "/" .. name, text))
  end
  for name, text in pairs(scenarios) do
    write("config/scenarios/" .. name .. ".yaml", text)
    write("config/specification/mine/" .. name .. ".yaml.j2", "values_file: {path: " .. info.home
      .. "/config/templates/values/defaults.yaml}\nscenario_file: {path: {{ base_dir }}/config/scenarios/" .. name .. ".yaml}\n")
  end
  return base
end

t.describe("bench.specs", function()
  t.it("tells models, methods and needs of every specification", function()
    local rows = specs.rows { base_dir = tree {
      gpu = "scenario: [{name: a, model: {name: org/a}, decode: {replicas: 3, parallelism: {tensor: 2}}},"
        .. " {name: b, model: {name: org/b}, decode: {replicas: 1}}]",
      cpu = "scenario: [{name: a, decode: {accelerator: {count: 0}}, gateway: {className: gke}}]",
      wide = "shared: {multinode: {enabled: true}, wva: {enabled: true}}\nscenario:\n"
        .. "  - {name: a, decode: {parallelism: {dataLocal: 8, workers: 2}}}\n",
      alone = "scenario: [{name: a, standalone: {enabled: true, replicas: 2, parallelism: {tensor: 4}}}]",
      launched = "scenario: [{name: a, standalone: {enabled: true, replicas: 2, launcher: {enabled: true}}}]",
      counted = "scenario: [{name: a, accelerator: {count: 4}, standalone: {enabled: true}}]",
      here = "scenario: [{name: a, local: {enabled: true, command: [serve, x], vars: {gguf: {env: NO_SUCH_VARIABLE_}}}}]",
    } }
    local function needs(name) return table.concat(t.ok(row(rows, "mine/" .. name)).needs, ", ") end
    t.eq("Kubernetes, 7 nvidia.com/gpu, helmfile, gateway istio", needs "gpu")
    t.eq({ "org/a", "org/b" }, row(rows, "mine/gpu").models)
    t.eq({ "modelservice" }, row(rows, "mine/gpu").methods)
    t.eq("Kubernetes, 6 nvidia.com/gpu, helmfile, gateway istio", table.concat(row(rows, "mine/gpu").stacks[1].needs, ", "))
    t.eq("Kubernetes, helmfile, gateway gke", needs "cpu")
    t.contains("16 nvidia.com/gpu", needs "wide")
    t.contains("LeaderWorkerSet, WVA and Prometheus", needs "wide")
    t.eq("Kubernetes, 8 nvidia.com/gpu", needs "alone")
    t.eq("Kubernetes, 4 nvidia.com/gpu", needs "launched", "server and launcher have one each")
    t.eq("Kubernetes, 4 nvidia.com/gpu", needs "counted")
    t.eq("serve, local.vars.gguf", needs "here")
    t.eq({}, t.ok(row(rows, "local/quickstart")).needs)
  end)

  t.it("shows what is broken without losing the others", function()
    local rows = specs.rows { base_dir = tree { bad = "scenaro: []", good = "scenario: [{name: a}]" } }
    t.contains("'scenario' is missing", row(rows, "mine/bad").error)
    t.eq(nil, row(rows, "mine/good").error)
  end)

  t.it("plans every specification that is shipped", function()
    local seen = 0
    for _, each in ipairs(specs.rows { base_dir = t.tempdir() }) do
      t.eq(nil, each.error, each.name)
      seen = seen + 1
    end
    t.ok(seen >= 23, seen)
  end)

  t.it("is a command, with a form for machines", function()
    local base = tree { bad = "scenaro: []", good = "scenario: [{name: a}]" }
    local result = t.ok(exec.run { info.executable, "specs", "--base-dir", base, "--json" })
    t.eq(1, result.exit_code)
    local rows = t.ok(json.decode(result.stdout))
    t.eq({ "modelservice", base .. "/config/scenarios/good.yaml" },
      { row(rows, "mine/good").stacks[1].method, row(rows, "mine/good").scenario })
    result = t.ok(exec.run { info.executable, "specs", "--base-dir", base })
    t.match("mine/good%s+modelservice%s+facebook/opt%-125m%s+Kubernetes", result.stdout)
    t.match("mine/bad%s+%-%s+%-%s+broken: ", result.stdout)
    result = t.ok(exec.run { info.executable, "specs", "--base-dir", t.tempdir() })
    t.eq(0, result.exit_code)
  end)
end)
