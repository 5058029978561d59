local t = require "bench.test"
local fs = require "host.fs"
local spec = require "bench.spec"

local BODY = [[
{% set base_dir = base_dir | default('../') %}
base_dir: {{ base_dir }}
values_file:
  path: {{ base_dir }}/config/templates/values/defaults.yaml
template_dir:
  path: {{ base_dir }}/config/templates/jinja
scenario_file:
  path: {{ base_dir }}/config/scenarios/x.yaml
]]

local function write(path, text)
  t.ok(fs.mkdir(path:match "^(.*)/"))
  t.ok(fs.write(path, text))
end

-- A checkout of a user, with these specifications.
local function checkout(names)
  local base = t.tempdir()
  for _, name in ipairs(names) do write(base .. "/config/specification/" .. name .. ".yaml.j2", BODY) end
  write(base .. "/config/templates/values/defaults.yaml", "a: 1\n")
  write(base .. "/config/templates/jinja/01_x.yaml.j2", "x\n")
  write(base .. "/config/scenarios/x.yaml", "scenario: [{name: x}]\n")
  return base
end

local function load(base, text)
  local path = base .. "/s.yaml.j2"
  write(path, text)
  return spec.load(t.ok(spec.find(path, { base_dir = base })))
end

t.describe("bench.spec", function()
  t.it("finds by category and name, by bare name, with suffixes and by path", function()
    local base = checkout { "examples/gpux", "guides/pdx" }
    local path = base .. "/config/specification/examples/gpux.yaml.j2"
    for _, name in ipairs { "examples/gpux", "gpux", "gpux.yaml", "examples/gpux.yaml.j2", "gpux.j2",
      path } do
      local found = t.ok(spec.find(name, { base_dir = base }))
      t.eq("examples/gpux", found.name, name)
      t.eq(path, found.path, name)
      t.eq(nil, found.note)
    end
  end)

  t.it("says when a wrong category was ignored", function()
    local base = checkout { "examples/gpux" }
    t.contains("using 'examples/gpux'", t.ok(spec.find("guides/gpux", { base_dir = base })).note)
  end)

  t.it("prefers the user's folder, so that an installed one of the same name is no conflict", function()
    local base = checkout { "mine/quickstart" }
    t.eq("mine/quickstart", t.ok(spec.find("quickstart", { base_dir = base })).name)
    t.eq("local/quickstart", t.ok(spec.find("local/quickstart", { base_dir = base })).name)
  end)

  t.it("lists all that match a bare name", function()
    local base = checkout { "a/same", "b/same" }
    local err = t.fails("conflict", spec.find("same", { base_dir = base }))
    t.contains("a/same.yaml.j2", err.message)
    t.contains("b/same.yaml.j2", err.message)
    t.contains("a/same", err.hint)
  end)

  t.it("answers an unknown name with the nearest and the whole list", function()
    local base = checkout { "mine/odd-one", "guides/pdx" }
    local err = t.fails("not_found", spec.find("mine/odd-on", { base_dir = base }))
    t.contains("did you mean 'mine/odd-one'", err.message)
    t.contains("guides/pdx", err.hint)
    t.contains("local/quickstart", err.hint)
    t.contains("did you mean 'local/quickstart'", t.fails("not_found", spec.find "local/quikstart").message)
  end)

  t.it("loads the paths it names", function()
    local base = checkout { "examples/gpux" }
    local loaded = t.ok(spec.load(t.ok(spec.find("gpux", { base_dir = base }))))
    t.eq(base .. "/config/templates/values/defaults.yaml", loaded.values_file)
    t.eq(base .. "/config/scenarios/x.yaml", loaded.scenario_file)
    t.eq(base .. "/config/templates/jinja", loaded.template_dir)
    t.contains("base_dir: " .. base, loaded.text)
  end)

  t.it("checks its content, naming line and remedy", function()
    local base = checkout {}
    local function refused(text, words, hint)
      local err = t.fails("invalid", load(base, text))
      t.contains(words, err.message)
      if hint then t.contains(hint, err.hint) end
    end
    local body = BODY:gsub("{%% set .- %%}\n", "")
    refused("values_file: {path: " .. base .. "/config/scenarios/x.yaml}\n", "s.yaml.j2: the key 'scenario_file' is missing",
      "scenario_file: {path: ...}")
    refused("values_file: null\nscenario_file: {path: x}", "s.yaml.j2:1: the key 'values_file' is missing")
    refused("shared: {}\nscenario: []\n", "s.yaml.j2:2: this is a scenario, not a specification", "scenario_file")
    refused("- a\n", "a specification is a map with values_file, scenario_file and template_dir, not a list")
    refused("", "s.yaml.j2: the specification is empty")
    refused("# nothing\n", "s.yaml.j2: the specification is empty")
    refused(body .. "senario_file: x\n", "s.yaml.j2:8: unknown key 'senario_file' (did you mean 'scenario_file'?)",
      "known keys: base_dir")
    refused((body:gsub("x.yaml", "y.yaml")), "s.yaml.j2:6: scenario_file.path names", "choose another --base-dir")
    refused((body:gsub("x.yaml", "y.yaml")), "which does not exist (did you mean 'x.yaml'?)")
    refused((body:gsub("/defaults.yaml", "")), "which is not a file")
    refused((body:gsub("/jinja", "/values/defaults.yaml")), "which is not a folder")
    refused("scenario_file: x\nvalues_file: x\n", "s.yaml.j2:2: 'values_file' must be a map with the key 'path', not a string")
    refused("scenario_file: {path: x}\nvalues_file: [x]\n", "with the key 'path', not a list")
    refused("scenario_file: {path: x}\nvalues_file: {path: 5}\n", "with the key 'path', which must be text")
    refused("scenario_file: {path: x}\nvalues_file: {pth: x}\n", "'pth' is unknown (did you mean 'path'?)")
    refused("base_dir: [1]\n" .. body:gsub("base_dir: [^\n]*\n", ""), "s.yaml.j2:1: 'base_dir' must be text, not a list")
    refused("a: [\n", "s.yaml.j2:1:")
    refused("# {{ base_dir }}\na: [\n", "s.yaml.j2 (rendered):2:")
    refused("{% for x in y %}", "s.yaml.j2:1:")
    write(base .. "/config/scenarios/x.yaml", "")
    refused(body, "which is empty")
    write(base .. "/config/scenarios/x.yaml", "a: 1\n")
    t.ok(fs.remove(base .. "/config/templates/jinja/01_x.yaml.j2"))
    refused(body, "jinja', which is empty")
  end)

  t.it("lets experiments be listed, and needs no templates", function()
    local base = checkout {}
    local loaded = t.ok(load(base, BODY:gsub("template_dir:\n[^\n]*\n", "") .. "experiments: [a, {b: 1}]\n"))
    t.eq(nil, loaded.template_dir)
  end)

  t.it("names the stored copy as documented", function()
    for path, name in pairs { ["/a/gpu.yaml.j2"] = "gpu.yaml", ["s.j2"] = "s.yaml",
      ["v1.2.j2"] = "v1.yaml" } do
      t.eq(name, spec.stored_name(path))
    end
  end)

  t.it("has its own specifications in order", function()
    for _, name in ipairs { "local/quickstart", "local/llama-cpp" } do
      local found = t.ok(spec.find(name, { base_dir = t.tempdir() }))
      t.eq(require("host.info").home, t.ok(spec.load(found)).base_dir)
    end
  end)
end)
