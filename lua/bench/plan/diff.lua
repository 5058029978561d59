---How two plans differ: `plan --diff A B`. Each side is a specification, the folder of an earlier invocation,
---or `FILE#NAME`, the setup treatment NAME of an experiment file on top of `--spec`.
---@class bench.plan.diff
local M = {}

local env = require "host.env"
local fs = require "host.fs"
local hidden = require "bench.hidden"
local json = require "host.json"
local manifests = require "bench.plan.manifests"
local merge = require "bench.plan.merge"
local record = require "bench.plan.record"
local show = require "bench.plan.show"
local text = require "host.text"
local textdiff = require "bench.plan.textdiff"

---@class bench.plan.Side
---@field name string as it was given
---@field digest string
---@field stacks { name: string, config: table, origins: table<string, string>, manifests: table<string, string> }[]

-- Reading a side

local function of_built(name, built)
  local side = { name = name, digest = built.digest, stacks = {} }
  for i, stack in ipairs(built.selected) do
    local texts = {}
    for _, manifest in ipairs(built.manifests[stack.name] or {}) do texts[manifest.name] = manifest.text end
    side.stacks[i] = { name = stack.name, config = stack.config, origins = stack.origins, manifests = texts }
  end
  return side
end

local function plan_side(name, opts)
  local built, err = require("bench.session").plan(opts)
  if not built then return nil, err end
  err = manifests.render(built)
  if err then return nil, err end
  return of_built(name, built)
end

local IS_NO_MANIFEST = { ["config.yaml"] = true, ["origins.yaml"] = true }

local function manifest_texts(written, stack)
  local texts = {}
  for name in pairs(written.files) do
    local folder, file = name:match("^(.*)/([^/]*)$")
    if folder == stack and not IS_NO_MANIFEST[file] then texts[file] = fs.read(written.folder .. "/" .. name) end
  end
  return texts
end

local function written_side(name, written)
  local side = { name = name, digest = written.digest, stacks = {} }
  for i, stack in ipairs(written.stacks) do
    local config, origins = record.stack(written, stack.name)
    if not config then return nil, origins end
    side.stacks[i] = { name = stack.name, config = config, origins = origins,
      manifests = manifest_texts(written, stack.name) }
  end
  return side
end

local function with(opts, more)
  local result = {}
  for key, value in pairs(opts) do result[key] = value end
  for key, value in pairs(more) do result[key] = value end
  return result
end

local function treatment_side(name, file, treatment, opts)
  local design, err = require("bench.treatment").load(file)
  if not design then return nil, err end
  local names = {}
  for i, setup in ipairs(design.setups) do
    if setup.name == treatment then return plan_side(name, with(opts, { overrides = setup.overrides })) end
    names[i] = setup.name
  end
  return nil, { code = "not_found", message = file .. " has no setup treatment '" .. treatment .. "'"
    .. text.did_you_mean(treatment, names), hint = "setup treatments: " .. table.concat(names, ", ") }
end

local function is_dir(path)
  local stat = fs.stat(path)
  return stat ~= nil and stat.type == "dir"
end

---One side of a comparison.
---@async
---@param name string
---@param opts bench.SessionOptions for specifications
---@return bench.plan.Side?
---@return bench.Error?
function M.side(name, opts)
  local path = env.expand(name)
  if is_dir(path) then
    local written, err = record.read(path)
    if written then return written_side(name, written) end
    return nil, err or { code = "not_found", message = "the folder " .. name .. " holds no plan",
      hint = "name the folder of an invocation, such as <workspace>/latest" }
  end
  local file, treatment = path:match("^(.+)#(.+)$")
  if file and fs.exists(file) then return treatment_side(name, file, treatment, opts) end
  return plan_side(name, with(opts, { spec = name }))
end

-- Comparing

local function is_same(a, b)
  if type(a) ~= "table" and type(b) ~= "table" then return a == b end
  if a == nil or b == nil then return false end
  return json.encode(a, { sort_keys = true }) == json.encode(b, { sort_keys = true })
end

-- In a plan that was written secrets are hidden.
local function is_equal(a, b)
  return is_same(a, b) or is_same(hidden.copy(a), b) or is_same(a, hidden.copy(b))
