---YAML that users write into files: hints of the reader that are meant for scripts say what to do in the file.
---@class bench.plan.user_yaml
local M = {}

local yaml = require "host.yaml"

local HINTS = {
  max_expanded_nodes = "write some of the aliases (*NAME) out, or let fewer of them contain each other",
  decode_all = "keep one document: take out the line '---' and what belongs to the second, or write it into a file of its own",
}

---Reads one document, as `host.yaml.decode` does.
---@param text string
---@param opts? { file?: string, warnings?: string[] }
---@return any value
---@return bench.Error? err
function M.decode(text, opts)
  local value, err = yaml.decode(text, opts)
  for word, hint in pairs(HINTS) do
    if err and err.hint and err.hint:find(word, 1, true) then err.hint = hint end
  end
  return value, err
end

return M
