---The commands of the program. Each is a file `lua/bench/commands/<name>.lua`, loaded when it is needed.
---@class bench.commands
local M = {}

-- The order of `--help`: the life of a benchmark first, tools after it.
local ORDER = {
  "plan", "specs", "standup", "smoketest", "run", "teardown", "e2e", "experiment", "report", "replay", "results",
  "sim", "repl", "scripts", "eject", "test", "doc", "completion", "help",
}

local function module(name) return "bench.commands." .. name end

---True if there is such a command.
---@param name string
---@return boolean
function M.exists(name)
  if not name:match("^[%a][%w_]*$") then return false end
  if package.loaded[module(name)] or package.preload[module(name)] then return true end
  return package.searchpath(module(name), package.path) ~= nil
end

---@param name string
---@return table command
function M.load(name) return require(module(name)) end

---Names of all commands, in the order of the help.
---@return string[]
function M.names()
  local names = {}
  for _, name in ipairs(ORDER) do
    if M.exists(name) then names[#names + 1] = name end
  end
  return names
end

---All commands, loaded.
---@return table[]
function M.all()
  local list = {}
  for i, name in ipairs(M.names()) do list[i] = M.load(name) end
  return list
end

return M
