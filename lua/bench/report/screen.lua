-- How what is printed may look: width and colour of the terminal.
local env = require "host.env"
local term = require "host.term"

local M = {}

---@return { width?: integer, color: boolean } width only on a terminal
function M.look()
  local facts = term.facts()
  local no_color = env.get "NO_COLOR"
  return { width = facts.output and facts.width or nil, color = facts.output
    and (no_color == nil or no_color == "") }
end

return M
