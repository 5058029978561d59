---The folder in which one invocation writes: `<root>/<user>-<YYYYmmdd-HHMMSS-mmm>/`, and `<root>/latest`,
---which leads to the newest.
---@class bench.workspace
local M = {}

local env = require "host.env"
local fs = require "host.fs"
local store = require "host.store"
local text = require "host.text"

---@class bench.Workspace
---@field root string
---@field dir string folder of this invocation
local Workspace = {}
Workspace.__index = Workspace

local function new(root, dir)
  return setmetatable({ root = root, dir = dir }, Workspace)
end

---The absolute path of something inside; nothing is created.
---@param name string
---@return string
function Workspace:path(name)
  return self.dir .. "/" .. name
end

---The same for a folder, which exists afterwards. Raises if it cannot be made.
---@param name string
---@return string
function Workspace:folder(name)
  local path = self:path(name)
  assert(fs.mkdir(path))
  return path
end

---Writes a file inside, atomically.
---@param name string
---@param content string
---@return string? path
---@return bench.Error? err
function Workspace:write(name, content)
  local path = self:path(name)
  local ok, err = fs.mkdir(fs.parent(path))
  if ok then ok, err = fs.write(path, content) end
  if not ok then return nil, err end
  return path
end

---The folder that is given, else the scenario's `workDir`.
---@param given? string `--workspace`
---@param work_dir? string
---@return string? root nil: a temporary one
function M.root(given, work_dir)
  local root = given or work_dir
  if not root or root == "" then return nil end
  return fs.absolute(env.expand(root))
end

-- The folder of one invocation is not a root: a new one goes beside it.
local function beside_invocation(root)
  if not root or not fs.exists(root .. "/plan/plan.json") then return root end
  local stat = fs.stat(root, { follow = false })
  if stat and stat.type == "symlink" then root = fs.absolute(fs.join(fs.parent(root), stat.target)) end
  return fs.parent(root)
end

local function temporary_root()
  return fs.join(env.get("TMPDIR", "/tmp"), "workspace_llmdbench_" .. text.random_id(8))
end

local function with_hint(err)
  local choose = "choose another folder with --workspace"
  err.hint = err.hint and err.hint ~= "" and err.hint .. "; or " .. choose or choose
  return err
end

---Creates the folder of an invocation with `logs/` and `plan/`.
---@param opts { workspace?: string, work_dir?: string, parent?: bench.Workspace, name?: string }
---  parent and name: a nested workspace, `<parent>/<name>`
---@return bench.Workspace? workspace
---@return bench.Error? err
function M.open(opts)
  if opts.parent then
    local nested = new(opts.parent.root, opts.parent:path(opts.name))
    for _, name in ipairs { "logs", "plan" } do
      local ok, err = fs.mkdir(nested:path(name))
      if not ok then return nil, with_hint(err) end
    end
    return nested
  end
  local root = beside_invocation(M.root(opts.workspace, opts.work_dir)) or temporary_root()
  local folder, err = store.new_run(root)
  if not folder then return nil, with_hint(err) end
  return new(root, folder.path)
end

---The workspace of an earlier invocation.
---@param dir string
---@return bench.Workspace? workspace
---@return bench.Error? err `not_found`
function M.reopen(dir)
  local path = fs.absolute(env.expand(dir))
  local stat = fs.stat(path)
  if not stat or stat.type ~= "dir" then
    return nil, { code = "not_found", message = "there is no workspace " .. path,
      hint = "give the folder of the invocation, or <workspace>/latest" }
  end
  return new(fs.parent(path), path)
end

---A workspace that is only talked about: what a dry run would use. Nothing is created.
---@param opts { workspace?: string, work_dir?: string }
---@return bench.Workspace
function M.imagined(opts)
  local root = beside_invocation(M.root(opts.workspace, opts.work_dir)) or "<temporary folder>"
  return new(root, root .. "/<new>")
end

return M
