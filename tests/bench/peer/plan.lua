-- What plan.py does, step by step, in our program: the two sides of a comparison that do the same work.
--
-- usage: llmdbenchmark plan.lua DEFAULTS SCENARIO TEMPLATES OUT CONFIG.yaml...
local fs, json, render, yaml = require "host.fs", require "host.json", require "host.render", require "host.yaml"
local merge = require "bench.plan.merge"

local defaults, scenario, templates, out = ...
local configs = { select(5, ...) }

local function origin() return "" end

local base, tree = assert(yaml.load(defaults)), assert(yaml.load(scenario))
for _, stack in ipairs(tree.scenario) do
  local config = json.copy(base)
  if tree.shared then merge.into(config, tree.shared, {}, origin) end
  merge.into(config, stack, {}, origin)
end

local prelude = fs.exists(templates .. "/_macros.j2") and assert(fs.read(templates .. "/_macros.j2")) .. "\n" or ""
for number, path in ipairs(configs) do
  local config = assert(yaml.load(path))
  local folder, variables = out .. "/" .. (number - 1), render.variables(config)
  assert(fs.mkdir(folder))
  local opts = { search = { templates } }
  for key, value in pairs(render.plan_environment) do opts[key] = value end
  for _, template in ipairs(fs.glob(templates .. "/*.j2")) do
    local name = fs.basename(template)
    if name:sub(1, 1) ~= "_" then
      opts.name = name
      local text = assert(render.text(prelude .. assert(fs.read(template)), variables, opts)):match "^%s*(.-)%s*$" .. "\n"
      assert(yaml.decode_all(text))
      name = name:gsub("%.j2$", "")
      assert(fs.write(folder .. "/" .. (name:find "%.yaml$" and name or name .. ".yaml"), text, { sync = false }))
    end
  end
  assert(fs.write(folder .. "/config.yaml", yaml.encode(config, { sort_keys = true }), { sync = false }))
end
