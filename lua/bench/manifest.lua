---The manifest of a result folder: `manifest.json` lists every file with its SHA-256, and what made them.
---A folder whose manifest fits is complete and unchanged.
---@class bench.manifest
local M = {}

local clock = require "host.clock"
local fs = require "host.fs"
local info = require "host.info"
local json = require "host.json"
local machine = require "bench.machine"

M.FILE = "manifest.json"
local FORMAT = 1

local function files_below(dir)
  local list = {}
  for _, path in ipairs(fs.glob(dir .. "/**")) do
    local stat = fs.stat(path)
    local name = path:sub(#dir + 2)
    if stat and stat.type == "file" and name ~= M.FILE then
      list[#list + 1] = { name = name, size_bytes = stat.size_bytes }
    end
  end
  table.sort(list, function(a, b) return a.name < b.name end)
  return list
end

local function hash_files(dir)
  local files = files_below(dir)
  for _, file in ipairs(files) do
    local digest, err = fs.sha256(dir .. "/" .. file.name)
    if not digest then return nil, err end
    file.sha256 = digest
  end
  return json.list(files)
end

-- Scripts do not change while the program runs: what was loaded is what counts.
local script_digests = {}

local function hash_scripts(paths)
  local list, seen = {}, {}
  for _, path in ipairs(paths or {}) do
    if not seen[path] then
      seen[path] = true
      script_digests[path] = script_digests[path] or fs.sha256(path)
      list[#list + 1] = { file = path, sha256 = script_digests[path] }
    end
  end
  return json.list(list)
end

---Writes the manifest of a result folder, after everything else in it.
---@param dir string
---@param facts table<string, any> what made the results: `command_line` (secrets hidden), `seed`,
---  `config_sha256`, ...;
---  `scripts` is a list of files, each recorded with its hash
---@return string? digest SHA-256 of the manifest itself
---@return bench.Error? err
function M.write(dir, facts)
  local files, err = hash_files(dir)
  if not files then return nil, err end
  local tree = json.object { format = FORMAT, tool = info.name, tool_version = info.version,
    written_at = clock.rfc3339(),
    host = machine.facts(), files = files, scripts = hash_scripts(facts.scripts) }
  for key, value in pairs(facts) do
    if key ~= "scripts" then tree[key] = value end
  end
  local path = dir .. "/" .. M.FILE
  local ok
  ok, err = fs.write(path, json.encode(tree, { indent = 1 }) .. "\n")
  if not ok then return nil, err end
  return fs.sha256(path)
end

---@param dir string
---@return table? manifest
---@return bench.Error? err
function M.read(dir)
  return json.load(dir .. "/" .. M.FILE)
end

local function damaged(dir, what)
  return { code = "invalid", message = dir .. ": " .. what,
    hint = "the results were changed or not written to the end" }
end

---Checks that every file is there and unchanged.
---@param dir string
---@param digest? string what `write` returned; nil: only the files are compared
---@return true? ok
---@return bench.Error? err `not_found` without a manifest, `invalid` with the first file that does not fit
function M.verify(dir, digest)
  local tree, err = M.read(dir)
  if not tree then return nil, err end
  if digest and fs.sha256(dir .. "/" .. M.FILE) ~= digest then
    return nil, damaged(dir, M.FILE .. " changed")
  end
  for _, file in ipairs(tree.files or {}) do
    local stat = fs.stat(dir .. "/" .. file.name)
    if not stat then return nil, damaged(dir, file.name .. " is missing") end
    if stat.size_bytes ~= file.size_bytes or fs.sha256(dir .. "/" .. file.name) ~= file.sha256 then
      return nil, damaged(dir, file.name .. " changed")
    end
  end
  return true
end

return M
