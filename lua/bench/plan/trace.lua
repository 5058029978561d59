---How the configuration of a stack came about, step by step. Kept only for those who ask (`plan --explain`).
---@class bench.plan.trace
local M = {}

local json = require "host.json"
local merge = require "bench.plan.merge"

---@class bench.plan.Change one value that a key has had
---@field value any
---@field origin string file:line, flag, variable, or what it follows from
---@field layer string the step of the plan that set it

local function text_of(value)
  return type(value) == "table" and json.encode(value, { sort_keys = true }) or value
end

---From now on `step` remembers what changed.
---@param stack bench.plan.Stack
function M.start(stack)
  stack.history = { now = {}, changes = {} }
end

local function note(history, path, value, origin, layer)
  local text, before = text_of(value), history.now[path]
  if before and before.text == text and before.origin == origin then return end
  history.now[path] = { text = text, origin = origin }
  local changes = history.changes[path] or {}
  history.changes[path] = changes
  changes[#changes + 1] = { value = json.copy(value), origin = origin, layer = layer }
end

---Notes what changed since the last step; nothing if the stack is not traced.
---@param stack bench.plan.Stack
---@param layer string
function M.step(stack, layer)
  local history = stack.history
  if not history then return end
  local leaves = merge.leaves(stack.config)
  for path, value in pairs(leaves) do note(history, path, value, stack.origins[path] or layer, layer) end
  for path in pairs(history.now) do
    if leaves[path] == nil then history.now[path] = nil end
  end
end

---Lets the last change of each key show what its value has become since, where only its type was settled.
---@param stack bench.plan.Stack
function M.restate(stack)
  local history = stack.history
  if not history then return end
  for path, value in pairs(merge.leaves(stack.config)) do
    local changes, now = history.changes[path], history.now[path]
    if now and now.text ~= text_of(value) then
      now.text, changes[#changes].value = text_of(value), json.copy(value)
    end
  end
end

---What a key has been, oldest first; the last one is in force.
---@param stack bench.plan.Stack a traced one
---@param path string
---@return bench.plan.Change[]
function M.changes(stack, path)
  return stack.history.changes[path] or {}
end

return M
