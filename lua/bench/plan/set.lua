---`--set [selector:]dotted.key=value,...`: overrides of the configuration from the command line. A selector
---is a stack name or a pattern with `*` and `?`; the least specific ones are applied first.
---@class bench.plan.set
local M = {}

local hidden = require "bench.hidden"
local merge = require "bench.plan.merge"
local override = require "bench.plan.override"
local schema = require "bench.plan.schema"
local text = require "host.text"

local function split_selector(key)
  local selector, rest = key:match('^([^":.]+):(.+)$')
  if not selector then return "*", key end
  return selector, rest
end

local function pattern_of(selector)
  local escaped = selector:gsub("[%^%$%(%)%%%.%[%]%+%-]", "%%%0"):gsub("%*", ".*"):gsub("%?", ".")
  return "^" .. escaped .. "$"
end

local function rank(selector)
  if selector == "*" then return 1 end
  return selector:find("[*?]") and 2 or 3
end

---@param texts string|string[] several texts count as one that holds all their items
---@param origin string where it was given, e.g. `--set`
---@return { selector: string, key: string, value: any, raw: string, origin: string, rank: integer }[]?
---@return bench.Error?
function M.parse(texts, origin)
  local items, err = override.parse_lists(texts, merge.EXAMPLE)
  if not items then
    err.message = origin .. ": " .. err.message
    return nil, err
  end
  for position, item in ipairs(items) do
    item.selector, item.key = split_selector(item.key)
    item.origin, item.rank, item.position = origin, rank(item.selector), position
  end
  table.sort(items, function(a, b)
    if a.rank ~= b.rank then return a.rank < b.rank end
    return a.position < b.position
  end)
  return items
end

---Hides the values of keys such as `huggingface.token` in all that is printed or recorded from now on.
---@param texts string|string[] as `parse` reads them
function M.hide_secrets(texts)
  hidden.learn_items(override.parse_lists(texts) or {})
end

-- A text without the items that hold secrets; nil if nothing is left.
local function public_items(list)
  local kept = {}
  for _, item in ipairs(override.parse_list(list) or {}) do
    if not hidden.is_secret_key(item.key) then kept[#kept + 1] = item.key .. "=" .. item.raw end
  end
  return #kept > 0 and table.concat(kept, ",") or nil
end

---What was given without the items that hold secrets, to be kept in a file.
---@param texts string|string[]? as `parse` reads them
---@return string|string[]|nil public
function M.without_secrets(texts)
  if type(texts) ~= "table" then return texts and public_items(texts) end
  local kept = {}
  for _, list in ipairs(texts) do kept[#kept + 1] = public_items(list) end
  return #kept > 0 and kept or nil
end

---The keys of the items that hold secrets, which `without_secrets` leaves out.
---@param texts string|string[]? as `parse` reads them
---@return string[] keys
function M.secret_keys(texts)
  local keys = {}
  for _, item in ipairs(texts and override.parse_lists(texts) or {}) do
    if hidden.is_secret_key(item.key) then keys[#keys + 1] = item.key end
  end
  return keys
end

---An error if an item's selector fits none of the stacks.
---@param items table[] from `parse`
---@param names string[] all stacks of the scenario
---@return bench.Error?
function M.check_selectors(items, names)
  for _, item in ipairs(items) do
    local hit = false
    for _, name in ipairs(names) do hit = hit or name:match(pattern_of(item.selector)) ~= nil end
    if not hit then
      return { code = "invalid",
        message = item.origin .. ": no stack matches '" .. item.selector .. "'"
          .. text.did_you_mean(item.selector, names),
        hint = "stacks: " .. table.concat(names, ", ") }
    end
  end
end

---Applies overrides to one stack.
---@param stack { name: string, config: table, origins: table<string, string> }
---@param items table[] `{ key, value, raw?, origin, selector? }`
---@return bench.Error?
function M.apply(stack, items)
  for _, item in ipairs(items) do
    if not item.selector or stack.name:match(pattern_of(item.selector)) then
      local ok, err = merge.set(stack.config, item.key, item.value, stack.origins, item.origin, {
        raw = item.raw,
        allows = function(parts) return schema.allows(stack.config, parts) end, known = schema.names,
      })
      if not ok then
        err.message = item.origin .. ": " .. err.message
        return err
      end
    end
  end
end

return M
