---The manifests of a plan: every template of the specification, rendered for every stack that goes to a
---cluster. All of it happens in memory, and all faults of all templates are collected before anything is
---said.
---@class bench.plan.manifests
local M = {}

local fs = require "host.fs"
local render = require "host.render"
local secrets = require "bench.plan.secrets"
local tree = require "bench.tree"
local yaml = require "host.yaml"

---@class bench.plan.Manifest
---@field name string file name in the stack's folder
---@field text string ends in one newline; only that if the template produced nothing
---@field template string path

local MACROS = "_macros.j2"
local RESERVED = { ["config.yaml"] = true, ["origins.yaml"] = true }

local function invalid(message, hint)
  return { code = "invalid", message = message, hint = hint }
end

---The file name that the output of a template gets.
---@param template string file name
---@return string
function M.output_name(template)
  local name = template:gsub("%.j2$", "")
  return name:sub(-5) == ".yaml" and name or name .. ".yaml"
end

local function is_template(entry)
  return entry.name:find("%.j2$") ~= nil and entry.name:sub(1, 1) ~= "_"
end

local function options(path, dir)
  local opts = { name = path, search = { dir } }
  for key, value in pairs(render.plan_environment) do opts[key] = value end
  return opts
end

-- What is wrong with the language of the macros by themselves: in front of a template it would look like a mistake
-- of that one.
local function syntax_fault(path, dir, source)
  local text, err = render.text(source, {}, options(path, dir))
  if not text and err.class == "TemplateSyntaxError" then return invalid(err.message, err.hint) end
end

-- The macros come before the text of every template.
local function read_macros(dir)
  local path = dir .. "/" .. MACROS
  if not fs.exists(path) then return { path = path, text = "", lines = 0 } end
  local content, err = fs.read(path)
  if not content then return nil, err end
  local prelude = content .. "\n"
  err = syntax_fault(path, dir, prelude)
  if err then return nil, err end
  local _, lines = prelude:gsub("\n", "")
  return { path = path, text = prelude, lines = lines }
end

