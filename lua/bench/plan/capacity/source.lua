---What is known about a model: its `config.json`, and how many values of which type it stores. From a file, a
---folder, or the hub.
---@class bench.plan.capacity.source
local M = {}

local fs = require "host.fs"
local hub = require "bench.hub"
local json = require "host.json"
local safetensors = require "bench.plan.capacity.safetensors"

---@class bench.plan.capacity.Facts
---@field config table
---@field params table<string, number>? values by type
---@field bytes number? of all weights, where only that is known
---@field reason string? why neither is known
---@field from string

local function read_beginning(path)
  local file, reason = io.open(path, "rb")
  if not file then return nil, reason end
  local beginning = file:read(8) or ""
  local needed
  needed, reason = safetensors.needed(beginning)
  if needed then beginning = beginning .. (file:read(needed - 8) or "") end
  file:close()
  if not needed then return nil, reason end
  return beginning
end

local function count_files(files, facts)
  local counts = {}
  for _, path in ipairs(files) do
    local beginning, reason = read_beginning(path)
    local ok
    if beginning then ok, reason = safetensors.count(beginning, counts) end
    if not ok then
      facts.reason = path .. ": " .. reason
      return
    end
  end
  facts.params = counts
end

local function add_weights(folder, facts)
  local files = fs.glob(folder .. "/*.safetensors")
  if #files > 0 then return count_files(files, facts) end
  local index = json.load(folder .. "/model.safetensors.index.json")
  local metadata = type(index) == "table" and rawget(index, "metadata")
  local total = type(metadata) == "table" and rawget(metadata, "total_size")
  if type(total) == "number" then
    facts.bytes = total
  else
    facts.reason = folder .. " holds neither *.safetensors nor model.safetensors.index.json"
  end
end

---A model on this machine.
---@param path string a `config.json`, or the folder that holds it
---@return bench.plan.capacity.Facts? facts
---@return bench.Error? err
function M.from_path(path)
  local stat, err = fs.stat(path)
  if not stat then return nil, err end
  local file = stat.type == "dir" and fs.join(path, "config.json") or path
  local config
  config, err = json.load(file)
  if type(config) ~= "table" then
    return nil, err or { code = "invalid", message = file .. " does not hold an object" }
  end
  local facts = { config = config, from = file }
  add_weights(fs.parent(file), facts)
  return facts
end

---A model of the hub.
---@async
---@param model string
---@param opts bench.hub.Options
---@return bench.plan.capacity.Facts? facts
---@return bench.Error? err
function M.from_hub(model, opts)
  local config, err = hub.json_file(model, "config.json", opts)
  if not config then
    if err.code == "denied" then
      err.hint = "the model may be gated: set HF_TOKEN to a token that may read it, or name a local folder with "
        .. "--model-config"
    end
    return nil, err
  end
  local facts = { config = config, from = hub.page(model, opts) }
  facts.params, err = hub.parameters(model, opts)
  if err then facts.reason = err.message end
  return facts
end

return M
