---Where values of a plan come from: `plan --explain decode.replicas`. A key may be a section (all values
---below it), a pattern (`*` for one part, `**` for any number) or lead into a list
---(`decode.extraEnvVars.0.name`).
---@class bench.plan.explain
local M = {}

local json = require "host.json"
local lists = require "bench.lists"
local override = require "bench.plan.override"
local show = require "bench.plan.show"
local text = require "host.text"
local trace = require "bench.plan.trace"

---@class bench.plan.Explained
---@field key string
---@field value any
---@field origin string
---@field layer string the step of the plan that set it
---@field replaced bench.plan.Change[] what it was before, newest first

local MOST_NEAR = 5

local function lua_pattern(key)
  local escaped = key:gsub("[%^%$%(%)%%%.%[%]%+%-%?]", "%%%0")
  return "^" .. escaped:gsub("%*%*", "\0"):gsub("%*", "[^.]*"):gsub("%z", ".*") .. "$"
end

local function matcher(key)
  if key:find("*", 1, true) then
    local pattern = lua_pattern(key)
    local below = lua_pattern(key .. ".**")
    return function(path) return path:find(pattern) ~= nil or path:find(below) ~= nil end
  end
  return function(path) return path == key or path:sub(1, #key + 1) == key .. "." end
end

-- The value that a key names inside a list, and the key of the list.
local function inside_list(stack, key)
  local parts = override.split_path(key)
  if not parts then return nil end
  local node, at = stack.config, nil
  for depth, part in ipairs(parts) do
    local kind = override.kind_of(node)
    if kind == "list" then
      at = at or override.join_path({ unpack(parts, 1, depth - 1) })
      node = node[(tonumber(part) or -1) + 1]
    elseif kind == "map" then
      node = rawget(node, part)
    else
      return nil
    end
    if node == nil then return nil end
  end
  if at then return node, at end
end

local function last_first(changes)
  local list = {}
  for i = #changes - 1, 1, -1 do list[#list + 1] = changes[i] end
  return list
end

local function explained(stack, path)
  local changes = trace.changes(stack, path)
  local last = changes[#changes]
  return { key = path, value = last.value, origin = last.origin, layer = last.layer,
    replaced = last_first(changes) }
end

local function of_stack(stack, key)
  local list, fits = {}, matcher(key)
  local normal = key:gsub("%[(%d+)%]", ".%1")
  for path in pairs(stack.history.now) do
    if fits(path) then list[#list + 1] = explained(stack, path) end
  end
  table.sort(list, function(a, b) return a.key < b.key end)
  if #list > 0 then return list end
  local value, at = inside_list(stack, normal)
  if value == nil then return list end
  local whole = explained(stack, at)
  return { { key = normal, value = value, origin = whole.origin, layer = whole.layer, replaced = {} } }
end

-- Keys and sections of all stacks.
local function known_keys(stacks)
  local seen, keys = {}, {}
  local function add(path)
    if not seen[path] then
      seen[path], keys[#keys + 1] = true, path
    end
  end
  for _, stack in ipairs(stacks) do
    for path in pairs(stack.history.now) do
      add(path)
      for at in path:gmatch("()%.") do add(path:sub(1, at - 1)) end
    end
  end
  table.sort(keys)
  return keys
end

-- Keys whose last part is the word, or nearly: `decode.replicas` for `replcias`.
local function add_by_last_part(near, word, keys)
  local last, names = {}, {}
  for i, path in ipairs(keys) do
    last[i] = path:match("[^.]+$")
    names[#names + 1] = last[i]
  end
  local meant = text.nearest(word, names)
  for i, path in ipairs(keys) do
    if meant and #near < MOST_NEAR and last[i] == meant and not lists.contains(near, path) then
      near[#near + 1] = path
    end
  end
end

local function unknown(key, stacks)
  local keys = known_keys(stacks)
  local near = text.nearest_words(key, keys, { limit = 3 })
  add_by_last_part(near, key:match("[^.]+$") or key, keys)
  return { code = "not_found", message = "the configuration has no '" .. key .. "'"
    .. (near[1] and " (did you mean '" .. near[1] .. "'?)" or ""),
    hint = #near > 1 and "near: " .. table.concat(near, ", ")
      or "`llmdbenchmark plan --explain '*'` shows every key" }
end

---Explains a key in every stack that has it.
---@param stacks bench.plan.Stack[] traced ones
---@param key string
---@return { stack: string, keys: bench.plan.Explained[] }[]? found
---@return bench.Error? err `not_found`, with the nearest keys
function M.find(stacks, key)
  local found = {}
  for _, stack in ipairs(stacks) do
    local list = of_stack(stack, key)
    if #list > 0 then found[#found + 1] = { stack = stack.name, keys = list } end
  end
  if #found == 0 then return nil, unknown(key, stacks) end
  return found
end

-- For people

local LONGEST = 160

local function source_of(change)
  if change.origin == change.layer then return change.origin end
  return change.origin .. " (" .. change.layer .. ")"
end

local function lines_of(entry)
  local lines = { entry.key .. " = " .. show.value(entry.value, LONGEST) }
  lines[2] = "    from " .. source_of(entry)
  for _, change in ipairs(entry.replaced) do
    local value = show.value(change.value, LONGEST)
    lines[#lines + 1] = "    instead of " .. value .. " from " .. source_of(change)
  end
  return table.concat(lines, "\n")
end

---The explanation as text. Stacks for which it is the same share one.
---@param found { stack: string, keys: bench.plan.Explained[] }[]
---@param count integer stacks of the plan
---@return string
function M.text(found, count)
  local groups, by_text = {}, {}
  for _, each in ipairs(found) do
    local parts = {}
    for i, entry in ipairs(each.keys) do parts[i] = lines_of(entry) end
    local body = table.concat(parts, "\n")
    if not by_text[body] then
      by_text[body] = { names = {}, body = body }
      groups[#groups + 1] = by_text[body]
    end
    local names = by_text[body].names
    names[#names + 1] = each.stack
  end
  local out = {}
  for _, group in ipairs(groups) do
    if #group.names < count or count > 1 and #groups > 1 then
      out[#out + 1] = "# stack " .. table.concat(group.names, ", ")
    end
    out[#out + 1] = group.body
  end
  return table.concat(out, "\n") .. "\n"
end

---The explanation for machines.
---@param found { stack: string, keys: bench.plan.Explained[] }[]
---@return table
function M.tree(found)
  local stacks = {}
  for i, each in ipairs(found) do
    local keys = {}
    for k, entry in ipairs(each.keys) do
      keys[k] = { key = entry.key, value = entry.value, origin = entry.origin, layer = entry.layer,
        replaced = json.list(entry.replaced) }
    end
    stacks[i] = { name = each.stack, keys = json.list(keys) }
  end
  return { stacks = json.list(stacks) }
end

return M
