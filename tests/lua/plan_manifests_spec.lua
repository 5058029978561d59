local t = require "bench.test"
local env = require "host.env"
local exec = require "host.exec"
local fs = require "host.fs"
local helm = require "bench.plan.helm"
local log = require "host.log"
local manifests = require "bench.plan.manifests"
local plan = require "bench.plan"
local plan_files = require "bench.plan.files"
local session = require "bench.session"
local spec = require "bench.spec"
local workspace = require "bench.workspace"

local DEFAULTS = [[
namespace: {name: auto}
model: {name: org/m, shortName: a, path: b, huggingfaceId: c}
modelservice: {enabled: true}
standalone: {enabled: false}
fma: {enabled: false}
huggingface: {tokenKey: HF_TOKEN}
decode: {replicas: 2, ports: [1, 2]}
harness: {name: inference-perf, profile: p.yaml}
]]

-- A tree of a user with these templates and the specification `mine/s`.
local function tree(templates, scenario)
  local base = t.tempdir()
  local function write(name, text)
    t.ok(fs.mkdir(fs.parent(base .. "/" .. name)))
    t.ok(fs.write(base .. "/" .. name, text))
  end
  write("config/specification/mine/s.yaml.j2", "values_file: {path: {{ base_dir }}/defaults.yaml}\n"
    .. "template_dir: {path: {{ base_dir }}/templates}\nscenario_file: {path: {{ base_dir }}/scenario.yaml}\n")
  write("defaults.yaml", DEFAULTS)
  write("scenario.yaml", scenario or "scenario: [{name: one}]\n")
  for name, text in pairs(templates) do write("templates/" .. name, text) end
  return base
end

local function built_of(base, opts)
  local loaded = t.ok(spec.load(t.ok(spec.find("mine/s", { base_dir = base }))))
  opts = opts or {}
  opts.offline = true
  return t.ok(plan.build(loaded, opts))
end

-- The manifests of the first stack, by name.
local function rendered(templates, scenario)
  local built = built_of(tree(templates, scenario))
  local err = manifests.render(built)
  t.eq(nil, err and err.message)
  local texts = {}
  for _, manifest in ipairs(built.manifests[built.stacks[1].name]) do texts[manifest.name] = manifest.text end
  return texts, built
end

local function refused(templates, scenario)
  local base = tree(templates, scenario)
  local built = built_of(base)
  local err = t.ok(manifests.render(built))
  t.eq("invalid", err.code)
  t.eq(nil, built.manifests)
  return err, base
end

