-- The template engine alone against Jinja2: megabytes of text per second on three of the shipped templates with a
-- finished configuration, and the memory of many renderings.
local clock = require "host.clock"
local exec = require "host.exec"
local fs = require "host.fs"
local info = require "host.info"
local json = require "host.json"
local lab = require "lab"
local render = require "host.render"
local session = require "bench.session"
local text = require "host.text"

-- Large and small output, and the specification whose first stack needs the template.
local TEMPLATES = {
  { name = "13_ms-values.yaml.j2", spec = "guides/pd-disaggregation" },
  { name = "12_gaie-values.yaml.j2", spec = "guides/pd-disaggregation" },
  { name = "14_standalone-deployment_yaml.j2", spec = "examples/launcher" },
}
local OURS_TIMES, THEIR_TIMES = 2000, 200
local RENDERINGS = 1000

local here = debug.getinfo(1, "S").source:match "^@(.*)/[^/]*$"
local folder = info.home .. "/config/templates/jinja"

-- The configuration of a real stack, as JSON text for both sides.
local function config_text(spec, workspace)
  local opened = assert(session.open { spec = spec, workspace = workspace, offline = true })
  require("host.log").close()
  return json.encode(opened.plan.stacks[1].config)
end

local function options(name)
  local opts = { name = name, search = { folder } }
  for key, value in pairs(render.plan_environment) do opts[key] = value end
  return opts
end

local function ours(name, config_json)
  local config = render.variables(json.decode(config_json))
  local source, opts = assert(fs.read(folder .. "/" .. name)), options(name)
  local out = assert(render.text(source, config, opts))
  local begun = clock.monotonic()
  for _ = 1, OURS_TIMES do render.text(source, config, opts) end
  return { s = (clock.monotonic() - begun) / OURS_TIMES, bytes = #out, sha256 = text.sha256(out) }
end

local function theirs(name, config_file)
  local result = assert(exec.run({ "python3", here .. "/../peer/templates.py", config_file, folder,
    tostring(THEIR_TIMES), name }, { timeout_s = 300 }))
  if result.exit_code ~= 0 then error("templates.py: " .. result.stderr:sub(-1000), 0) end
  return assert(json.decode(result.stdout))
end

local function compare_one(out, template)
  local mine, other
  local values = lab.compare.interleave(lab.rounds, {
    { name = "ours", run = function()
      mine = ours(template.name, template.config)
      return mine.bytes / mine.s / 1e6
    end },
    { name = "Jinja2", run = function()
      other = theirs(template.name, template.config_file)
      return other.bytes / other.s / 1e6
    end },
  }, function(side, round, value) out.value(template.name .. ", " .. side, round, value) end)
  if mine.bytes < 100 then error(template.name .. " hardly renders to anything with " .. template.spec, 0) end
  if mine.sha256 ~= other.sha256 then error(template.name .. ": the two sides render different texts", 0) end
  out.side(("%s (%d bytes of output), ours"):format(template.name, mine.bytes), values.ours, "MB/s")
  out.side("the same, Jinja2, compiled and its variables made before", values.Jinja2, "MB/s")
  out.goal("ours / Jinja2", lab.compare.ratio(values.ours, values.Jinja2), ">=", 1)
end

local function resident_mb() return tonumber(fs.read("/proc/self/status"):match "VmRSS:%s*(%d+)") / 1024 end

local function memory(out)
  local first
  local variables = {}
  for i, template in ipairs(TEMPLATES) do variables[i] = render.variables(json.decode(template.config)) end
  for number = 1, RENDERINGS do
    for i, template in ipairs(TEMPLATES) do
      assert(render.text(template.source, variables[i], options(template.name)))
    end
    if number == 100 then
      collectgarbage()
      first = resident_mb()
    end
  end
  collectgarbage()
  out.goal(("growth of memory from the 100th to the %d-th rendering of all three [MB]"):format(RENDERINGS),
    lab.compare.summary { resident_mb() - first }, "<=", 2)
end

return {
  title = "The template engine",
  run = function(out)
    local workspace = assert(fs.tempdir "render")
    for _, template in ipairs(TEMPLATES) do
      template.config = config_text(template.spec, workspace)
      template.config_file = workspace .. "/" .. template.name .. ".json"
      template.source = assert(fs.read(folder .. "/" .. template.name))
      assert(fs.write(template.config_file, template.config))
    end
    memory(out)
    local probe = exec.run { "python3", "-c", "import jinja2, yaml" }
    if not probe or probe.exit_code ~= 0 then
      out.skip("Jinja2", "python3 with jinja2 and yaml is not installed")
    else
      for _, template in ipairs(TEMPLATES) do compare_one(out, template) end
    end
    fs.remove_tree(workspace)
  end,
}
