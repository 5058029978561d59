---Specifications: finding one by name or path, and reading which files it names.
---@class bench.spec
local M = {}

local env = require "host.env"
local fs = require "host.fs"
local info = require "host.info"
local json = require "host.json"
local lists = require "bench.lists"
local override = require "bench.plan.override"
local text = require "host.text"
local user_yaml = require "bench.plan.user_yaml"

---@class bench.Spec
---@field name string `category/name`, or the file name for one outside of the search folders
---@field path string absolute path
---@field base_dir string absolute; what `{{ base_dir }}` stands for
---@field source string the text of the file
---@field text string the rendered text
---@field values_file string
---@field scenario_file string
---@field template_dir string?

local LARGEST_BYTES = 4 * 1024 * 1024

local SUFFIXES = { ".yaml.j2", ".yaml", ".j2" }

local function stem_of(name)
  for _, suffix in ipairs(SUFFIXES) do
    if #name > #suffix and name:sub(-#suffix) == suffix then return name:sub(1, -#suffix - 1) end
  end
  return name
end

local function base_name(path)
  return path:match("[^/]+$") or path
end

local function is_file(path)
  local stat = fs.stat(path)
  return stat ~= nil and stat.type == "file"
end

local function is_dir(path)
  local stat = fs.stat(path)
  return stat ~= nil and stat.type == "dir"
end

---The base folder in absolute form.
---@param base_dir? string default: the working folder
---@return string
function M.base_dir(base_dir)
  return fs.absolute(env.expand(base_dir or "."))
end

