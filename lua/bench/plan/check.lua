---Does a configuration keep to the schema? Misspelt keys, wrong types, values out of range and such that do not fit
---together are found, each with the place where it was written.
---@class bench.plan.check
local M = {}

local consistency = require "bench.plan.consistency"
local json = require "host.json"
local kinds = require "bench.plan.kinds"
local merge = require "bench.plan.merge"
local override = require "bench.plan.override"
local schema_of = require "bench.plan.schema"
local text = require "host.text"

---@class bench.plan.Finding
---@field key string dotted key; items of lists by index, from 0
---@field origin string? `file:line`, flag or variable that set it
---@field message string what is wrong
---@field suggestion string? the key that was probably meant
---@field expected string? what the key takes
---@field actual string? what it has

local function join(path, key)
  local shown = key:find "[.\"]" and '"' .. key .. '"' or key
  return path == "" and shown or path .. "." .. shown
end

local function report(state, path, finding)
  finding.key = path
  finding.origin = state.origins and merge.origin_at(state.origins, path)
  state.findings[#state.findings + 1] = finding
end

local function names_of(members)
  local names = {}
  for i, key in ipairs(members.order) do names[i] = key end
  return names
end

local function common_length(a, b)
  local count = 0
  while count < #a and a:byte(count + 1) == b:byte(count + 1) do count = count + 1 end
  return count
end

-- Paths of all keys that are not inside of shapes and lists, by their last name.
local function paths_by_name(state)
  if state.by_name then return state.by_name end
  local by_name = {}
  local function walk(node)
    for _, key in ipairs(node.order) do
      local field = node.fields[key]
      by_name[key] = by_name[key] or {}
      table.insert(by_name[key], field.path)
      walk(field)
    end
  end
  walk(state.schema.root)
  state.by_name = by_name
  return by_name
end

-- The same name elsewhere in the schema: the path that shares most with the wrong one, if there is one such.
local function elsewhere(state, path, key)
  local best, length, ties = nil, -1, 0
  for _, candidate in ipairs(paths_by_name(state)[key] or {}) do
    local shared = common_length(candidate, path)
    if shared > length then
      best, length, ties = candidate, shared, 1
    elseif shared == length then
      ties = ties + 1
    end
  end
  return ties == 1 and best or nil
end

local function unknown_key(state, path, key, members)
  local near = text.nearest(key, names_of(members))
  local parent = path:sub(1, #path - #key)
  local suggestion = near and parent .. near or elsewhere(state, path, key)
  report(state, path, { message = "unknown key", suggestion = suggestion })
end

-- In a section with keys of the user's own only what looks like a slip of the pen is reported.
local function looks_misspelt(key, members)
  local near = #key >= 5 and text.nearest(key, names_of(members))
  return near and text.distance(key, near) <= 2
end

local check_value

local function check_section(state, path, value, members, open)
  for _, key in ipairs(json.keys(value)) do
    local here = join(path, key)
    local node = members.fields[key] or members.any
    if node and (members.fields[key] or not looks_misspelt(key, members)) then
      check_value(state, here, rawget(value, key), node)
    elseif not (open or (path == "" and state.own[key])) or looks_misspelt(key, members) then
      unknown_key(state, here, key, members)
    end
  end
  if not state.complete then return end
  for _, key in ipairs(members.order) do
    local node = members.fields[key]
    if not node.optional and rawget(value, key) == nil then
      report(state, join(path, key), { message = "missing: must be " .. kinds.describe(node.types),
        expected = kinds.describe(node.types) })
    end
  end
end

local function check_items(state, path, value, of)
  if not of then return end
  local item = { types = of, optional = false, fields = {}, order = {} }
  if override.kind_of(value) == "list" then
    for index, each in ipairs(value) do check_value(state, path .. "." .. (index - 1), each, item) end
  else
    for _, key in ipairs(json.keys(value)) do check_value(state, join(path, key), rawget(value, key), item) end
  end
end

local function wrong_type(state, path, value, node)
  local expected, actual = kinds.describe(node.types), kinds.show(value)
  if node.secret then actual = "another value" end
  local message = "must be " .. expected .. ", not " .. actual
  local scalar = type(value) == "number" or type(value) == "boolean"
  local first = node.types[1].kind
  if scalar and (first == "text" or first == "name") then message = message .. " (put it in quotes)" end
  report(state, path, { message = message, expected = expected, actual = actual })
end

local function check_container(state, path, value, node)
  local kind = kinds.for_container(node.types, value)
  if not kind then return wrong_type(state, path, value, node) end
  if kind.kind == "list" or kind.kind == "map" then return check_items(state, path, value, kind.of) end
  if kind.kind == "any" or next(value) == nil and override.kind_of(value) == "list" then return end
  local members = schema_of.members(state.schema, node, kind)
  check_section(state, path, value, members, kind.open or (members ~= node and members.types[1].open))
end

function check_value(state, path, value, node)
  if value == nil or value == json.null then
    if not node.optional then wrong_type(state, path, value, node) end
    return
  end
  if type(value) == "table" then return check_container(state, path, value, node) end
  for _, kind in ipairs(node.types) do
    if kinds.accepts(kind, value) then return end
  end
  wrong_type(state, path, value, node)
end

local FIRST_INEXACT = 2 ^ 53  -- also what 2^53 + 1 becomes

-- Whole numbers of which doubles do not keep all digits.
local function check_digits(state, path, value)
  if type(value) == "table" then
    local is_list = override.kind_of(value) == "list"
    for key, each in pairs(value) do
      check_digits(state, is_list and path .. "." .. (key - 1) or join(path, key), each)
    end
  elseif type(value) == "number" and value % 1 == 0 and math.abs(value) >= FIRST_INEXACT then
    report(state, path, { message = "is so large that its last digits may be lost: put it in quotes" })
  end
end

local function is_local(config)
  local section = rawget(config, "local")
  return type(section) == "table" and rawget(section, "enabled") == true
end

---Compares a finished configuration with the schema. Keys that every manifest needs must be there, unless the
---stack is one of processes (`local`).
---@param config table
---@param origins? table<string, string> dotted key -> where its value came from
---@param opts? { defaults?: table, schema?: table, complete?: boolean }
---  defaults: the user's defaults, whose further sections (for templates of their own) are not reported;
---  schema: another than that of configurations; complete: must nothing be missing?
---@return bench.plan.Finding[] findings in the order of the configuration
function M.findings(config, origins, opts)
  opts = opts or {}
  local state = { schema = opts.schema or schema_of.config(), origins = origins, findings = {}, own = {} }
  for _, key in ipairs(opts.defaults and json.keys(opts.defaults) or {}) do
    state.own[key] = not state.schema.root.fields[key] and not text.nearest(key, state.schema.root.order)
  end
  state.complete = opts.complete
  if state.complete == nil then state.complete = not is_local(config) end
  check_section(state, "", config, state.schema.root, false)
  check_digits(state, "", config)
  for _, each in ipairs(not opts.schema and consistency.findings(config, opts.defaults) or {}) do
    report(state, each.key, { message = each.message })
  end
  return state.findings
end

---A finding as one line: `file:line: key: message (did you mean 'x'?)`.
---@param finding bench.plan.Finding
---@return string
function M.line(finding)
  local line = finding.key .. ": " .. finding.message
  if finding.origin then line = finding.origin .. ": " .. line end
  if finding.suggestion then line = line .. " (did you mean '" .. finding.suggestion .. "'?)" end
  return line
end

return M