end

local function all_keys(a, b)
  local keys, seen = {}, {}
  for _, map in ipairs { a, b } do
    for key in pairs(map) do
      if not seen[key] then
        seen[key], keys[#keys + 1] = true, key
      end
    end
  end
  table.sort(keys)
  return keys
end

local function compare_configs(a, b)
  local old, new, changes = merge.leaves(a.config), merge.leaves(b.config), {}
  for _, key in ipairs(all_keys(old, new)) do
    if not is_equal(old[key], new[key]) then
      changes[#changes + 1] = { key = key, a = old[key], b = new[key],
        a_origin = old[key] ~= nil and a.origins[key] or nil,
        b_origin = new[key] ~= nil and b.origins[key] or nil }
    end
  end
  return changes
end

local function compare_manifests(a, b)
  local files = {}
  for _, name in ipairs(all_keys(a.manifests, b.manifests)) do
    local old, new = a.manifests[name] or "", b.manifests[name] or ""
    if old ~= new then
      local lines = textdiff.changes(old, new)
      files[#files + 1] = { name = name, lines = lines and json.list(lines) or nil, too_many = not lines or nil }
    end
  end
  return files
end

-- Stacks of one name belong together; so do the only stacks of both sides.
local function partners(a, b)
  if #a.stacks == 1 and #b.stacks == 1 then return { { a.stacks[1], b.stacks[1] } } end
  local rows, by_name, used = {}, {}, {}
  for _, stack in ipairs(b.stacks) do by_name[stack.name] = stack end
  for _, stack in ipairs(a.stacks) do
    rows[#rows + 1] = { stack, by_name[stack.name] or false }
    used[stack.name] = true
  end
  for _, stack in ipairs(b.stacks) do
    if not used[stack.name] then rows[#rows + 1] = { false, stack } end
  end
  return rows
end

local function compare_pair(a, b)
  if not a or not b then
    return { name = (a or b).name, only_in = a and "a" or "b", config = json.list(), manifests = json.list() }
  end
  local name = a.name == b.name and a.name or a.name .. " / " .. b.name
  return { name = name, config = json.list(compare_configs(a, b)), manifests = json.list(compare_manifests(a, b)) }
end

---The differences of two sides.
---@param a bench.plan.Side
---@param b bench.plan.Side
---@return { a: string, b: string, same: boolean, stacks: table[] }
function M.compare(a, b)
  local result = { a = a.name, b = b.name, same = true, stacks = {} }
  for i, pair in ipairs(partners(a, b)) do
    local entry = compare_pair(pair[1], pair[2])
    if entry.only_in or #entry.config > 0 or #entry.manifests > 0 then result.same = false end
    result.stacks[i] = entry
  end
  json.list(result.stacks)
  return result
end

-- For people

local LONGEST = 120

local function add_stack(out, entry, names)
  if entry.only_in then
    out[#out + 1] = "stack " .. entry.name .. ": only in " .. names[entry.only_in]
    return
  end
  if #entry.config == 0 and #entry.manifests == 0 then return end
  out[#out + 1] = "stack " .. entry.name
  for _, change in ipairs(entry.config) do
    out[#out + 1] = "  " .. change.key
    out[#out + 1] = "    - " .. show.value(change.a, LONGEST) .. (change.a_origin and "   " .. change.a_origin or "")
    out[#out + 1] = "    + " .. show.value(change.b, LONGEST) .. (change.b_origin and "   " .. change.b_origin or "")
  end
  for _, file in ipairs(entry.manifests) do
    out[#out + 1] = "  " .. file.name .. (file.too_many and ": too many differences to list" or "")
    for _, line in ipairs(file.lines or {}) do
      out[#out + 1] = ("    %s %4d  %s"):format(line.sign, line.line, line.text)
    end
  end
end

---The differences as text.
---@param result table of `compare`
---@return string
function M.text(result)
  if result.same then return result.a .. " and " .. result.b .. " make the same plan\n" end
  local out = { "- " .. result.a, "+ " .. result.b }
  for _, entry in ipairs(result.stacks) do add_stack(out, entry, result) end
  return table.concat(out, "\n") .. "\n"
end

return M
