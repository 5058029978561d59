---Reading the two files of a specification that hold values: the defaults and the scenario.
---@class bench.plan.scenario
local M = {}

local fs = require "host.fs"
local json = require "host.json"
local override = require "bench.plan.override"
local text = require "host.text"
local user_yaml = require "bench.plan.user_yaml"
local yaml = require "host.yaml"

---@class bench.plan.Layer one file's contribution
---@field file string
---@field tree table
---@field lines table<string, integer>? dotted key -> line
---@field warnings string[]

local function bad(file, message, hint)
  return { code = "invalid", message = file .. ": " .. message, hint = hint, file = file }
end

---The largest file that is read as defaults, scenario or specification.
M.LARGEST_BYTES = 4 * 1024 * 1024

-- The text of a file of bearable size.
local function read(path, stat)
  if stat and stat.size_bytes > M.LARGEST_BYTES then
    return nil, bad(path, ("the file has %.1f MiB; at most %d MiB are read as configuration"):format(
      stat.size_bytes / 2 ^ 20, M.LARGEST_BYTES / 2 ^ 20), "is this the right file?")
  end
  local content, err = fs.read(path)
  if not content then err.hint = err.hint or "check the file's permissions" end
  return content, err
end

local DEEPEST = 100

local function is_too_deep(node, depth)
  if depth > DEEPEST then return true end
  for _, value in next, node do
    if type(value) == "table" and is_too_deep(value, depth + 1) then return true end
  end
  return false
end

-- A YAML file that must hold a map.
local function parse(path, stat)
  local content, err = read(path, stat)
  if not content then return nil, err end
  local warnings, tree = {}
  tree, err = user_yaml.decode(content, { file = path, warnings = warnings })
  if err then return nil, err end
  if override.kind_of(tree) ~= "map" then
    local what = tree == json.null and "is empty" or "holds a " .. override.kind_of(tree)
    return nil, bad(path, "the file " .. what .. "; it must hold a map of keys")
  end
  if is_too_deep(tree, 1) then
    return nil, bad(path, "maps and lists are nested deeper than " .. DEEPEST .. " levels")
  end
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
    local layer, err = parse(path, stat)
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

local function place(layer, path)
  local line = layer.lines and layer.lines[path]
  return line and layer.file .. ":" .. line or layer.file
end

local function at(layer, path, message, hint)
  return { code = "invalid", message = place(layer, path) .. ": " .. message, hint = hint, file = layer.file,
    line = layer.lines and layer.lines[path] }
end

local NAME_HINT = "the name becomes the name of a folder: use letters, digits, '.', '_' and '-', beginning "
  .. "with a letter or digit, at most 100"

local function check_name(layer, path, name, position)
  if name == nil or name == json.null then
    return at(layer, path, "element " .. position .. " of 'scenario' needs a name", "add  name: NAME")
  end
  if type(name) ~= "string" then
    return at(layer, path .. ".name", "the name of element " .. position .. " of 'scenario' is read as a "
      .. override.kind_of(name) .. ", but it needs a name that is text", "write it in quotes")
  end
  if not name:match("^[%w][%w._-]*$") or #name > 100 then
    return at(layer, path .. ".name", "'" .. name:sub(1, 60) .. "' cannot be the name of a stack: element "
      .. position .. " of 'scenario' needs a name made of letters, digits, '.', '_', '-'", NAME_HINT)
  end
end

local function check_stack(layer, stack, position, seen)
  local path = "scenario." .. (position - 1)
  if override.kind_of(stack) ~= "map" then
    return at(layer, path, "element " .. position .. " of 'scenario' must be a map with a name, not a "
      .. override.kind_of(stack))
  end
  local err = check_name(layer, path, stack.name, position)
  if err then return err end
  local first = seen[stack.name]
  if first then
    return at(layer, path, "two stacks are called '" .. stack.name .. "'; the first is at "
      .. place(layer, first), "give each stack a name of its own")
  end
  seen[stack.name] = path
end

local SHAPE = "a scenario file has the list 'scenario' and, if you like, the map 'shared'"

local function missing(layer)
  local tree = layer.tree
  if rawget(tree, "values_file") ~= nil or rawget(tree, "scenario_file") ~= nil then
    return bad(layer.file, "this is a specification, not a scenario", "name the scenario in scenario_file.path")
  end
  local near = text.nearest("scenario", json.keys(tree))
  if near then return at(layer, near, "the key 'scenario' is missing; there is '" .. near .. "'", SHAPE) end
  return bad(layer.file, "the key 'scenario' is missing", SHAPE)
end

local SLIPS = { scenario = 2, shared = 1 }  -- letters that may be wrong for a key to count as misspelt

-- Other keys may hold what anchors name; only slips of the pen are found.
local function misspelt_keys(layer)
  local findings = {}
  for _, key in ipairs(json.keys(layer.tree)) do
    for name, most in pairs(SLIPS) do
      if key ~= name and text.distance(key, name) <= most then
        findings[#findings + 1] = ("%s: the key '%s' has no effect (did you mean '%s'?); %s"):format(
          place(layer, key), key, name, SHAPE)
      end
    end
  end
  return findings
end

local function check_scenario(layer)
  local stacks, shared = layer.tree.scenario, layer.tree.shared
  if stacks == nil then return missing(layer) end
  if override.kind_of(stacks) ~= "list" then
    return at(layer, "scenario", "'scenario' must be a list of stacks, not a " .. override.kind_of(stacks),
      "write each stack as  - name: NAME")
  end
  if #stacks == 0 then return at(layer, "scenario", "'scenario' has no stacks", "add  - name: NAME") end
  if M.is_true(shared) and override.kind_of(shared) ~= "map" then
    return at(layer, "shared", "'shared' must be a map, not a " .. override.kind_of(shared))
  end
  local seen = {}
  for position, stack in ipairs(stacks) do
    local err = check_stack(layer, stack, position, seen)
    if err then return err end
  end
end

---Truth as the templates see it: nothing, null, false, 0, "" and empty tables are not.
---@param value any
---@return boolean
function M.is_true(value)
  if value == nil or value == json.null or value == false or value == 0 or value == "" then return false end
  return type(value) ~= "table" or next(value) ~= nil
end

---@param path string
---@param warnings string[]
---@return { file: string, shared: table?, stacks: table[], lines: table<string, integer>?, findings: string[] }? scenario
---  findings: what is probably a mistake
---@return bench.Error?
function M.load(path, warnings)
  local layer, err = load_map(path, warnings)
  if not layer then return nil, err end
  err = check_scenario(layer)
  if err then return nil, err end
  local shared = layer.tree.shared
  if not M.is_true(shared) then shared = nil end
  return { file = path, shared = shared, stacks = layer.tree.scenario, lines = layer.lines,
    findings = misspelt_keys(layer) }
end

-- The key without its last part; nil for a key of one part.
local function parent_of(path)
  return path:match('^(.*)%."[^"]*"$') or path:match("^(.*)%.[^.]*$")
end

---Where the values of one layer came from: `file:line` if the line is known, else the file. What an alias
---brought in has the line of the alias.
---@param layer { file: string, lines: table<string, integer>? }
---@param prefix string dotted key of the layer inside its file, "" for the whole file
---@return fun(path: string): string
function M.origin(layer, prefix)
  local lines, start = layer.lines or {}, prefix == "" and "" or prefix .. "."
  return function(path)
    local full = start .. path
    local line = lines[full]
    while not line and full do
      full = parent_of(full)
      line = full and lines[full]
    end
    return line and (layer.file .. ":" .. line) or layer.file
  end
end

return M
