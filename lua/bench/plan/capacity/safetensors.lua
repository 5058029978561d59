---Headers of safetensors files: eight bytes with the length (little endian), then JSON with type and shape of
---every tensor. The weights themselves are never read.
---@class bench.plan.capacity.safetensors
local M = {}

local json = require "host.json"

---Bytes to ask for at first: most headers are shorter.
M.FIRST_BYTES = 128 * 1024
M.MOST_BYTES = 100 * 1024 * 1024

---The length of the header and of what is in front of it.
---@param beginning string at least eight bytes of the file
---@return integer? bytes
---@return string? reason
function M.needed(beginning)
  if #beginning < 8 then return nil, "the file is too short" end
  local length = 0
  for i = 8, 1, -1 do length = length * 256 + beginning:byte(i) end
  if length < 2 or length > M.MOST_BYTES then return nil, "it does not begin like a safetensors file" end
  return length + 8
end

---Adds the values of a file to the counts by type.
---@param beginning string the file, at least up to the end of its header
---@param counts table<string, number>
---@return true? ok
---@return string? reason
function M.count(beginning, counts)
  local needed, reason = M.needed(beginning)
  if not needed then return nil, reason end
  local header = json.decode(beginning:sub(9, needed))
  if type(header) ~= "table" then return nil, "its header is not JSON" end
  for _, name in ipairs(json.keys(header)) do
    local tensor = header[name]
    if name ~= "__metadata__" and type(tensor) == "table" and type(rawget(tensor, "dtype")) == "string" then
      local size = 1
      for _, extent in ipairs(rawget(tensor, "shape") or {}) do size = size * extent end
      counts[tensor.dtype] = (counts[tensor.dtype] or 0) + size
    end
  end
  return true
end

return M
