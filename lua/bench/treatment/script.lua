-- Designs written in Lua: `return doe.full_factorial { ... }`.
local M = {}

local function invalid(path, message, hint)
  return { code = "invalid", message = message, hint = hint, file = path }
end

-- Runs the chunk in a coroutine of its own, in which every call that waits raises.
local function define(chunk)
  local routine = coroutine.create(chunk)
  local fine, result = coroutine.resume(routine)
  if not fine then return nil, result end
  if coroutine.status(routine) ~= "dead" then return nil, "a design must not yield" end
  return result
end

local function looks_like_design(value)
  return type(value) == "table" and type(value.setups) == "table" and type(value.kind) == "string"
end

---@param path string
---@return bench.doe.Design? design
---@return bench.Error? err
function M.load(path)
  local chunk, problem = loadfile(path)
  if not chunk then
    local missing = problem:find("No such file", 1, true)
    if missing then return nil, { code = "not_found", message = "no design file " .. path, file = path } end
    return nil, invalid(path, problem, "the file must be Lua that returns a design")
  end
  local design
  design, problem = define(chunk)
  if problem ~= nil then
    local message = type(problem) == "table" and problem.message or problem
    return nil, invalid(path, path .. ": " .. tostring(message),
      "a design file only defines: it must not wait or change anything")
  end
  if not looks_like_design(design) then
    return nil, invalid(path, path .. ": the file must return a design",
      "for example: return require(\"bench.doe\").full_factorial { run = { rate = { 1, 2 } } }")
  end
  design.file = path
  design.name = design.name or path:match("([^/]+)%.lua$")
  design.warnings = design.warnings or {}
  return design
end

return M
