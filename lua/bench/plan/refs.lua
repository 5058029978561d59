---References between values: `${model.name}` inside a text stands for that value of the same stack. A word
---without a dot, such as `${HOME}`, is left to the shell.
---@class bench.plan.refs
local M = {}

local json = require "host.json"
local merge = require "bench.plan.merge"
local override = require "bench.plan.override"
local render = require "host.render"
local text = require "host.text"

local WORD = "[%w_\128-\255]"
local PATTERN = "%${(" .. WORD .. "+%.[%w_.\128-\255]*" .. WORD .. ")}"

local function look_up(config, path)
  local node = config
  for part in path:gmatch("[^.]+") do
    if override.kind_of(node) ~= "map" then return nil end
    node = rawget(node, part)
  end
  return node
end

-- A number or boolean inside a text, as Python writes it. The map that it is taken from knows whether it is a
-- float.
local function shown(config, path)
  local parent, key = path:match "^(.*)%.([^.]+)$"
  local holder = json.object {}
  json.take(holder, key, look_up(config, parent))
  return assert(render.text("{{ holder.values() | first }}", { holder = holder }))
end

local function cycle_error(state, path)
  local names = {}
  local started = false
  for _, name in ipairs(state.open) do
    started = started or name == path
    if started then names[#names + 1] = name end
  end
  names[#names + 1] = path
  return { code = "invalid", key = path,
    message = (state.stack.origins[path] or "stack '" .. state.stack.name .. "'")
      .. ": the reference goes in a circle: " .. table.concat(names, " -> "),
    hint = "give one of these keys a value of its own" }
end

local function why_not(state, path, value)
  if value == json.null then return "'" .. path .. "' is null" end
  if value ~= nil then return "'" .. path .. "' is a " .. override.kind_of(value) .. ", not a plain value" end
  state.keys = state.keys or merge.leaves(state.stack.config)
  local names = {}
  for name in pairs(state.keys) do names[#names + 1] = name end
  table.sort(names)
  return "there is no '" .. path .. "'" .. text.did_you_mean(path, names)
end

local function warn(state, here, path, value)
  local stack = state.stack
  stack.warnings[#stack.warnings + 1] = ("%s: %s: ${%s} is left as it is: %s"):format(
    stack.origins[here] or "stack '" .. stack.name .. "'", here, path, why_not(state, path, value))
end

local replace

-- The final value of a key that a text refers to; nil if it cannot stand in a text.
local function value_of(state, path)
  local value = look_up(state.stack.config, path)
  if type(value) ~= "string" then
    if type(value) == "number" or type(value) == "boolean" then return shown(state.stack.config, path) end
    return nil, value
  end
  return replace(state, path, value)
end

-- The text of a key, with references replaced. `here` is its dotted key.
function replace(state, here, content)
  if not content:find("${", 1, true) then return content end
  if state.done[here] then return state.done[here] end
  if state.is_open[here] then error(cycle_error(state, here), 0) end
  state.is_open[here] = true
  state.open[#state.open + 1] = here
  local result = content:gsub(PATTERN, function(path)
    if path:find("..", 1, true) then return nil end
    local value, odd = value_of(state, path)
    if value == nil then warn(state, here, path, odd) end
    return value
  end)
  state.open[#state.open], state.is_open[here] = nil, nil
  state.done[here] = result
  return result
end

local function walk(state, node, path)
  local is_list = override.kind_of(node) == "list"
  local keys = is_list and node or json.keys(node)
  for i = 1, #keys do
    local key = is_list and i or keys[i]
    local value = node[key]
    local here = is_list and path .. "." .. (i - 1) or merge.child(path, key)
    if type(value) == "string" then
      node[key] = replace(state, here, value)
    elseif type(value) == "table" then
      walk(state, value, here)
    end
  end
end

---Replaces the references in all texts of a stack, in place. A reference that leads nowhere stays as it is
---and becomes a warning.
---@param stack bench.plan.Stack
---@return bench.Error? err `invalid`: references that go in a circle
function M.resolve(stack)
  local state = { stack = stack, open = {}, is_open = {}, done = {} }
  local fine, err = pcall(walk, state, stack.config, "")
  if fine then return nil end
  if type(err) == "table" then return err end
  error(err, 0)
end

return M
