---Command-line words -> values, on top of lua-argparse.
---@class bench.cli.parser
local M = {}

local options = require "bench.options"
local text = require "host.text"

---Raised to end the program: `exit_code`, after `output` was printed or `message` explained.
M.Leave = { __tostring = function(self) return self.message or "" end }

---@param fields table
function M.leave(fields) error(setmetatable(fields, M.Leave), 0) end

local function is_long(name) return name:sub(1, 2) == "--" end

local JSON = { "--json", type = "boolean", help = "print JSON instead of text" }

-- Every option a command takes, with those that all take.
---@return { option: bench.Option, title: string? }[]
function M.declared(command)
  local list = command.options or {}
  local entries = options.flatten(type(list) == "function" and list() or list)
  if command.json then entries[#entries + 1] = { option = JSON } end
  return entries
end

-- ---- abbreviations ----------------------------------------------------------------------------------

local function long_names(entries)
  local names = { "--help" }
  for _, entry in ipairs(entries) do
    for _, name in ipairs(entry.option) do
      if is_long(name) then
        names[#names + 1] = name
        if entry.option.type == "boolean" then names[#names + 1] = "--no-" .. name:sub(3) end
      end
    end
  end
  return names
end

-- Names that mean the same option count once: `--spec` and `--specification_file`.
local function distinct(matches, entries)
  local owner, kept = {}, {}
  for _, entry in ipairs(entries) do
    for _, name in ipairs(entry.option) do owner[name] = entry.option end
  end
  local seen = {}
  for _, name in ipairs(matches) do
    local who = owner[name] or name
    if not seen[who] then
      seen[who] = true
      kept[#kept + 1] = name
    end
  end
  return kept
end

---The full name of an option that may be abbreviated.
---@param name string `--work`
---@param entries table[]
---@return string? full
---@return string? problem
function M.expand(name, entries)
  local names, matches = long_names(entries), {}
  for _, candidate in ipairs(names) do
    if candidate == name then return name end
    if candidate:sub(1, #name) == name then matches[#matches + 1] = candidate end
  end
  matches = distinct(matches, entries)
  if #matches == 1 then return matches[1] end
  if #matches > 1 then
    table.sort(matches)
    return nil, ("option '%s' is ambiguous: %s"):format(name, table.concat(matches, ", "))
  end
  return nil, ("unknown option '%s'%s"):format(name, text.did_you_mean(name, names))
end

-- The options that one word follows as their value.
local function with_one_value(entries)
  local names = {}
  for _, entry in ipairs(entries) do
    local takes = entry.option.type ~= "boolean" and not entry.option.many
    for _, name in ipairs(entry.option) do names[name] = takes end
  end
  return names
end

-- Full names of options. A negative number behind one is its value, not another option.
local function expand_all(given, entries)
  local out, plain, takes = {}, false, with_one_value(entries)
  for _, word in ipairs(given) do
    local before = out[#out]
    if word == "--" then plain = true end
    local name = not plain and word:match("^(%-%-[^=]+)")
    if name then
      local full, problem = M.expand(name, entries)
      if not full then return nil, problem end
      out[#out + 1] = full .. word:sub(#name + 1)
    elseif not plain and takes[before] and word:find "^%-%.?%d" then
      out[#out] = before .. (is_long(before) and "=" or "") .. word
    else
      out[#out + 1] = word
    end
  end
  return out
end

-- ---- argparse ---------------------------------------------------------------------------------------

local function add_flag(parser, option, key)
  parser:flag(table.concat(option, " "), option.help or ""):target(key)
  for _, name in ipairs(option) do
    if is_long(name) then
      parser:flag("--no-" .. name:sub(3)):target(key):action("store_false"):hidden(true)
    end
  end
end

local function add_option(parser, option)
  local key = options.key(option)
  if option.type == "boolean" then return add_flag(parser, option, key) end
  local added = parser:option(table.concat(option, " "), option.help or "")
  added:target(key):argname(option.metavar or key:upper())
  if option.many then added:args("+") end
  if option.type == "texts" then added:count("*") end
end

local function add_argument(parser, argument)
  local added = parser:argument(argument[1], argument.help)
  if argument.metavar then added:argname(argument.metavar) end
  if argument.choices then added:choices(argument.choices) end
  if argument.many then
    added:args(argument.optional and "*" or "+")
  elseif argument.optional then
    added:args("?")
  end
end

---The argparse parser of a command; also what completions are made from.
---@param command table
---@param parser? table An argparse command to fill instead of a new parser
function M.build(command, parser)
  parser = parser or require("argparse")("llmdbenchmark " .. command.name, command.summary):add_help(false)
  for _, entry in ipairs(M.declared(command)) do add_option(parser, entry.option) end
  for _, argument in ipairs(command.arguments or {}) do add_argument(parser, argument) end
  return parser
end

local function wants_help(given)
  for _, word in ipairs(given) do
    if word == "--" then return false end
    if word == "--help" or word == "-h" then return true end
  end
  return false
end

local function usage_error(command, problem, hint)
  local usage = require("bench.cli.help").usage(command)
  if hint then usage = "  hint: " .. hint .. "\n" .. usage end
  M.leave { exit_code = require("host.info").exit_codes.usage, message = problem, usage = usage }
end

---Reads the words behind a command. Ends the program for `--help` and for mistakes.
---@param command table
---@param given string[]
---@return table<string, any> values Typed, merged with the environment and defaults
---@return table<string, any> arguments
---@return table<string, string> sources
---@return table<string, string|boolean|string[]> flags As given
function M.parse_or_leave(command, given)
  local entries = M.declared(command)
  local expanded, problem = expand_all(given, entries)
  if not expanded then usage_error(command, problem) end
  if wants_help(expanded) then
    M.leave { exit_code = 0, output = require("bench.cli.help").command(command) }
  end
  local fine, parsed = M.build(command):pparse(expanded)
  if not fine then usage_error(command, parsed) end
  local declared, flags, arguments = {}, {}, {}
  for i, entry in ipairs(entries) do
    declared[i] = entry.option
    local key = options.key(entry.option)
    flags[key] = parsed[key]
    if entry.option.type == "texts" and #flags[key] == 0 then flags[key] = nil end
  end
  for _, argument in ipairs(command.arguments or {}) do
    local value = parsed[argument[1]]
    if value and options.is_empty(value) then
      usage_error(command, (argument.metavar or argument[1]) .. ": a value is needed")
    end
    arguments[argument[1]] = value
  end
  local values, sources = options.resolve(declared, flags)
  if not values then usage_error(command, sources.message, sources.hint) end
  return values, arguments, sources, flags
end

return M
