---What all lookups of `auto` values share: the cache of a command, running tools, and noting what was found
---or why nothing was.
---@class bench.plan.resolve.lookup
local M = {}

local exec = require "host.exec"
local log = require "host.log"
local merge = require "bench.plan.merge"
local tree = require "bench.tree"

M.TIMEOUT_S = 60
local QUIET_REMEDY = "plan with access to registries and cluster, or write the value instead of auto"

---@class bench.plan.resolve.Lookup
---@field stack table
---@field opts table
---@field cache table
local Lookup = {}
Lookup.__index = Lookup

---@param stack table
---@param opts { dry_run?: boolean, offline?: boolean, kubeconfig?: string, context?: string, cache?: table }
---@return bench.plan.resolve.Lookup
function M.new(stack, opts)
  stack.unresolved = stack.unresolved or {}
  stack.warnings = stack.warnings or {}
  return setmetatable({ stack = stack, opts = opts, cache = opts.cache or {} }, Lookup)
end

---The value at a path of the stack's configuration; nil if it is missing or null.
---@param ... string
---@return any
function Lookup:get(...)
  return tree.at(self.stack.config, ...)
end

---Replaces a value and notes where the new one came from. The map that holds it must exist.
---@param parts string[]
---@param value any
---@param origin string
function Lookup:set(parts, value, origin)
  local node = self.stack.config
  for i = 1, #parts - 1 do node = rawget(node, parts[i]) end
  node[parts[#parts]] = value
  merge.note_one(self.stack.origins, require("bench.plan.override").join_path(parts), origin)
end

---Notes that a value could not be found.
---@param key string
---@param reason string
---@param remedy string
function Lookup:unresolved(key, reason, remedy)
  if self.opts.dry_run or self.opts.offline then remedy = QUIET_REMEDY end
  table.insert(self.stack.unresolved, { key = key, reason = log.redact(reason), remedy = remedy })
end

---Why nobody may be asked, or nil.
---@return string?
function Lookup:quiet()
  if self.opts.dry_run then return "a dry run asks nobody" end
  if self.opts.offline then return "this is an offline plan" end
end

---What `find` answers, asked once per command.
---@generic T
---@param key string
---@param find fun(): T?, string?
---@return T? value
---@return string? reason
function Lookup:once(key, find)
  local known = self.cache[key]
  if not known then
    local value, reason = find()
    known = { value = value, reason = reason }
    self.cache[key] = known
  end
  return known.value, known.reason
end

local function last_line(text)
  local last
  for line in (text or ""):gmatch "[^\n]+" do
    if line:match "%S" then last = line:match "^%s*(.-)%s*$" end
  end
  return last and #last > 300 and last:sub(1, 297) .. "..." or last
end

---Runs a tool that changes nothing.
---@async
---@param argv string[]
---@param opts? { env?: table, timeout_s?: number }
---@return string? stdout
---@return string? reason why there is none
---@return boolean? missing the tool is not installed
function M.run(argv, opts)
  opts = opts or {}
  local result, err = exec.run(argv, { read = true, timeout_s = opts.timeout_s or M.TIMEOUT_S, env = opts.env })
  if not result then
    if err.code == "not_found" then return nil, argv[1] .. " is not installed", true end
    if err.code == "timeout" then
      return nil, ("%s did not answer within %g s"):format(argv[1], opts.timeout_s or M.TIMEOUT_S)
    end
    return nil, argv[1] .. ": " .. err.message
  end
  if result.exit_code ~= 0 then
    local why = last_line(result.stderr) or last_line(result.stdout) or "no output"
    return nil, ("%s failed with exit code %d: %s"):format(argv[1], result.exit_code, log.redact(why))
  end
  return result.stdout
end

return M
