-- Our manifest templates, rendered over the defaults and a bit of scenario: parsed, so that specs compare what a
-- manifest means and not how it is written.
local flags = require "bench.plan.flags"
local fs = require "host.fs"
local info = require "host.info"
local json = require "host.json"
local merge = require "bench.plan.merge"
local render = require "host.render"
local t = require "bench.test"
local yaml = require "host.yaml"

local M = {}

M.DIR = info.home .. "/config/templates/jinja"
M.LABEL = flags.model_label("facebook/opt-125m", "llmdbench")
M.STANDALONE = "standalone: {enabled: true}\nmodelservice: {enabled: false}"

local defaults, names

local function layer(config, tree)
  merge.into(config, tree, {}, function() return "spec" end)
end

local function follow(map, key, value)
  if map[key] == "auto" then map[key] = value end
end

-- What the plan phase works out before it renders.
local function derive(config)
  follow(config.namespace, "name", "llmdbench")
  follow(config.gateway, "namespace", config.namespace.name)
  for _, role in ipairs { "decode", "prefill", "standalone" } do
    for _, key in ipairs { "networkResource", "networkNr" } do
      if config[role][key] == nil then config[role][key] = config.vllmCommon[key] end
    end
  end
  config.model_id_label = flags.model_label(config.model.name, config.namespace.name)
  config.huggingface.token = "{{secret:hf_token}}"
  config.siblingStacks = json.list { json.object { name = "one", modelName = config.model.name,
    standalone = config.standalone.enabled } }
  config.stackIndex, config.sharedInfraStackIndex = 1, 1
end

---The configuration of a stack.
---@param scenario? string YAML over the defaults
---@param injected? string YAML over the derived values
---@return table
function M.config(scenario, injected)
  defaults = defaults or t.ok(yaml.load(info.home .. "/config/templates/values/defaults.yaml"))
  local config = json.copy(defaults)
  if scenario then layer(config, t.ok(yaml.decode(scenario))) end
  derive(config)
  if injected then layer(config, t.ok(yaml.decode(injected))) end
  return config
end

---File names of all templates, sorted.
---@return string[]
function M.names()
  if names then return names end
  names = {}
  for _, entry in ipairs(t.ok(fs.list(M.DIR))) do
    if entry.name:find "^%d.*%.j2$" then names[#names + 1] = entry.name end
  end
  table.sort(names)
  return names
end

local function find(number)
  for _, name in ipairs(M.names()) do
    if name:sub(1, #number + 1) == number .. "_" then return name end
  end
  error("there is no template " .. number, 3)
end

---The text of a template, as the plan phase renders it.
---@param number string such as "05a"
---@param config table
---@return string
function M.text(number, config)
  local opts = { search = { M.DIR } }
  for key, value in pairs(render.plan_environment) do opts[key] = value end
  return t.ok(render.file(M.DIR .. "/" .. find(number), config, opts))
end

---The documents of a template.
---@param number string
---@param scenario? string
---@param injected? string
---@return table[]
function M.docs(number, scenario, injected)
  local documents = {}
  for _, document in ipairs(t.ok(yaml.decode_all(M.text(number, M.config(scenario, injected))))) do
    if document ~= json.null then documents[#documents + 1] = document end
  end
  return documents
end

---The only document of a template.
---@param number string
---@param scenario? string
---@param injected? string
---@return table
function M.doc(number, scenario, injected)
  local documents = M.docs(number, scenario, injected)
  t.eq(1, #documents, "documents of template " .. number)
  return documents[1]
end

---The value at a dotted path, list items counted from 1; nil if there is none.
---@param node any
---@param path string
---@return any
function M.at(node, path)
  for part in path:gmatch "[^.]+" do
    if type(node) ~= "table" then return nil end
    node = node[tonumber(part) or part]
  end
  return node
end

---The value of a YAML text.
---@param text string
---@return any
function M.yaml(text)
  local value, err = yaml.decode(text)
  t.eq(nil, err)
  return value
end

---Environment variables as lines `NAME=value`, `NAME<field path` or `NAME@secret/key`, in their order.
---@param list table[]
---@return string[]
function M.env(list)
  local lines = {}
  for i, each in ipairs(list) do
    local from = each.valueFrom
    if from and from.fieldRef then lines[i] = each.name .. "<" .. from.fieldRef.fieldPath
    elseif from then lines[i] = each.name .. "@" .. from.secretKeyRef.name .. "/" .. from.secretKeyRef.key
    else lines[i] = each.name .. "=" .. each.value end
  end
  return lines
end

---The value of one environment variable; nil if it is not there.
---@param list table[]
---@param name string
---@return string?
function M.variable(list, name)
  for _, each in ipairs(list) do
    if each.name == name then return each.value end
  end
end

---The words of a command line, without the ends of its lines.
---@param container table
---@return string[]
function M.command_lines(container)
  local lines = {}
  for line in container.args[1]:gsub("\n$", ""):gsub(" \\\n", "\n"):gmatch "[^\n]+" do
    lines[#lines + 1] = line:match "^%s*(.*)$"
  end
  return lines
end

return M
