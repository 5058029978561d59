---Where scripts are found: the first of `./scripts`, `--scripts DIR`, `LLMDBENCH_SCRIPTS`, the user's
---configuration and the installed copy that has the file. `require "scripts.<name>"` goes this way.
---@class bench.search
local M = {}

local env = require "host.env"
local fs = require "host.fs"
local info = require "host.info"
local text = require "host.text"

local PREFIX = "scripts."
local SHIPPED = "shipped."
local BLAME = 3 -- the level of the script that called `require`, seen from a loader

local given -- the folder of --scripts

local function is_folder(path) return (fs.stat(path) or {}).type == "dir" end

-- The folders that the user asks for, in order.
local function asked_for()
  local all = {}
  if given then all[1] = { dir = given, origin = "--scripts" } end
  for dir in (env.get "LLMDBENCH_SCRIPTS" or ""):gmatch("[^:]+") do
    all[#all + 1] = { dir = dir, origin = "LLMDBENCH_SCRIPTS" }
  end
  return all
end

---Sets the folder that was given on the command line; nil for none.
---@param scripts? string
---@return bench.search.Dir? missing The first folder of those that were asked for, here or in the environment, that
---  is not there
function M.configure(scripts)
  given = scripts
  for _, entry in ipairs(asked_for()) do
    if not is_folder(entry.dir) then return entry end
  end
  return nil
end

local function config_home()
  local folder = env.get "XDG_CONFIG_HOME"
  return folder and folder ~= "" and folder or fs.join(env.home(), ".config")
end

---@class bench.search.Dir
---@field dir string
---@field origin string How it came to be searched

---The folders that are searched, in order; each one once.
---@return bench.search.Dir[]
function M.dirs()
  local all = { { dir = "scripts", origin = "working folder" } }
  for _, entry in ipairs(asked_for()) do all[#all + 1] = entry end
  all[#all + 1] = { dir = fs.join(config_home(), "llmdbenchmark", "scripts"), origin = "user" }
  local installed = { dir = fs.join(info.home, "scripts"), origin = "installed" }
  local seen, dirs = { [fs.absolute(installed.dir)] = true }, {}
  for _, entry in ipairs(all) do
    local place = fs.absolute(entry.dir)
    if not seen[place] then
      seen[place] = true
      dirs[#dirs + 1] = entry
    end
  end
  dirs[#dirs + 1] = installed
  return dirs
end

---@class bench.search.Script
---@field name string Without `.lua`: `standup`, `steps/standup/ensure_infra`
---@field path string
---@field origin string
---@field shadows string[] Files of the same name further down the search path

local function add_scripts(found, order, entry, folder)
  for _, item in ipairs(fs.list(fs.join(entry.dir, folder)) or {}) do
    local name = folder == "." and item.name or folder .. "/" .. item.name
    local full = fs.join(entry.dir, name)
    if item.type == "dir" or (item.type == "symlink" and (fs.stat(full) or {}).type == "dir") then
      add_scripts(found, order, entry, name)
    elseif name:match("%.lua$") then
      local key = name:sub(1, -5)
      if found[key] then
        table.insert(found[key].shadows, full)
      else
        found[key] = { name = key, path = full, origin = entry.origin, shadows = {} }
        order[#order + 1] = key
      end
    end
  end
end

---Every script that can be found, sorted by name.
---@return bench.search.Script[]
function M.list()
  local found, order, scripts = {}, {}, {}
  for _, entry in ipairs(M.dirs()) do add_scripts(found, order, entry, ".") end
  table.sort(order)
  for i, key in ipairs(order) do scripts[i] = found[key] end
  return scripts
end

local function not_found(name)
  local names, places = {}, {}
  for i, script in ipairs(M.list()) do names[i] = script.name end
  for i, entry in ipairs(M.dirs()) do places[i] = entry.dir end
  local nearest = text.nearest(name, names)
  return nil, {
    code = "not_found",
    message = ("no script '%s' in %s"):format(name, table.concat(places, ", ")),
    hint = nearest and ("did you mean '%s'?"):format(nearest) or "llmdbenchmark scripts lists what there is",
  }
end

---The first file for a script name such as `standup` or `steps/standup/ensure_infra`.
---@param name string
---@return string? path
---@return bench.Error|string err_or_origin Where it comes from, or why there is none
function M.find(name)
  for _, entry in ipairs(M.dirs()) do
    local path = fs.join(entry.dir, name .. ".lua")
    if fs.exists(path) then return path, entry.origin end
  end
  return not_found(name)
end

---The installed file for a script name.
---@param name string
---@return string? path
---@return bench.Error? err
function M.shipped(name)
  local path = fs.join(info.home, "scripts", name .. ".lua")
  if fs.exists(path) then return path end
  return not_found(name)
end

local function load_script(module)
  if module:sub(1, #PREFIX) ~= PREFIX then return nil end
  local name = module:sub(#PREFIX + 1)
  local is_shipped = name:sub(1, #SHIPPED) == SHIPPED
  if is_shipped then name = name:sub(#SHIPPED + 1) end
  name = name:gsub("%.", "/")
  local path, err = (is_shipped and M.shipped or M.find)(name)
  if not path then error(("module '%s' not found: %s; %s"):format(module, err.message, err.hint), BLAME) end
  local chunk, problem = loadfile(path)
  if not chunk then error({ code = "invalid", message = problem }, 0) end
  return chunk
end

-- The modules that there are for certain: native ones, the library, and files beside the user.
local function module_names()
  local names, library = {}, info.home .. "/lua/"
  for name in pairs(package.preload) do names[#names + 1] = name end
  for _, path in ipairs(fs.glob(library .. "bench/**.lua")) do
    names[#names + 1] = path:sub(#library + 1, -5):gsub("/", ".")
  end
  for _, path in ipairs(fs.glob "*.lua") do names[#names + 1] = path:match "([^/]+)%.lua$" end
  return names
end

-- Where a file of the module could be, without the folders of the system, which hold none of ours.
local function places(module)
  local found, file = {}, module:gsub("%.", "/")
  for template in package.path:gmatch "[^;]+" do
    if template:sub(1, 5) ~= "/usr/" then found[#found + 1] = template:gsub("%?", (file:gsub("%%", "%%%%"))) end
  end
  return table.concat(found, ", ")
end

-- The last loader: says what was meant instead of listing every place where nothing is.
local function explain_missing(module)
  local meant = text.nearest(module, module_names())
  error(("module '%s' not found %s"):format(module, meant and ("(did you mean '%s'?)"):format(meant)
    or "(there is none of " .. places(module) .. ")"), BLAME)
end

---Makes `require "scripts.<name>"` search these folders, and `require "scripts.shipped.<name>"` give the
---installed script, for an edited one of the same name to start from. A module that is not there is told with
---what was meant.
function M.install()
  for _, loader in ipairs(package.loaders) do
    if loader == load_script then return end
  end
  table.insert(package.loaders, 2, load_script)
  table.insert(package.loaders, explain_missing)
end

---Forgets all loaded scripts, so that the next `require` reads them again.
function M.forget()
  for module in pairs(package.loaded) do
    if type(module) == "string" and module:sub(1, #PREFIX) == PREFIX then package.loaded[module] = nil end
  end
end

return M