-- The folders that hold specifications: the user's first, then the installed ones.
local function roots(base_dir)
  local found, seen = {}, {}
  for _, folder in ipairs { base_dir, info.home } do
    local root = fs.absolute(folder .. "/config/specification")
    if is_dir(root) and not seen[root] then
      seen[root] = true
      found[#found + 1] = root
    end
  end
  return found
end

local function list_root(root)
  local specs = {}
  for _, path in ipairs(fs.glob(root .. "/**/*.yaml.j2")) do
    specs[#specs + 1] = { name = stem_of(path:sub(#root + 2)), path = path, root = root }
  end
  table.sort(specs, function(a, b) return a.name < b.name end)
  return specs
end

---All specifications that can be named, by name; one of the user hides an installed one of the same name.
---@param opts? { base_dir?: string }
---@return { name: string, path: string, root: string }[]
function M.list(opts)
  local all, seen = {}, {}
  for _, root in ipairs(roots(M.base_dir(opts and opts.base_dir))) do
    for _, spec in ipairs(list_root(root)) do
      if not seen[spec.name] then
        seen[spec.name] = true
        all[#all + 1] = spec
      end
    end
  end
  table.sort(all, function(a, b) return a.name < b.name end)
  return all
end

local function bullets(items, field)
  local lines = {}
  for i, item in ipairs(items) do lines[i] = "  - " .. item[field] end
  return #lines > 0 and table.concat(lines, "\n") or "  (none)"
end

local function not_found(name, base_dir)
  local known = M.list { base_dir = base_dir }
  local names, shorts, full = {}, {}, {}
  for i, spec in ipairs(known) do
    local short = base_name(spec.name)
    names[i] = spec.name
    shorts[#shorts + 1], full[short] = short, spec.name
  end
  local near = text.nearest(stem_of(name), names) or full[text.nearest(base_name(stem_of(name)), shorts)]
  return { code = "not_found",
    message = "there is no specification '" .. name .. "'" .. (near and " (did you mean '" .. near .. "'?)"
      or ""),
    hint = "specifications found in " .. base_dir .. " and in the installation:\n"
      .. bullets(known, "name") ..
      "\ngive one as NAME, CATEGORY/NAME or the path of a file" }
end

local function ambiguous(name, found)
  return { code = "conflict",
    message = "'" .. name .. "' stands for " .. #found .. " specifications:\n" .. bullets(found, "path"),
    hint = "name it with its category, for example " .. found[1].name }
end

-- Specifications whose last name part is `short`, from the first root that has any.
local function by_short_name(short, search)
  for _, root in ipairs(search) do
    local found = {}
    for _, spec in ipairs(list_root(root)) do
      if base_name(spec.name) == short then found[#found + 1] = spec end
    end
    if #found > 0 then return found end
  end
  return {}
end

local FOLDER = "/config/specification"

-- A specification in one of the search folders belongs to the folder that `config` is in.
local function hit(path, root)
  return { name = stem_of(path:sub(#root + 2)), path = path, base_dir = root:sub(1, -#FOLDER - 1) }
end

local function by_path(path, search, base_dir)
  for _, root in ipairs(search) do
    if path:sub(1, #root + 1) == root .. "/" then return hit(path, root) end
  end
  return { name = stem_of(base_name(path)), path = path, base_dir = base_dir }
end

---@class bench.spec.Found
---@field name string
---@field path string
---@field base_dir string the folder whose `config` holds it, else that of the caller
---@field note string? something odd about how it was found

---Finds a specification: an existing file, `category/name`, or a bare name that only one category has. The
---user's `config/specification` is searched before the installed one. A wrong category falls back to the bare
---name and is reported as `note`.
---@param name string
---@param opts? { base_dir?: string }
---@return bench.spec.Found? found
---@return bench.Error? err `not_found` with all names and the nearest, `conflict` if several match
function M.find(name, opts)
  local base_dir = M.base_dir(opts and opts.base_dir)
  local search = roots(base_dir)
  local as_path, stem = env.expand(name), stem_of(name)
  if is_file(as_path) then return by_path(fs.absolute(as_path), search, base_dir) end
  for _, root in ipairs(search) do
    local path = root .. "/" .. stem .. ".yaml.j2"
    if is_file(path) then return hit(path, root) end
  end
  local found = by_short_name(base_name(stem), search)
  if #found == 0 then return nil, not_found(name, base_dir) end
  if #found > 1 then return nil, ambiguous(name, found) end
  local only = hit(found[1].path, found[1].root)
  if stem:find("/", 1, true) then
    only.note = "there is no specification '" .. stem .. "'; using '" .. only.name .. "'"
  end
  return only
end

-- Content

local KEYS = { "base_dir", "values_file", "template_dir", "scenario_file", "experiments" }

-- `file:line` of a key of the specification; only the file if its template hides the line.
local function place_of(spec, key)
  local number = 0
  for line in (spec.source .. "\n"):gmatch("([^\n]*)\n") do
    number = number + 1
    local word = line:match("^[\"']?([^\"':]+)[\"']?%s*:")
    if word == key then return spec.path .. ":" .. number, number end
  end
  return spec.path
end

local function content_error(spec, key, message, hint)
  local place, line = spec.path, nil
  if key then place, line = place_of(spec, key) end
  return { code = "invalid", message = place .. ": " .. message, hint = hint, file = spec.path, line = line }
end

-- A file of nearly that name beside the one that is missing.
local function near_path(path)
  local entries = fs.list(fs.parent(path)) or {}
  local names = {}
  for i, entry in ipairs(entries) do names[i] = entry.name end
  return text.did_you_mean(base_name(path), names)
end

local ADVICE = "correct the path, or choose another --base-dir"

local function check_file(spec, key, path)
  local stat = fs.stat(path)
  local names = key .. ".path names '" .. path .. "', "
  if not stat then return content_error(spec, key, names .. "which does not exist" .. near_path(path), ADVICE) end
  if stat.type ~= "file" then return content_error(spec, key, names .. "which is not a file", ADVICE) end
  if stat.size_bytes == 0 then return content_error(spec, key, names .. "which is empty", ADVICE) end
end

local function check_dir(spec, key, path)
  local stat = fs.stat(path)
  local names = key .. ".path names '" .. path .. "', "
  if not stat then return content_error(spec, key, names .. "which does not exist" .. near_path(path), ADVICE) end
  if stat.type ~= "dir" then return content_error(spec, key, names .. "which is not a folder", ADVICE) end
  local entries, err = fs.list(path)
  if not entries then return content_error(spec, key, names .. "which cannot be read: " .. err.message) end
  if #entries == 0 then return content_error(spec, key, names .. "which is empty", ADVICE) end
end

-- The path that `key` gives, checked; nil without an error if an optional key is absent.
local function read_path(spec, tree, key, check, required)
  local entry = tree[key]
  if entry == nil or entry == json.null then
    if not required and entry == nil then return nil end
    return nil, content_error(spec, entry and key, "the key '" .. key .. "' is missing", "add  " .. key
      .. ": {path: ...}")
  end
  local shape = "'" .. key .. "' must be a map with the key 'path'"
  if override.kind_of(entry) ~= "map" then
    return nil, content_error(spec, key, shape .. ", not a " .. override.kind_of(entry), "write  " .. key
      .. ": {path: ...}")
  end
  for _, name in ipairs(json.keys(entry)) do
    if name ~= "path" then
      return nil, content_error(spec, key, shape .. "; '" .. name .. "' is unknown"
        .. text.did_you_mean(name, { "path" }))
    end
  end
  if type(rawget(entry, "path")) ~= "string" or entry.path == "" then
    return nil, content_error(spec, key, shape .. ", which must be text")
  end
  local path = fs.absolute(env.expand(entry.path))
  local err = check(spec, key, path)
  if err then return nil, err end
  return path
end

local SHAPE = "a specification is a map with values_file, scenario_file and template_dir"

local function check_shape(spec, tree)
  if tree == json.null then return content_error(spec, nil, "the specification is empty", SHAPE) end
  if override.kind_of(tree) ~= "map" then
    return content_error(spec, nil, SHAPE .. ", not a " .. override.kind_of(tree))
  end
  if tree.scenario ~= nil and tree.scenario_file == nil then
    return content_error(spec, "scenario", "this is a scenario, not a specification",
      "pass the specification that names it in scenario_file")
  end
end

local function check_keys(spec, tree)
  for _, key in ipairs(json.keys(tree)) do
    if not lists.contains(KEYS, key) then
      return content_error(spec, key, "unknown key '" .. key .. "'" .. text.did_you_mean(key, KEYS),
        "known keys: " .. table.concat(KEYS, ", "))
    end
  end
  local base = tree.base_dir
  if base ~= nil and base ~= json.null and type(base) ~= "string" then
    return content_error(spec, "base_dir", "'base_dir' must be text, not a " .. override.kind_of(base))
  end
end

local PATHS = { { "values_file", check_file, true }, { "scenario_file", check_file, true },
  { "template_dir", check_dir, false } }

-- The text with `base_dir` filled in. A variable that is not there is an error: it would be missing in a path.
local function render(spec)
  local engine = require "host.render"
  local opts = { name = spec.path, undefined = "strict", search = { fs.parent(spec.path) } }
  for key, value in pairs(engine.plan_environment) do opts[key] = value end
  return engine.text(spec.source, { base_dir = spec.base_dir }, opts)
end

-- The rendered text as a tree.
local function parse(spec)
  local changed = spec.text ~= spec.source:gsub("\r?\n$", "")
  local tree, err = user_yaml.decode(spec.text, { file = spec.path .. (changed and " (rendered)" or "") })
  if err then return nil, err end
  err = check_shape(spec, tree) or check_keys(spec, tree)
  if err then return nil, err end
  return tree
end

---Reads a specification: renders it, checks its keys and that the files it names exist.
---@param found bench.spec.Found
---@return bench.Spec? spec
---@return bench.Error? err
function M.load(found)
  local spec = { name = found.name, path = found.path, base_dir = found.base_dir }
  local err, tree
  spec.source, err = fs.read(spec.path, { limit_bytes = LARGEST_BYTES })
  if not spec.source then return nil, err end
  spec.text, err = render(spec)
  if not spec.text then return nil, err end
  tree, err = parse(spec)
  if not tree then return nil, err end
  for _, entry in ipairs(PATHS) do
    spec[entry[1]], err = read_path(spec, tree, entry[1], entry[2], entry[3])
    if err then return nil, err end
  end
  return spec
end

---The name under which the rendered text is stored: the file name without its last suffix, ending in `.yaml`.
---@param path string
---@return string
function M.stored_name(path)
  local name = base_name(path):gsub("%.[^.]*$", "")
  if name:sub(-5) == ".yaml" then return name end
  return (name:gsub("%.[^.]*$", "")) .. ".yaml"
end

return M
