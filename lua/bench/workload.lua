---Workload profiles: finding one, filling in what depends on the run, applying a treatment.
---@class bench.workload
local M = {}

local access = require "bench.plan.access"
local env = require "host.env"
local fs = require "host.fs"
local hidden = require "bench.hidden"
local info = require "host.info"
local override = require "bench.plan.override"
local text = require "host.text"
local user_yaml = require "bench.plan.user_yaml"
local yaml = require "host.yaml"

-- What a profile may ask for as REPLACE_ENV_<name>, and how a user gives it.
local TOKENS = {
  LLMDBENCH_DEPLOY_CURRENT_MODEL = "--model",
  LLMDBENCH_DEPLOY_CURRENT_TOKENIZER = "--model",
  LLMDBENCH_HARNESS_STACK_ENDPOINT_URL = "--endpoint-url",
  LLMDBENCH_RUN_DATASET_DIR = "--dataset",
  LLMDBENCH_RUN_DATASET_FILE = "--dataset",
}

local function folders(harness, base_dir)
  local list, seen = {}, {}
  for _, base in ipairs { base_dir or ".", info.home } do
    local folder = fs.absolute(base) .. "/workload/profiles/" .. harness
    if not seen[folder] then list[#list + 1] = folder end
    seen[folder] = true
  end
  return list
end

local function is_file(path)
  local stat = fs.stat(path)
  return stat ~= nil and stat.type == "file"
end

-- The file for `name` in a folder: as given, or with the suffixes that may be left out.
local function in_folder(folder, name)
  for _, suffix in ipairs { "", ".in", ".yaml", ".yaml.in" } do
    if is_file(folder .. "/" .. name .. suffix) then return folder .. "/" .. name .. suffix end
  end
end

---The names of all profiles of a harness, without `.in`.
---@param harness string
---@param base_dir? string
---@return string[]
function M.list(harness, base_dir)
  local names, seen = {}, {}
  for _, folder in ipairs(folders(harness, base_dir)) do
    for _, entry in ipairs(fs.list(folder) or {}) do
      local name = entry.name:gsub("%.in$", "")
      if name:match("%.ya?ml$") and not seen[name] then
        seen[name] = true
        names[#names + 1] = name
      end
    end
  end
  table.sort(names)
  return names
end

-- Where the path of a file may begin: beside the file that names it, then here.
local function as_file(name, beside)
  local path = env.expand(name)
  if beside and path:sub(1, 1) ~= "/" and is_file(fs.join(beside, path)) then return fs.absolute(fs.join(beside, path)) end
  if is_file(path) then return fs.absolute(path) end
end

local function searched(harness, base_dir, beside)
  local list = folders(harness, base_dir)
  if beside then list[#list + 1] = fs.absolute(beside) end
  list[#list + 1] = fs.absolute "."
  return table.concat(list, ", ")
end

---Finds a profile: by name in `workload/profiles/<harness>/` of the base folder, then of the installation, or
---by the path of a file.
---@param harness string
---@param name string
---@param base_dir? string
---@param beside? string folder in which the path of a file is looked for first
---@return { name: string, path: string, is_file: boolean }? found name without `.in`; is_file: found by the path of a file
---@return bench.Error? err `not_found` with the nearest name and the folders that were searched
function M.find(harness, name, base_dir, beside)
  local path
  for _, folder in ipairs(folders(harness, base_dir)) do path = path or in_folder(folder, name) end
  local file = not path and as_file(name, beside) or nil
  path = path or file
  if path then return { name = (path:match("[^/]+$"):gsub("%.in$", "")), path = path, is_file = file ~= nil } end
  local known, words = M.list(harness, base_dir), {}
  for i, each in ipairs(known) do words[i] = name:find "%.ya?ml" and each or each:gsub("%.ya?ml$", "") end
  return nil, { code = "not_found",
    message = "harness '" .. harness .. "' has no profile '" .. name .. "'" .. text.did_you_mean(name, words),
    hint = (#known > 0 and "profiles: " .. table.concat(known, ", ") .. "; or give the path of a file; searched in "
      or "there are no profiles in ") .. searched(harness, base_dir, beside) }
end

---Where profiles point to while no stack stands.
M.STAND_IN = "http://dry-run-endpoint:80"

---What the tokens of a profile stand for.
---@param stack { model: { name: string }, config: table }
---@param opts { url?: string, dataset?: string } url: of the stack; dataset: as `--dataset` takes it
---@return table<string, string>
function M.tokens(stack, opts)
  local dir, file = M.split_dataset(opts.dataset)
  return {
    LLMDBENCH_DEPLOY_CURRENT_MODEL = stack.model.name,
    LLMDBENCH_DEPLOY_CURRENT_TOKENIZER = stack.model.name,
    LLMDBENCH_HARNESS_STACK_ENDPOINT_URL = opts.url,
    LLMDBENCH_RUN_DATASET_DIR = dir or access.get(stack.config, "experiment.datasetDir"),
    LLMDBENCH_RUN_DATASET_FILE = file or access.get(stack.config, "experiment.datasetFile"),
  }
end

---Splits the value of `--dataset` at its last `/`.
---@param dataset? string
---@return string? dir `.` for a bare name
---@return string? file
function M.split_dataset(dataset)
  if not dataset then return nil end
  local plain = dataset:gsub("/+$", "")
  local dir, file = plain:match("^(.*)/([^/]+)$")
  if dir == "" then dir = "/" end
  return dir or ".", file or plain
end

-- Names of tokens that no string value of the tree may contain any more.
local function unresolved(tree, found)
  found = found or {}
  if type(tree) == "string" then
    local name = tree:match("REPLACE_ENV_([%w_]+)")
    if name then found[#found + 1] = name end
  elseif type(tree) == "table" then
    for _, value in pairs(tree) do unresolved(value, found) end
  end
  return found
end

local function token_error(name, file)
  local flag = TOKENS[name]
  return { code = "invalid", message = file .. ": REPLACE_ENV_" .. name .. " has no value",
    hint = flag and "pass " .. flag or "known tokens: REPLACE_ENV_"
      .. table.concat(M.token_names(), ", REPLACE_ENV_") }
end

---@return string[]
function M.token_names()
  local names = {}
  for name in pairs(TOKENS) do names[#names + 1] = name end
  table.sort(names)
  return names
end

-- A length may be a number or a map, whatever it is in the profile.
local function is_strict(item, is_length)
  local kind = override.kind_of(item.value)
  if not is_length or (kind ~= "number" and kind ~= "map") then return true end
  local parts = override.split_path(item.key)
  return not (parts and is_length(parts))
end

local function apply_treatment(tree, treatment, opts)
  for _, item in ipairs(treatment.overrides) do
    local ok, err = override.set(tree, item.key, item.value,
      { raw = item.raw, strict = is_strict(item, opts.is_length), allows = opts.allows })
    if not ok then
      local place = item.origin and item.origin .. ": " or ""
      err.message = place .. "treatment '" .. treatment.name .. "': " .. err.message
      return err
    end
  end
end

---@class bench.workload.Render
---@field file string name for messages
---@field tokens table<string, string> token name without REPLACE_ENV_ -> value
---@field treatment? bench.Treatment
---@field allows? fun(parts: string[]): boolean may a treatment add a key that the profile leaves out?
---@field is_length? fun(parts: string[]): boolean is the value of a key a number or a map?

---Fills a profile's tokens and applies a treatment. What looks like a secret in it is hidden from then on.
---@param source string text of the profile
---@param opts bench.workload.Render
---@return string? rendered
---@return bench.Error? err bad YAML with its place, an unknown key with the nearest, a token without value
function M.render(source, opts)
  local rendered = source:gsub("REPLACE_ENV_([%w_]+)", function(name)
    local value = opts.tokens[name]
    if value ~= nil and value ~= "" then return value end
  end)
  local tree, err = user_yaml.decode(rendered, { file = opts.file })
  if err then return nil, err end
  local missing = unresolved(tree)
  if #missing > 0 then return nil, token_error(missing[1], opts.file) end
  hidden.learn(tree)
  if not opts.treatment or #opts.treatment.overrides == 0 then return rendered end
  if override.kind_of(tree) ~= "map" then
    return nil, { code = "invalid", message = opts.file .. ": a profile with overrides must hold a map" }
  end
  err = apply_treatment(tree, opts.treatment, opts)
  if err then return nil, err end
  hidden.learn(tree)
  return yaml.encode(tree)
end

---@class bench.Treatment
---@field name string
---@field overrides { key: string, value: any, raw?: string }[]

---The treatment that `--overrides` describes; nil without a text.
---@param texts? string|string[] several apply in order
---@return bench.Treatment?
---@return bench.Error?
function M.override_treatment(texts)
  if not texts then return nil end
  local items, err = override.parse_lists(texts)
  if not items then
    err.message = "--overrides: " .. err.message
    return nil, err
  end
  if #items == 0 then return nil end
  return { name = "override", overrides = items }
end

---The file name of a rendered profile.
---@param profile string name of the profile
---@param treatment? bench.Treatment
---@return string
function M.rendered_name(profile, treatment)
  local stem, suffix = profile:match("^(.*)(%.[^.]*)$")
  if not stem then stem, suffix = profile, ".yaml" end
  return treatment and stem .. "-" .. treatment.name .. suffix or stem .. suffix
end

return M
