---The model hub: what a model is, small files of it, and whether its weights may be downloaded.
---@class bench.hub
local M = {}

local env = require "host.env"
local http = require "host.http"
local json = require "host.json"
local safetensors = require "bench.plan.capacity.safetensors"

M.DEFAULT_ENDPOINT = "https://huggingface.co"
M.TIMEOUT_S = 30
local MOST_SHARDS = 512

---@class bench.hub.Options
---@field endpoint? string address of the hub; HF_ENDPOINT, else the public one, unless given
---@field token? string only ever sent in the header of requests to that address
---@field timeout_s? number of each request

---The address in use.
---@param opts? bench.hub.Options
---@return string
function M.endpoint(opts)
  local given = opts and opts.endpoint
  if not given or given == "" then given = env.get "HF_ENDPOINT" end
  if not given or given == "" then given = M.DEFAULT_ENDPOINT end
  return (given:gsub("/+$", ""))
end

---The page of a model, for people.
---@param model string
---@param opts? bench.hub.Options
---@return string url
function M.page(model, opts) return M.endpoint(opts) .. "/" .. model end

local function request_options(opts)
  local token = opts.token
  if token == "" then token = nil end
  return { token = token, timeout_s = opts.timeout_s or M.TIMEOUT_S }
end

local function failure(status, what, url)
  local code = (status == 401 or status == 403) and "denied" or status == 404 and "not_found" or "unreachable"
  return { code = code, status = status, url = url,
    message = ("%s: the hub answers with status %d"):format(what, status) }
end

local function get_json(url, what, opts)
  local response, err = http.get(url, request_options(opts))
  if not response then return nil, err end
  if response.status ~= 200 then return nil, failure(response.status, what, url) end
  local tree
  tree, err = json.decode(response.body)
  if type(tree) == "table" then return tree end
  return nil, err or { code = "invalid", message = what .. ": the hub did not answer with an object", url = url }
end

---What the hub knows about a model.
---@async
---@param model string
---@param opts? bench.hub.Options
---@return table? info
---@return bench.Error? err `denied`, `not_found`, `unreachable`, `timeout` or `invalid`
function M.info(model, opts)
  opts = opts or {}
  return get_json(M.endpoint(opts) .. "/api/models/" .. model, model, opts)
end

---A JSON file of a model.
---@async
---@param model string
---@param file string
---@param opts? bench.hub.Options
---@return table? tree
---@return bench.Error? err
function M.json_file(model, file, opts)
  opts = opts or {}
  return get_json(M.endpoint(opts) .. "/" .. model .. "/resolve/main/" .. file, model .. "/" .. file, opts)
end

-- The first bytes of a file. A server that ignores the range is cut off.
local function beginning_of(url, what, count, opts)
  local request = request_options(opts)
  request.headers = { Range = ("bytes=0-%d"):format(count - 1) }
  local stream, err = http.open(url, request)
  if not stream then return nil, err end
  if stream.status ~= 200 and stream.status ~= 206 then
    stream:close()
    return nil, failure(stream.status, what, url)
  end
  local pieces, length = {}, 0
  while length < count do
    local piece
    piece, err = stream:read()
    if not piece then break end
    pieces[#pieces + 1], length = piece, length + #piece
  end
  stream:close()
  if err then return nil, err end
  return table.concat(pieces):sub(1, count)
end

local function count_file(model, file, counts, opts)
  local url, what = M.endpoint(opts) .. "/" .. model .. "/resolve/main/" .. file, model .. "/" .. file
  local beginning, err = beginning_of(url, what, safetensors.FIRST_BYTES, opts)
  if not beginning then return err end
  local needed, reason = safetensors.needed(beginning)
  if needed and needed > #beginning then
    beginning, err = beginning_of(url, what, needed, opts)
    if not beginning then return err end
  end
  local ok = needed and true or nil
  if ok then ok, reason = safetensors.count(beginning, counts) end
  return not ok and { code = "invalid", message = what .. ": " .. reason, url = url } or nil
end

local function weight_files(info)
  local files = {}
  for _, sibling in ipairs(type(rawget(info, "siblings")) == "table" and info.siblings or {}) do
    local name = rawget(sibling, "rfilename")
    if type(name) == "string" and name:match "^[^/]+%.safetensors$" then files[#files + 1] = name end
  end
  table.sort(files)
  return files
end

local function counted_by_hub(info)
  local summary = rawget(info, "safetensors")
  local params = type(summary) == "table" and rawget(summary, "parameters")
  if type(params) ~= "table" or next(params) == nil then return nil end
  local counts = {}
  for _, dtype in ipairs(json.keys(params)) do counts[dtype] = params[dtype] end
  return counts
end

---The number of stored values by type: as the hub counted them, else from the headers of the files.
---@async
---@param model string
---@param opts? bench.hub.Options
---@return table<string, number>? params
---@return bench.Error? err
function M.parameters(model, opts)
  opts = opts or {}
  local info, err = M.info(model, opts)
  if not info then return nil, err end
  local counted = counted_by_hub(info)
  if counted then return counted end
  local files, counts = weight_files(info), {}
  if #files == 0 or #files > MOST_SHARDS then
    return nil, { code = "not_found", message = model .. ": the hub lists " .. #files .. " safetensors files" }
  end
  for _, file in ipairs(files) do
    err = count_file(model, file, counts, opts)
    if err then return nil, err end
  end
  return counts
end

-- Access

local function advice(model, opts)
  return "ask for access at " .. M.page(model, opts) .. ", then set HF_TOKEN to a token of that account (or "
    .. "huggingface.token in the scenario)"
end

---@class bench.hub.Access
---@field model string
---@field ok boolean false: its weights cannot be downloaded
---@field gated boolean? nil: not known
---@field message string
---@field warning boolean? it could not be found out

local function try_token(model, opts)
  local response, err = http.request("HEAD", M.endpoint(opts) .. "/" .. model .. "/resolve/main/config.json",
    request_options(opts))
  if not response then
    return { model = model, ok = true, gated = true, warning = true,
      message = model .. " is gated; whether the token opens it is not known: " .. err.message }
  end
  if response.status == 401 or response.status == 403 then
    return { model = model, ok = false, gated = true, hint = advice(model, opts),
      message = model .. " is gated, and the token does not open it" }
  end
  return { model = model, ok = true, gated = true, message = model .. " is gated, and the token opens it" }
end

---May the weights of a model be downloaded? What cannot be found out is no failure, but a warning.
---@async
---@param model string
---@param opts? bench.hub.Options
---@return bench.hub.Access
function M.access(model, opts)
  opts = opts or {}
  local public = { endpoint = opts.endpoint, timeout_s = opts.timeout_s }
  local info, err = M.info(model, public)
  if not info then
    return { model = model, ok = true, warning = true,
      message = "whether " .. model .. " is gated is not known: " .. err.message }
  end
  local gated = rawget(info, "gated")
  if gated == nil or gated == false or gated == json.null then
    return { model = model, ok = true, gated = false, message = model .. " is not gated" }
  end
  if not opts.token or opts.token == "" then
    return { model = model, ok = false, gated = true, hint = advice(model, opts),
      message = model .. " is gated, and there is no token" }
  end
  return try_token(model, opts)
end

return M
