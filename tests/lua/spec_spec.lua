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

  t.it("checks its content", function()
    local base = checkout {}
    local function refused(text, words)
      local err = t.fails("invalid", load(base, text))
      t.contains(words, err.message)
    end
    refused("values_file: {path: " .. base .. "/config/scenarios/x.yaml}\n", "'scenario_file' is missing")
    refused("scenario: []\n", "this is a scenario, not a specification")
    refused("- a\n", "a specification is a map")
    refused(BODY .. "senario_file: x\n", "did you mean 'scenario_file'")
    refused((BODY:gsub("x.yaml", "y.yaml")), "which does not exist")
    refused((BODY:gsub("/defaults.yaml", "")), "which is not a file")
    refused("scenario_file: x\nvalues_file: x\n", "must be a map with the key 'path'")
    refused("a: [\n", "s.yaml.j2:1:")
    refused("# {{ base_dir }}\na: [\n", "s.yaml.j2 (rendered):2:")
    refused("{% for x in y %}", "s.yaml.j2:1:")
    write(base .. "/config/scenarios/x.yaml", "")
    refused(BODY, "which is empty")
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
