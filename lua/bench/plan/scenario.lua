---Reading the two files of a specification that hold values: the defaults and the scenario.
---@class bench.plan.scenario
local M = {}

local fs = require "host.fs"
local json = require "host.json"
local override = require "bench.plan.override"
local text = require "host.text"
local yaml = require "host.yaml"

---@class bench.plan.Layer one file's contribution
---@field file string
---@field tree table
---@field lines table<string, integer>? dotted key -> line
---@field warnings string[]

local function bad(file, message, hint)
  return { code = "invalid", message = file .. ": " .. message, hint = hint, file = file }
end

-- A YAML file that must hold a map.
local function parse(path)
  local content, err = fs.read(path)
  if not content then return nil, err end
  local warnings, tree = {}
  tree, err = yaml.decode(content, { file = path, warnings = warnings })
  if err then return nil, err end
  if override.kind_of(tree) ~= "map" then return nil, bad(path, "the file must hold a map of keys") end
  return { file = path, tree = tree, lines = yaml.lines(content), warnings = warnings }
end

-- Files that were parsed already; an experiment plans the same two for each of its treatments. Layers are
-- copied when they are merged, never changed.
local parsed = {}

local function load_map(path, warnings)
  local stat = fs.stat(path)
  local state = stat and stat.size_bytes .. "/" .. stat.modified_s
  local known = parsed[path]
  if not known or known.state ~= state then
    local layer, err = parse(path)
    if not layer then return nil, err end
    known = { state = state, layer = layer }
    parsed[path] = known
  end
  for _, warning in ipairs(known.layer.warnings) do warnings[#warnings + 1] = warning end
  return known.layer
end

---@param path string
---@param warnings string[] filled with what is odd but allowed
---@return bench.plan.Layer?
---@return bench.Error?
function M.load_defaults(path, warnings)
  return load_map(path, warnings)
end

local function check_stack(file, stack, position, seen)
  if override.kind_of(stack) ~= "map" then
    return bad(file, "element " .. position .. " of 'scenario' must be a map with a name")
  end
  local name = stack.name
  if type(name) ~= "string" or not name:match("^[%w][%w._-]*$") then
    return bad(file, "element " .. position
      .. " of 'scenario' needs a name made of letters, digits, '.', '_', '-'")
  end
  if seen[name] then return bad(file, "two stacks are called '" .. name .. "'") end
  seen[name] = true
end

local function check_scenario(file, tree)
  local stacks = tree.scenario
  if stacks == nil then
    local near = text.nearest("scenario", json.keys(tree))
    return bad(file, "the key 'scenario' is missing" .. (near and "; there is '" .. near .. "'" or ""),
      "a scenario file has the list 'scenario' and, if you like, the map 'shared'")
  end
  if override.kind_of(stacks) ~= "list" then return bad(file, "'scenario' must be a list of stacks") end
  if #stacks == 0 then return bad(file, "'scenario' has no stacks") end
  local shared = tree.shared
  if shared and shared ~= json.null and override.kind_of(shared) ~= "map" then
    return bad(file, "'shared' must be a map")
  end
  local seen = {}
  for position, stack in ipairs(stacks) do
    local err = check_stack(file, stack, position, seen)
    if err then return err end
  end
end

---@param path string
---@param warnings string[]
---@return { file: string, shared: table?, stacks: table[], lines: table<string, integer>? }? scenario
---@return bench.Error?
function M.load(path, warnings)
  local layer, err = load_map(path, warnings)
  if not layer then return nil, err end
  err = check_scenario(path, layer.tree)
  if err then return nil, err end
  local shared = layer.tree.shared
  if type(shared) ~= "table" then shared = nil end
  return { file = path, shared = shared, stacks = layer.tree.scenario, lines = layer.lines }
end

---Where the values of one layer came from: `file:line` if the line is known, else the file.
---@param layer { file: string, lines: table<string, integer>? }
---@param prefix string dotted key of the layer inside its file, "" for the whole file
---@return fun(path: string): string
function M.origin(layer, prefix)
  return function(path)
    local full = prefix == "" and path or prefix .. "." .. path
    local line = layer.lines and layer.lines[full]
    return line and (layer.file .. ":" .. line) or layer.file
  end
end

return M
