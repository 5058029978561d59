---The manifest of a result folder: `manifest.json` lists every file with its SHA-256, and what made them.
---A folder whose manifest fits is complete and unchanged.
---@class bench.manifest
local M = {}

local clock = require "host.clock"
local fs = require "host.fs"
local info = require "host.info"
local json = require "host.json"
local machine = require "bench.machine"
local store = require "host.store"

M.FILE = "manifest.json"
local FORMAT = 1

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
  local tree = json.object { format = FORMAT, tool = info.name, tool_version = info.version,
    written_at = clock.rfc3339(), host = machine.facts(), scripts = hash_scripts(facts.scripts) }
  for key, value in pairs(facts) do
    if key ~= "scripts" then tree[key] = value end
  end
  return store.seal(dir, tree)
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

---Checks that every file is there and unchanged; what was added since does no harm.
---@param dir string
---@param digest? string what `write` returned; nil: only the files are compared
---@return true? ok
---@return bench.Error? err `not_found` without a manifest, `invalid` with the first file that does not fit
function M.verify(dir, digest)
  local damages, err = store.verify(dir)
  if not damages then return nil, err end
  if digest and fs.sha256(dir .. "/" .. M.FILE) ~= digest then
    return nil, damaged(dir, M.FILE .. " changed")
  end
  for _, damage in ipairs(damages) do
    if damage.what == "missing" then return nil, damaged(dir, damage.name .. " is missing") end
    if damage.what == "changed" then return nil, damaged(dir, damage.name .. " changed") end
  end
  return true
end

return M