t.describe("bench.plan.manifests", function()
  t.it("renders every template that is not a part, in order", function()
    local texts, built = rendered { ["02_b.yaml.j2"] = "replicas: {{ decode.replicas }}\n", ["01_a.j2"] = "a: 1",
      ["14_x_yaml.j2"] = "{% if false %}x{% endif %}\n\n", ["_part.j2"] = "{{ broken", ["README.md"] = "{{ broken",
      ["03_c.yaml.j2"] = "\n\n  c: {{ model_id_label }}  \n\n" }
    local names = {}
    for i, manifest in ipairs(built.manifests.one) do names[i] = manifest.name end
    t.eq({ "01_a.yaml", "02_b.yaml", "03_c.yaml", "14_x_yaml.yaml" }, names)
    t.eq("replicas: 2\n", texts["02_b.yaml"])
    t.eq("\n", texts["14_x_yaml.yaml"])
    t.match("^c: %S+\n$", texts["03_c.yaml"])
  end)

  t.it("puts the macros before every template, and finds parts", function()
    local texts = rendered { ["_macros.j2"] = "{% macro twice(x) %}{{ x }}{{ x }}{% endmacro %}",
      ["_more.j2"] = "{% macro thrice(x) %}{{ x }}{{ x }}{{ x }}{% endmacro %}",
      ["01_a.yaml.j2"] = "a: {{ twice('x') }}", ["02_b.yaml.j2"] = "{% from '_more.j2' import thrice %}b: {{ thrice('y') }}" }
    t.eq({ "a: xx\n", "b: yyy\n" }, { texts["01_a.yaml"], texts["02_b.yaml"] })
  end)

  t.it("uses the environment and the filters of the plan phase", function()
    local texts = rendered { ["01_a.yaml.j2"] = "{% if true %}\nlist:\n  {% for p in decode.ports %}\n- {{ p }}\n  {% endfor %}\n"
      .. "{% endif %}\nmap:\n{{ decode | toyaml(indent=2) }}\nlabel: {{ 'Qwen/Qwen3-32B' | model_id_label('llmdbench') }}\n" }
    t.eq("list:\n- 1\n- 2\nmap:\n  ports:\n  - 1\n  - 2\n  replicas: 2\nlabel: qwen-qwe-03cce4e9-wen3-32b\n",
      texts["01_a.yaml"])
  end)

  t.it("changes nothing in the configuration", function()
    local _, built = rendered { ["01_a.yaml.j2"] = "{% set _ = decode.update({'replicas': 7}) %}a: {{ decode.replicas }}",
      ["02_b.yaml.j2"] = "b: {{ decode.replicas }}" }
    t.eq({ "a: 7\n", "b: 2\n" }, { built.manifests.one[1].text, built.manifests.one[2].text })
    t.eq(2, built.stacks[1].config.decode.replicas)
  end)

  t.it("names file and line of what fails, in macros and templates alike", function()
    local macros = "{% macro ok() %}fine{% endmacro %}\n{% macro bad() %}\n{{ nothing.at.all }}\n{% endmacro %}\n"
    local err, base = refused { ["_macros.j2"] = macros, ["01_a.yaml.j2"] = "a: 1\nb: {{ missing.key }}\n" }
    t.contains(base .. "/templates/01_a.yaml.j2:2: ", err.message)
    t.contains("missing", err.message)
    err, base = refused { ["_macros.j2"] = macros, ["01_a.yaml.j2"] = "a: 1\nb: {{ bad() }}\n" }
    t.contains(base .. "/templates/_macros.j2:3: ", err.message)
    t.contains("(called from " .. base .. "/templates/01_a.yaml.j2:2)", err.message)
    err, base = refused { ["_macros.j2"] = macros, ["01_a.yaml.j2"] = "a: 1\n{% if x %}\n" }
    t.contains(base .. "/templates/01_a.yaml.j2:", err.message)
    err, base = refused { ["_macros.j2"] = "{% macro x(%}\n", ["01_a.yaml.j2"] = "a: 1\n", ["02_b.yaml.j2"] = "b: 1\n" }
    t.contains(base .. "/templates/_macros.j2:1: ", err.message)
    err, base = refused { ["_macros.j2"] = "{% macro a() %}\nx {{ y }}\n", ["01_a.yaml.j2"] = "a: 1\n", ["02_b.yaml.j2"] = "b: 1\n" }
    t.contains(base .. "/templates/_macros.j2:", err.message)
    t.eq(nil, err.message:find("01_a", 1, true))
  end)

  t.it("refuses what it cannot read", function()
    local base = tree { ["01_a.yaml.j2"] = "a: 1\n" }
    t.ok(fs.mkdir(base .. "/templates/02_b.yaml.j2"))
    t.contains("02_b.yaml.j2", manifests.render(built_of(base)).message)
    local denied = tree { ["01_a.yaml.j2"] = "{% include '_part.j2' %}\n", ["_part.j2"] = "x: 1\n" }
    t.ok(exec.run { "chmod", "0", denied .. "/templates/_part.j2" })
    if fs.read(denied .. "/templates/_part.j2") then return end  -- root reads everything
    t.contains("permission", manifests.render(built_of(denied)).message:lower())
  end)

  t.it("names file and line inside included files", function()
    local err, base = refused { ["_inc.j2"] = "x\n{{ missing.key }}\n", ["01_a.yaml.j2"] = "a: |\n  {% include '_inc.j2' %}\n" }
    t.contains(base .. "/templates/_inc.j2:2: ", err.message)
    t.contains("(included from " .. base .. "/templates/01_a.yaml.j2:2)", err.message)
    err = refused { ["_a.j2"] = "{% include '_b.j2' %}", ["_b.j2"] = "{% include '_a.j2' %}",
      ["01_a.yaml.j2"] = "{% include '_a.j2' %}" }
    t.match("_[ab]%.j2:1: maximum recursion depth exceeded", err.message)
    t.match("%(included from [^,]*_[ab]%.j2:1, from [^,]*_[ab]%.j2:1, from [^,]*01_a%.yaml%.j2:1%)", err.message)
  end)

  t.it("collects all faults of all templates and stacks", function()
    local err = refused({ ["01_a.yaml.j2"] = "{{ missing.key }}", ["02_b.yaml.j2"] = "b: 1",
      ["03_c.yaml.j2"] = "c: {{ raise('no ' ~ decode.replicas) }}" },
      "scenario: [{name: one}, {name: two, decode: {replicas: 9}}]\n")
    t.contains("3 errors in the manifests:\n", err.message)
    t.match("01_a.yaml.j2:1: [^\n]*%(stack one, two%)", err.message)
    t.match("03_c.yaml.j2:1: [^\n]*no 2[^\n]*%(stack one%)", err.message)
    t.match("03_c.yaml.j2:1: [^\n]*no 9[^\n]*%(stack two%)", err.message)
    t.eq(3, #err.errors)
    t.contains("nothing was written", err.hint)
  end)

  t.it("refuses what is not YAML, showing the rendered lines", function()
    local err, base = refused { ["01_a.yaml.j2"] = "a: 1\nb: [\n{{ decode.replicas }}\n" }
    t.contains(base .. "/templates/01_a.yaml.j2: the rendered file is not YAML: 01_a.yaml:", err.message)
    t.match("\n  %d | ", err.message)
    t.contains("rendered 01_a.yaml", err.hint)
  end)

  t.it("takes references to secrets for words", function()
    env.set("HF_TOKEN", "hf_canary_manifest")
    t.cleanup(function() env.set("HF_TOKEN", nil) end)
    local texts = rendered { ["01_a.yaml.j2"] = "stringData:\n  {{ huggingface.tokenKey }}: {{ huggingface.token }}\n" }
    t.eq("stringData:\n  HF_TOKEN: {{secret:hf_token}}\n", texts["01_a.yaml"])
  end)

  t.it("needs templates with names of their own", function()
    t.contains("there are no templates", refused({ ["_x.j2"] = "x", ["README.md"] = "x" }).message)
    t.contains("already has a file a.yaml", refused({ ["a.j2"] = "a: 1", ["a.yaml.j2"] = "a: 1" }).message)
    t.contains("already has a file config.yaml", refused({ ["config.yaml.j2"] = "a: 1" }).message)
    local built = built_of(tree { ["a.j2"] = "a: 1" })
    built.spec.template_dir = nil
    t.contains("the key 'template_dir' is missing", manifests.render(built).message)
  end)

  t.it("are not made for servers of this machine", function()
    local built = built_of(tree({ ["a.j2"] = "{{ broken" }, "scenario: [{name: one, local: {enabled: true}}]"))
    t.eq(nil, manifests.render(built))
    t.eq({}, built.manifests)
  end)
end)

t.describe("a session with manifests", function()
  local function open(base, opts)
    opts.spec, opts.base_dir, opts.offline = "mine/s", base, true
    local level = log.level "error"
    t.cleanup(function()
      log.close()
      log.level "info"
    end)
    t.eq("error", level)
    return session.open(opts)
  end

  t.it("writes them, and nothing at all if one fails", function()
    local root = t.tempdir()
    local templates = { ["01_a.yaml.j2"] = "a: {{ decode.replicas }}" }
    local ctx = t.ok(open(tree(templates), { workspace = root }))
    t.eq("a: 2\n", fs.read(ctx.workspace:path "plan/one/01_a.yaml"))
    t.ok(fs.exists(ctx.workspace:path "plan/plan.json"))
    templates["02_b.yaml.j2"] = "{{ x.y }}"
    local empty = t.tempdir()
    t.fails("invalid", open(tree(templates), { workspace = empty }))
    t.eq({}, fs.list(empty))
    t.fails("invalid", open(tree(templates), { workspace = empty, dry_run = true }))
  end)

  t.it("tell templates in which namespace the shared gateway is", function()
    local built = built_of(tree({ ["08_r.yaml.j2"] = "in: {{ shared_gateway_namespace }}" }, [[
scenario:
  - {name: alone, standalone: {enabled: true}, gateway: {namespace: zero}}
  - {name: a, gateway: {namespace: one}}
  - {name: b, gateway: {namespace: two}}
]]))
    t.eq(nil, manifests.render(built))
    t.eq("in: one\n", built.manifests.a[1].text)
    t.eq("in: one\n", built.manifests.b[1].text)
  end)
end)

t.describe("bench.plan.helm", function()
  -- A program called helmfile, alone on PATH with the usual ones.
  local function fake_helmfile(script)
    local dir = t.tempdir()
    t.ok(fs.write(dir .. "/helmfile", "#!/bin/sh\n" .. script, { mode = "0755" }))
    local before = env.get "PATH"
    env.set("PATH", dir .. ":/usr/bin:/bin")
    t.cleanup(function() env.set("PATH", before) end)
    return dir
  end

  local TEMPLATES = { ["10_helmfile-main.yaml.j2"] = "helmDefaults: {}", ["13_ms-values.yaml.j2"] = "a: 1" }

  local function prerender(templates, opts, scenario)
    local _, built = rendered(templates, scenario)
    local place = t.ok(workspace.open { workspace = t.tempdir() })
    t.ok(plan_files.write(built, place))
    helm.prerender(built, place, opts or {})
    return place, built
  end

  t.it("lets helmfile render the chart into the plan", function()
    local dir = fake_helmfile('echo "$@" > ' .. t.tempdir() .. "/unused; echo \"args: $*\"; cat \"$5\"\n")
    local place, built = prerender(TEMPLATES)
    local label = built.stacks[1].config.model_id_label
    local text = t.ok(fs.read(place:path "plan/one/helm/modelservice.yaml"))
    t.contains("args: --selector name=" .. label .. "-ms template -f " .. place:path "plan/one/helm/helmfile.yaml"
      .. " --skip-schema-validation", text)
    t.contains("helmDefaults: {}", text)
    t.eq("a: 1\n", fs.read(place:path "plan/one/helm/ms-values.yaml"))
    t.ok(fs.exists(dir))
  end)

  t.it("asks nobody in a dry run, offline, without the chart's files, and for other methods", function()
    fake_helmfile "echo called; exit 0\n"
    local function is_made(...) return fs.exists(prerender(...):path "plan/one/helm") end
    t.eq(true, is_made(TEMPLATES))
    t.eq(false, is_made(TEMPLATES, { dry_run = true }))
    t.eq(false, is_made(TEMPLATES, { offline = true }))
    t.eq(false, is_made { ["10_helmfile-main.yaml.j2"] = "a: 1" })
    t.eq(false, is_made { ["10_helmfile-main.yaml.j2"] = "a: 1", ["13_ms-values.yaml.j2"] = "{# nothing #}" })
    t.eq(false, is_made(TEMPLATES, {}, "scenario: [{name: one, standalone: {enabled: true}}]"))
  end)

  t.it("warns when helmfile fails, and goes on", function()
    fake_helmfile "echo trouble >&2; exit 3\n"
    local place = prerender(TEMPLATES)
    t.eq(false, fs.exists(place:path "plan/one/helm/modelservice.yaml"))
    t.ok(fs.exists(place:path "plan/plan.json"))
  end)
end)
