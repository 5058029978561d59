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

-- The line of the call `doe.KIND` in a file that has only one. `return doe.KIND {...}` is a tail call, after which the
-- host no longer knows the line.
local function line_of_call(path, kind)
  local number, found = 0, nil
  for line in io.lines(path) do
    number = number + 1
    if line:find("%f[%w_]" .. kind .. "%s*[({]") then
      if found then return nil end
      found = number
    end
  end
  return found
end

-- `file:line: message`, whatever part of that the message says already.
local function with_place(path, message)
  local file, line, rest = message:match("^(%S*%.lua):(%d+): (.*)$")
  local tail = file and file:gsub("^%.%.%.", "")
  if tail and path:sub(-#tail) == tail then return path .. ":" .. line .. ": " .. rest end
  local kind = message:match("^doe%.([%l_]+)")
  line = kind and line_of_call(path, kind)
  return (line and path .. ":" .. line or path) .. ": " .. message
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
    local message = tostring(type(problem) == "table" and problem.message or problem)
    return nil, invalid(path, with_place(path, message),
      message:find(" wait", 1, true) and "a design file only defines: it must not wait or change anything" or nil)
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
