---The harnesses: programs that generate load and measure, one file each in lua/bench/harness/.
---@class bench.harness
local M = {}

local fs = require "host.fs"
local info = require "host.info"
local text = require "host.text"

---@class bench.Harness
---@field name string
---@field doc string
---@field profiles string folder below workload/profiles
---@field run fun(ctx: bench.Context, stack: bench.plan.Stack, job: bench.Job): table?, bench.Error?
---@field allows? fun(parts: string[]): boolean may a treatment add this profile key?
---@field is_length? fun(parts: string[]): boolean is the value of this profile key a number or a map?
---@field check? fun(source: string, opts: table): true?, bench.Error? is this rendered profile sound?

---The names of all harnesses.
---@return string[]
function M.list()
  local names = {}
  for _, path in ipairs(fs.glob(info.home .. "/lua/bench/harness/*.lua")) do
    names[#names + 1] = path:match("([^/]+)%.lua$")
  end
  table.sort(names)
  return names
end

---@param name string
---@return bench.Harness? harness
---@return bench.Error? err `not_found` with the nearest name
function M.get(name)
  local known = M.list()
  for _, present in ipairs(known) do
    if present == name then return require("bench.harness." .. name) end
  end
  return nil, { code = "not_found", message = "there is no harness '" .. name .. "'"
    .. text.did_you_mean(name, known),
    hint = "harnesses of this version: " .. table.concat(known, ", ") .. "; choose one with --harness" }
end

return M
