---The command line: finds the command, reads its options, runs it.
---@class bench.cli
local M = {}

local info = require "host.info"

---Runs the program with these arguments.
---@param args string[]
---@return integer exit_code
function M.run(args)
  local name = args[1]
  local found, command = pcall(require, "bench.commands." .. tostring(name))
  if not found then
    io.stderr:write("llmdbenchmark: ", name and "unknown command: " .. name or "no command given", "\n")
    return info.exit_codes.usage
  end
  local arguments = {}
  for i, declared in ipairs(command.arguments or {}) do arguments[declared[1]] = args[i + 1] end
  return command.run({ options = {}, arguments = arguments })
end

return M
