---The list of environment variables that are in force, shown when a phase starts.
---@class bench.cli.overrides
local M = {}

local env = require "host.env"
local options = require "bench.options"
local text = require "host.text"

local PREFIX = "LLMDBENCH_"
local LONGEST = 60
local LONGEST_FLAG = 50

-- Variables that no option stands for, and what reads them.
local OTHERS = {
  LLMDBENCH_HOME = "where the program finds its files",
  LLMDBENCH_SCRIPTS = "where scripts are looked up",
  LLMDBENCH_HF_TOKEN = "access to models",
  LLMDBENCH_ENDPOINT_TOKEN = "bearer token of the endpoint",
  LLMDBENCH_DETACHED = "marks processes that outlive this program",
  LLMDBENCH_TEST_GC = "stresses the garbage collector",
}

local function cut(value, length)
  if #value < length then return value end
  return value:sub(1, length - 3) .. "..."
end

local function is_secret(name, option)
  if option and option.secret then return true end
  return require("host.log").is_secret(name)
end

local function shown(name, option, value, length)
  if is_secret(name, option) then return "***" end
  return cut(value:gsub("[%c]", " "):gsub("://[^/@]*@", "://***@"), length)
end

-- Every variable that some option of a command reads.
local function by_variable(entries)
  local found = {}
  for _, entry in ipairs(entries) do
    for _, name in ipairs(options.variables(entry.option)) do found[name] = found[name] or entry.option end
  end
  return found
end

local function all_entries()
  local entries = {}
  for _, command in ipairs(require("bench.commands").all()) do
    for _, entry in ipairs(require("bench.cli.parser").declared(command)) do entries[#entries + 1] = entry end
  end
  return entries
end

local function set_variables()
  local names = {}
  for name, value in pairs(env.all()) do
    if name:sub(1, #PREFIX) == PREFIX and value ~= "" then names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

local function flag_text(option, value)
  if value == true then return option[1] end
  if value == false then return "--no-" .. option[1]:sub(3) end
  if type(value) == "table" then value = table.concat(value, " " .. option[1] .. " ") end
  return ("%s %s"):format(option[1], shown(options.key(option):upper(), option, value, LONGEST_FLAG))
end

local function unknown(name, ...)
  local names = {}
  for i = 1, select("#", ...) do
    for candidate in pairs((select(i, ...))) do names[#names + 1] = candidate end
  end
  table.sort(names)
  local nearest = text.nearest(name, names)
  return nearest and (" (unknown; did you mean %s?)"):format(nearest) or " (unknown)"
end

-- What to say behind one variable.
local function remark(name, cli, used, known)
  local option = used[name]
  if option then
    local given = cli.flags[options.key(option)]
    if given ~= nil then return (" (overridden by CLI: %s)"):format(flag_text(option, given)) end
    if cli.sources[options.key(option)] ~= name then return " (another variable wins)" end
    return ""
  end
  if known[name] then return (" (not used by %s)"):format(cli.command) end
  if OTHERS[name] then return (" (%s)"):format(OTHERS[name]) end
  return unknown(name, used, known, OTHERS)
end

---Lines about the `LLMDBENCH_*` variables that are set: a headline, then one for each. No secrets.
---@param cli bench.Cli
---@return string[] lines Empty if none is set
function M.lines(cli)
  local names = set_variables()
  if #names == 0 then return {} end
  local used = by_variable(require("bench.cli.parser").declared(require("bench.commands").load(cli.command)))
  local known = by_variable(all_entries())
  local lines = { ("Environment variables in force: %d"):format(#names) }
  for _, name in ipairs(names) do
    local value = shown(name, used[name] or known[name], env.get(name), LONGEST)
    lines[#lines + 1] = ("  %s=%s%s"):format(name, value, remark(name, cli, used, known))
  end
  return lines
end

return M
