---Where the treatments of an experiment come from: experiment files (YAML) and designs (Lua).
---@class bench.treatment
local M = {}

local fs = require "host.fs"
local info = require "host.info"
local text = require "host.text"

local DESIGNS = "workload/designs"

---Reads an experiment file or, if the name ends in `.lua`, a design.
---@param path string
---@return bench.doe.Design? design with `file`; `warnings` lists what is odd but allowed
---@return bench.Error? err `not_found`, `denied`, or `invalid` with file and line
function M.load(path)
  local kind = path:find("%.lua$") and "script" or "file"
  return require("bench.treatment." .. kind).load(path)
end

---The folders that are searched for designs, in order.
---@return string[]
function M.folders()
  return { DESIGNS, info.home .. "/" .. DESIGNS }
end

---Name and file of every design that can be found; an earlier folder hides a later one.
---@return { name: string, file: string }[]
function M.list()
  local designs, seen = {}, {}
  for _, folder in ipairs(M.folders()) do
    for _, file in ipairs(fs.glob(folder .. "/*.lua") or {}) do
      local name = file:match("([^/]+)%.lua$")
      if not seen[name] then
        seen[name], designs[#designs + 1] = true, { name = name, file = file }
      end
    end
  end
  table.sort(designs, function(a, b) return a.name < b.name end)
  return designs
end

---The design with this name, or in this file if the name contains a slash or ends in `.lua`.
---@param name string
---@return bench.doe.Design? design
---@return bench.Error? err `not_found` with the nearest name, or as from `load`
function M.find(name)
  if name:find("/", 1, true) or name:find("%.lua$") then return M.load(name) end
  local names = {}
  for i, design in ipairs(M.list()) do
    if design.name == name then return M.load(design.file) end
    names[i] = design.name
  end
  return nil, {
    code = "not_found",
    message = "no design is called '" .. name .. "'" .. text.did_you_mean(name, names),
    hint = "designs: " .. (#names > 0 and table.concat(names, ", ") or "none") .. "; searched in "
      .. table.concat(M.folders(), ", "),
  }
end

return M
