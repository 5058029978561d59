-- Keys that are marked "Not used" in the tables of keys.
local t = require "bench.test"
local fs = require "host.fs"
local info = require "host.info"
local json = require "host.json"
local override = require "bench.plan.override"
local plan = require "bench.plan"
local schema = require "bench.plan.schema"
local templates = require "support.templates"
local unused = require "bench.plan.unused"

-- All paths below a node that are marked, or part of what is.
local function marked_keys(node, path, inherited, found)
  for _, key in ipairs(node.order) do
    local field = node.fields[key]
    local here = path == "" and key or path .. "." .. key
    local marked = inherited or schema.is_unused(field)
    local kind = field.types[1]
    local is_section = kind.kind == "section" or kind.kind == "shape"
    local members = is_section and schema.members(schema.config(), field, kind)
    if members and #members.order > 0 then
      marked_keys(members, here, marked, found)
    elseif marked then
      found[#found + 1] = { path = here, kind = kind.kind }
    end
  end
  return found
end

local SENTINELS = { bool = true, int = 7, number = 7, quantity = "77Gi", text = "sentinel" }

local function put(config, path, value)
  local parts = override.split_path(path)
  for i = 1, #parts - 1 do
    config[parts[i]] = rawget(config, parts[i]) or json.object {}
    config = config[parts[i]]
  end
  config[parts[#parts]] = value
end

local EVERYTHING = [[
wva: {enabled: true}
prefill: {enabled: true, replicas: 1, accelerator: {type: nvidia}}
decode: {accelerator: {type: nvidia}}
standalone: {accelerator: {type: nvidia}, launcher: {enabled: true}}
storage: {extraPvc: {name: more}}
]]

-- All templates in one text, with these keys set.
local function rendered(method, keys)
  local config = templates.config(EVERYTHING .. method, "pod_name: h\nharness_command: c")
  for _, key in ipairs(keys) do put(config, key.path, SENTINELS[key.kind] or json.object { sentinel = "sentinel" }) end
  local texts = {}
  for i, name in ipairs(templates.names()) do texts[i] = templates.text(name:match "^(%d+%l?)_", config) end
  return table.concat(texts)
end

t.describe("keys that are marked as not used", function()
  local METHODS = { "modelservice: {enabled: true}", "standalone: {enabled: true}", "fma: {enabled: true}" }

  t.it("are read by no template", { timeout_s = 60 }, function()
    local keys = marked_keys(schema.config().root, "", false, {})
    t.ok(#keys > 30, #keys)
    for _, method in ipairs(METHODS) do
      local before = rendered(method, {})
      if rendered(method, keys) ~= before then
        for _, key in ipairs(keys) do t.ok(rendered(method, { key }) == before, key.path .. " is read by a template") end
      end
    end
  end)

  t.it("are named by no program of ours", function()
    local wanted = {}
    local function is_read(key) return wanted[key] and key ~= "gateway.version" end    -- whose `auto` is replaced, no more
    for _, key in ipairs(marked_keys(schema.config().root, "", false, {})) do wanted[key.path] = true end
    for _, file in ipairs(fs.glob(info.home .. "/lua/bench/**/*.lua")) do
      if not file:find("/plan/keys/", 1, true) then
        for text in t.ok(fs.read(file)):gmatch '"([%w.]+)"' do t.ok(not is_read(text), file .. " reads " .. text) end
      end
    end
  end)
end)

local DEFAULTS = "namespace: {name: auto}\nmodel: {name: a/b}\nmodelservice: {enabled: true}\n"
  .. "gateway: {namespace: auto}\ndecode: {shm: {size: 1Gi}}\nharness: {name: nop}\n"

local function warnings_of(scenario, opts)
  local dir = t.tempdir()
  t.ok(fs.write(dir .. "/defaults.yaml", DEFAULTS))
  t.ok(fs.write(dir .. "/scenario.yaml", scenario))
  opts.offline = true
  local built = t.ok(plan.build({ name = "x", path = dir .. "/x.yaml.j2", text = "", base_dir = dir,
    values_file = dir .. "/defaults.yaml", scenario_file = dir .. "/scenario.yaml" }, opts))
  local found = {}
  for _, warning in ipairs(built.warnings) do
    if warning:find("is not used", 1, true) then found[#found + 1] = warning end
  end
  return found
end

t.describe("overrides of keys that are not used", function()
  local TWO = "scenario: [{name: a, control: {waitPeriod: 1}}, {name: b}]"

  t.it("are warned about, once", function()
    t.eq({ "--set: decode.shm is not used by any template: give a volume of type emptyDir with medium Memory" },
      warnings_of(TWO, { set = "decode.shm.size=2Gi,decode.replicas=2" }))
    t.eq({ "LLMDBENCH_SET: control.waitPeriod is not used by any template" },
      warnings_of(TWO, { set = "a:control.waitPeriod=5", sources = { set = "LLMDBENCH_SET" } }))
    t.eq({ "setup treatment: control.waitPeriod is not used by any template" },
      warnings_of(TWO, { overrides = { ["control.waitPeriod"] = 5 } }))
    t.eq({ "e.yaml:4: wva.vllmService is not used by any template" },
      warnings_of(TWO, { overrides = { { key = "wva.vllmService.enabled", value = true, origin = "e.yaml:4" } } }))
  end)

  t.it("are no matter of scenarios and defaults", function()
    t.eq({}, warnings_of(TWO, {}))
    t.eq({}, warnings_of(TWO, { set = "decode.replicas=2" }))
    t.eq({}, unused.warnings({ origins = { ["control.waitPeriod"] = "s.yaml:1" } }, {}))
  end)
end)