local function read_template(set, dir, name)
  local path = dir .. "/" .. name
  local content, err = fs.read(path)
  if not content then return err end
  local output = M.output_name(name)
  if set.by_output[output] or RESERVED[output] then
    return invalid(path .. ": the plan already has a file " .. output
      .. (set.by_output[output] and ", from " .. set.by_output[output] or ""), "rename the template")
  end
  set.by_output[output] = path
  set[#set + 1] = { path = path, output = output, source = set.macros.text .. content }
end

---Reads the templates of a folder, sorted by name.
---@param dir string
---@return table? set
---@return bench.Error? err
function M.load(dir)
  local entries, err = fs.list(dir)
  if not entries then return nil, err end
  local set = { dir = dir, by_output = {} }
  set.macros, err = read_macros(dir)
  if not set.macros then return nil, err end
  for _, entry in ipairs(entries) do
    if is_template(entry) then
      err = read_template(set, dir, entry.name)
      if err then return nil, err end
    end
  end
  if #set == 0 then
    return nil, invalid(dir .. ": there are no templates (*.j2 whose names do not begin with '_')",
      "correct template_dir.path in the specification")
  end
  return set
end

-- The place of a line of a template with the macros before it.
local function place_of(set, template, line)
  if line <= set.macros.lines then return set.macros.path .. ":" .. line end
  return template.path .. ":" .. (line - set.macros.lines)
end

-- The same for all places of the template that a text names.
local function with_places(set, template, words)
  local escaped = template.path:gsub("%p", "%%%0")
  return (words:gsub(escaped .. ":(%d+)", function(line) return place_of(set, template, tonumber(line)) end))
end

-- The line of the template itself that called the macro in which it failed.
local function caller(set, template, err)
  if err.file ~= template.path or not err.line or err.line > set.macros.lines then return "" end
  for i = #(err.stack or {}), 1, -1 do
    local place = with_places(set, template, err.stack[i])
    if place:sub(1, #template.path + 1) == template.path .. ":" then return " (called from " .. place .. ")" end
  end
  return ""
end

local function template_fault(set, template, err)
  local message = with_places(set, template, tostring(err.message))
  if not err.line then message = template.path .. ": " .. message end
  return { message = message .. caller(set, template, err), hint = err.hint }
end

-- What is rendered must be YAML. References to secrets are not, unless they are quoted.
local function yaml_fault(manifest)
  if manifest.text == "\n" then return nil end
  local _, err = yaml.decode_all(secrets.mask(manifest.text), { file = manifest.name })
  if not err then return nil end
  return { message = manifest.template .. ": the rendered file is not YAML: " .. tostring(err.message),
    hint = "the numbers count the lines of the rendered " .. manifest.name }
end

local function stripped(content)
  return content:match("^%s*(.*%S)") or ""
end

local function render_one(set, template, variables, globals)
  local opts = options(template.path, set.dir)
  opts.globals = globals
  local rendered, err = render.text(template.source, variables, opts)
  if not rendered then return nil, template_fault(set, template, err) end
  return { name = template.output, template = template.path, text = stripped(rendered) .. "\n" }
end

-- The gateway's namespace, as the stack that owns the gateway has it.
local function gateway_namespace(built, stack)
  local owner = built.stacks[tree.at(stack.config, "sharedInfraStackIndex")]
  return owner and tree.at(owner.config, "gateway", "namespace")
end

local function render_stack(set, stack, globals, faults)
  local manifests, variables = {}, render.variables(stack.config)
  for _, template in ipairs(set) do
    local manifest, fault = render_one(set, template, variables, globals)
    if manifest then
      manifests[#manifests + 1] = manifest
      fault = yaml_fault(manifest)
    end
    if fault then
      fault.stack = stack.name
      faults[#faults + 1] = fault
    end
  end
  return manifests
end

-- Equal faults of several stacks are one.
local function grouped(faults)
  local groups, by_text = {}, {}
  for _, fault in ipairs(faults) do
    local group = by_text[fault.message]
    if not group then
      group = { message = fault.message, hint = fault.hint, stacks = {} }
      by_text[fault.message], groups[#groups + 1] = group, group
    end
    group.stacks[#group.stacks + 1] = fault.stack
  end
  return groups
end

local function error_of(faults, count)
  local groups, lines = grouped(faults), {}
  for i, group in ipairs(groups) do
    local where = count > 1 and " (stack " .. table.concat(group.stacks, ", ") .. ")" or ""
    local first, rest = group.message:match("^([^\n]*)(.*)$")
    lines[i] = first .. where .. rest
  end
  local err = invalid(lines[1], groups[1].hint)
  if #lines > 1 then
    err.message = #lines .. " errors in the manifests:\n" .. table.concat(lines, "\n")
    err.hint = "nothing was written; correct them all, then plan again"
  end
  err.errors = groups
  return err
end

local function stacks_with_manifests(built)
  local stacks = {}
  for _, stack in ipairs(built.stacks) do
    if stack.method ~= "local" and stack.method ~= "url" then stacks[#stacks + 1] = stack end
  end
  return stacks
end

local function load_for(built, method)
  if built.spec.template_dir then return M.load(built.spec.template_dir) end
  return nil, invalid(built.spec.path .. ": the key 'template_dir' is missing", "the method " .. method
    .. " needs templates: add  template_dir: {path: ...}")
end

---Renders the manifests of all stacks into `built.manifests`. Stacks of the method `local` have none.
---@param built bench.Plan
---@return bench.Error? err `invalid`; `errors` lists `{ message, stacks, hint? }` of every template that failed
function M.render(built)
  built.manifests = nil
  local stacks, all = stacks_with_manifests(built), {}
  if #stacks > 0 then
    local set, err = load_for(built, stacks[1].method)
    if not set then return err end
    local faults = {}
    for _, stack in ipairs(stacks) do
      all[stack.name] = render_stack(set, stack, { shared_gateway_namespace = gateway_namespace(built, stack) }, faults)
    end
    if #faults > 0 then return error_of(faults, #built.stacks) end
  end
  built.manifests = all
end

return M
