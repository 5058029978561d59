---Plans that were written before: reading them, seeing whether somebody changed them since, and telling how a
---new plan differs.
---@class bench.plan.record
local M = {}

local env = require "host.env"
local files = require "bench.plan.files"
local fs = require "host.fs"
local json = require "host.json"
local yaml = require "host.yaml"

---@class bench.plan.Written a plan in a workspace
---@field dir string the folder of the invocation
---@field folder string its folder `plan`
---@field digest string
---@field stacks { name: string, method: string, model: string, digest: string }[]
---@field spec { name: string, path: string }?
---@field files table<string, string> digests by name

-- The folder that a link such as `latest` leads to.
local function real_folder(dir)
  local stat = fs.stat(dir, { follow = false })
  if not stat or stat.type ~= "symlink" then return dir end
  return fs.absolute(fs.join(fs.parent(dir), stat.target))
end

---The plan in the folder of an invocation; nil without error if there is none.
---@param dir string the invocation's folder, or its folder `plan`
---@return bench.plan.Written? written
---@return bench.Error? err `invalid`: its record cannot be read
function M.read(dir)
  dir = real_folder(fs.absolute(env.expand(dir)))
  local folder = fs.exists(dir .. "/" .. files.RECORD) and dir or dir .. "/plan"
  local path = folder .. "/" .. files.RECORD
  if not fs.exists(path) then return nil end
  local tree, err = json.load(path)
  if err then return nil, err end
  if type(tree) ~= "table" or type(rawget(tree, "files")) ~= "table" then
    return nil, { code = "invalid", message = path .. ": this is not the record of a plan" }
  end
  return { dir = fs.parent(folder), folder = folder, digest = tree.digest, stacks = tree.stacks,
    spec = tree.spec, files = tree.files }
end

---The files of a plan that are not as they were written, sorted: `{ name, what }` with `changed` or `missing`.
---@param written bench.plan.Written
---@return { name: string, what: string }[]
function M.edits(written)
  local edits = {}
  for _, name in ipairs(json.keys(written.files)) do
    local digest = fs.sha256(written.folder .. "/" .. name)
    if digest ~= written.files[name] then
      edits[#edits + 1] = { name = name, what = digest and "changed" or "missing" }
    end
  end
  table.sort(edits, function(a, b) return a.name < b.name end)
  return edits
end

---The configuration and the origins of a stack of a written plan.
---@param written bench.plan.Written
---@param name string
---@return table? config
---@return table|bench.Error origins_or_err
function M.stack(written, name)
  local folder = written.folder .. "/" .. name .. "/"
  local config, err = yaml.load(folder .. "config.yaml")
  if err then return nil, err end
  local origins = yaml.load(folder .. "origins.yaml")
  return config, type(origins) == "table" and origins or {}
end

local MOST_SHOWN = 5

local function edit_lines(edits)
  local lines = {}
  for i, edit in ipairs(edits) do
    if i > MOST_SHOWN then
      lines[i] = ("and %d more"):format(#edits - MOST_SHOWN)
      break
    end
    lines[i] = edit.name .. " (" .. edit.what .. ")"
  end
  return table.concat(lines, ", ")
end

-- Manifests of which the new plan has another text.
local function other_manifests(written, built)
  local text = require "host.text"
  local names = {}
  for _, stack in ipairs(built.stacks) do
    for _, manifest in ipairs(built.manifests and built.manifests[stack.name] or {}) do
      local name = stack.name .. "/" .. manifest.name
      if rawget(written.files, name) ~= text.sha256(manifest.text) then names[#names + 1] = name end
    end
  end
  return names
end

---How a new plan differs from a written one; an empty list if it does not.
---@param written bench.plan.Written
---@param built bench.Plan with its manifests
---@return string[] lines at most a handful
function M.differences(written, built)
  local lines = {}
  if written.digest ~= built.digest then
    lines = require("bench.experiment.differences").of_workspace(written.dir, built.stacks)
    if #lines == 0 then lines[1] = "the stacks are others" end
  end
  local names = other_manifests(written, built)
  if #lines == 0 and #names > 0 then lines[1] = "manifests: " .. table.concat(names, ", ", 1,
    math.min(#names, MOST_SHOWN)) .. (#names > MOST_SHOWN and ", ..." or "") end
  return lines
end

local function refusal(written, what, hint)
  return { code = "conflict", message = "the plan in " .. written.dir .. " " .. what, hint = hint }
end

-- A plan that was named to be deployed must be the one that would be deployed.
local function check_named(written, built)
  local edits = M.edits(written)
  if #edits > 0 then
    return refusal(written, "was edited after it was written: " .. edit_lines(edits),
      "edits of plan files have no effect: change the scenario, a template, or use --set, then plan again")
  end
  local lines = M.differences(written, built)
  if #lines > 0 then
    return refusal(written, "is not what would be deployed now:\n  " .. table.concat(lines, "\n  "),
      "give the flags and variables of that plan again, or name its folder's parent as --workspace")
  end
end

---What a standup should know about the plan written before it.
---@param root? string `--workspace`: the folder of one invocation means its plan and no other; otherwise the
---  newest plan below it is only compared
---@param built bench.Plan with its manifests
---@return string[] notes to tell; warnings begin with `warning: `
---@return bench.Error? err `conflict`: the plan that was named was edited or differs
function M.compare(root, built)
  if not root or not built.spec then return {} end
  local named, err = M.read(root)
  if err then return {}, err end
  if named then
    err = check_named(named, built)
    return err and {} or { "The plan is that of " .. named.dir .. ", unchanged." }, err
  end
  local newest = M.read(fs.join(root, "latest"))
  if not newest or not newest.spec or newest.spec.path ~= built.spec.path then return {} end
  local notes, edits = {}, M.edits(newest)
  if #edits > 0 then
    notes[1] = "warning: files of the plan in " .. newest.dir .. " were edited: " .. edit_lines(edits)
      .. "; this has no effect, the specification is planned anew"
  end
  local lines = M.differences(newest, built)
  notes[#notes + 1] = #lines == 0 and "The plan is the same as in " .. newest.dir .. "."
    or "The plan differs from that in " .. newest.dir .. ":\n  " .. table.concat(lines, "\n  ")
  return notes
end

return M
