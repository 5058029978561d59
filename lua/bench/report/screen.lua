-- How what is printed may look: width and colour of the terminal.
local env = require "host.env"
local term = require "host.term"

local M = {}

---@return { width?: integer, color: boolean } width only on a terminal
function M.look()
  local facts = term.facts()
  local no_color, terminal = env.get "NO_COLOR" or "", env.get "TERM" or ""
  return { width = facts.output and facts.width or nil, color = facts.output
    and no_color == "" and terminal ~= "" and terminal ~= "dumb" }
end

return M
