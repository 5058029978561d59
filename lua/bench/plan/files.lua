---What the plan phase leaves in a workspace: the folder `plan` with the rendered specification, each stack's
---configuration, origins and manifests, and `plan.json`, which says what made them. The folder appears in one
---step, complete.
---@class bench.plan.files
local M = {}

local fs = require "host.fs"
local hidden = require "bench.hidden"
local info = require "host.info"
local json = require "host.json"
local spec = require "bench.spec"
local text = require "host.text"
local yaml = require "host.yaml"

M.RECORD = "plan.json"
local FORMAT = 1

local function origins_text(stack)
  return yaml.encode(stack.origins, { sort_keys = true, width = 0 })
end

-- Other secrets than those of the plan (passwords that came with `--set`) are blotted out.
local function config_text(stack)
  return yaml.encode(hidden.copy(stack.config), { sort_keys = true })
end

local function add_stack(list, built, stack)
  local function add(name, content) list[#list + 1] = { name = stack.name .. "/" .. name, text = content } end
  for _, manifest in ipairs(built.manifests and built.manifests[stack.name] or {}) do
    add(manifest.name, manifest.text)
  end
  add("config.yaml", config_text(stack))
  add("origins.yaml", origins_text(stack))
end

-- Every file of the plan but the record, as text.
local function contents(built)
  local list = {}
  if built.spec then
    list[1] = { name = spec.stored_name(built.spec.path), text = built.spec.text .. "\n" }
  end
  for _, stack in ipairs(built.stacks) do add_stack(list, built, stack) end
  return list
end

local function stack_facts(built)
  local list = {}
  for i, stack in ipairs(built.stacks) do
    list[i] = json.object({ name = stack.name, method = stack.method, model = stack.model.name,
      digest = stack.digest, unresolved = json.list(stack.unresolved) },
      { "name", "method", "model", "digest", "unresolved" })
  end
  return json.list(list)
end

-- What made the plan, and the digest of every file of it.
local function record(built, list)
  local files, order = {}, {}
  for i, file in ipairs(list) do
    files[file.name], order[i] = text.sha256(file.text), file.name
  end
  return json.object({ format = FORMAT, tool = info.name, tool_version = info.version,
    spec = built.spec and json.object { name = built.spec.name, path = built.spec.path } or nil,
    digest = built.digest, stacks = stack_facts(built), files = json.object(files, order) },
    { "format", "tool", "tool_version", "spec", "digest", "stacks", "files" })
end

local function write_all(folder, list)
  local made = {}
  for _, file in ipairs(list) do
    local path = folder .. "/" .. file.name
    local parent = fs.parent(path)
    local ok, err = true, nil
    if not made[parent] then ok, err = fs.mkdir(parent) end
    if ok then ok, err = fs.write(path, file.text, { sync = false }) end
    if not ok then return nil, err end
    made[parent] = true
  end
  return true
end

-- Puts a finished folder in the place of an older one.
local function replace(draft, target, root)
  local old = target .. ".old-" .. text.random_id(8)
  local ok, err = true, nil
  if fs.exists(target) then ok, err = fs.move(target, old) end
  if ok then ok, err = fs.move(draft, target) end
  if fs.exists(old) then fs.remove_tree(old, { inside = root }) end
  return ok, err
end

---Writes `plan/`: `<spec>.yaml`, per stack `config.yaml`, `origins.yaml` (where every value came from) and the
---manifests, and `plan.json`. Until all is written there is no new plan.
---@param built bench.Plan
---@param place bench.Workspace
---@return boolean? ok
---@return bench.Error? err
function M.write(built, place)
  local draft = place:path(".plan-" .. text.random_id(8))
  local list = contents(built)
  local made = record(built, list)
  list[#list + 1] = { name = M.RECORD, text = json.encode(made, { indent = 1 }) .. "\n" }
  local ok, err = write_all(draft, list)
  if ok then ok, err = replace(draft, place:path "plan", place.dir) end
  if fs.exists(draft) then fs.remove_tree(draft, { inside = place.dir }) end
  return ok, err
end

return M
