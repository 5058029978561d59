---Declared options: what they are called, where else their value may come from, and what it must look like.
---A declaration is `{ "--namespace", "-p", env = "LLMDBENCH_NAMESPACE", type = "string", help = "..." }`.
---@class bench.options
local M = {}

local env = require "host.env"
local text = require "host.text"

---@class bench.Option
---@field [integer] string Names: long ones `--name`, then short ones `-n`
---@field key? string Name in the result; made from the first long name unless given
---@field type? "string"|"integer"|"number"|"boolean"|"list"|"path"|"texts" `string` unless given; `texts`: the flag may
---  be repeated, the value is a list of what was given
---@field env? string|string[] Variables that give the value if no flag does; the first one that is set
---@field default? any
---@field many? boolean Of a list: the flag takes several words instead of one with commas
---@field may_be_empty? boolean The empty text is a value, not a mistake
---@field metavar? string Name of the value in the help
---@field choices? string[]
---@field suggest? string[]|fun(): string[] What completion offers, besides files, when `choices` is not given
---@field minimum? number
---@field maximum? number
---@field secret? boolean The value is never shown
---@field check? fun(value: any): bench.Error? Asked last: what is wrong with the value
---@field hidden? boolean Not in the help
---@field group? string Heading under which the help lists it
---@field tri_state? boolean Of a boolean: show the `--no-` form although no variable and no default says yes
---@field help? string

local KNOWN = {
  key = true, type = true, env = true, default = true, metavar = true, choices = true, minimum = true,
  maximum = true, secret = true, hidden = true, help = true, group = true, tri_state = true,
  many = true, may_be_empty = true, suggest = true, check = true,
}

---Groups of options that several commands share.
---@type table<string, bench.Option[]>
M.shared = require "bench.options.shared"

---The key under which an option's value is found.
---@param option bench.Option
---@return string
function M.key(option)
  if option.key then return option.key end
  return (option[1]:gsub("^%-+", ""):gsub("%-", "_"))
end

local function check(option)
  for field in pairs(option) do
    if type(field) == "string" and not KNOWN[field] then
      error(("option %s: unknown field '%s'"):format(tostring(option[1]), field), 0)
    end
  end
  return option
end

---All options of a list in which lists of options, with a `title`, may be nested.
---@param list table[]
---@param title? string
---@param into? table[]
---@return { option: bench.Option, title: string? }[]
function M.flatten(list, title, into)
  into = into or {}
  for _, entry in ipairs(list or {}) do
    if type(entry[1]) == "string" then
      into[#into + 1] = { option = check(entry), title = entry.group or title }
    else
      M.flatten(entry, entry.title or title, into)
    end
  end
  return into
end

---A group without some of its options, for a command in which they would do nothing.
---@param group table[]
---@param ... string First names of the options to leave out
---@return table[]
function M.without(group, ...)
  local out, kept = {}, { title = group.title }
  for i = 1, select("#", ...) do out[(select(i, ...))] = true end
  for _, option in ipairs(group) do
    if not out[option[1]] then kept[#kept + 1] = option end
  end
  return kept
end

---The variables that may give an option's value.
---@param option bench.Option
---@return string[]
function M.variables(option)
  if type(option.env) == "table" then return option.env end
  return option.env and { option.env } or {}
end

-- ---- values -----------------------------------------------------------------------------------------

local TRUE = { ["1"] = true, ["true"] = true, yes = true, on = true }
local FALSE = { ["0"] = true, ["false"] = true, no = true, off = true }

local function read_list(value)
  local items = {}
  for item in value:gmatch("[^,]+") do
    item = item:match("^%s*(.-)%s*$")
    if item ~= "" then items[#items + 1] = item end
  end
  return items
end

local MOST = 2 ^ 53  -- beyond it not every whole number can be told from the next

local function read_number(value)
  return tonumber(value:match "^%s*[+-]?[%d.][%d.eE+-]*%s*$"), "is not a number"
end

local function read_integer(value)
  local number = read_number(value)
  if not number or number ~= math.floor(number) then return nil, "is not a whole number" end
  if math.abs(number) > MOST then return nil, "is too large" end
  return number
end

local READ = {
  string = function(value) return value end,
  list = read_list,
  texts = function(value) return { value } end,
  path = function(value) return env.expand(value) end,
  integer = read_integer,
  number = read_number,
  boolean = function(value)
    local word = value:lower():match("^%s*(.-)%s*$")
    if TRUE[word] then return true end
    if FALSE[word] then return false end
    return nil, "is neither yes nor no (1, true, yes, on; 0, false, no, off)"
  end,
}

local function check_range(option, value)
  if option.minimum and value < option.minimum then return ("is less than %s"):format(option.minimum) end
  if option.maximum and value > option.maximum then return ("is more than %s"):format(option.maximum) end
  return nil
end

local function check_choice(option, value)
  for _, choice in ipairs(option.choices or {}) do
    if choice == value then return nil end
  end
  if not option.choices then return nil end
  local list = table.concat(option.choices, ", ")
  return ("is not one of %s%s"):format(list, text.did_you_mean(value, option.choices))
end

---Was nothing given: an empty text, or one in a list?
---@param given string|boolean|string[]
---@return boolean
function M.is_empty(given)
  if type(given) ~= "table" then return given == "" end
  for _, each in ipairs(given) do
    if each == "" then return true end
  end
  return false
end

-- The value, unless the option itself finds something wrong with it.
local function checked(option, value, source)
  local err = option.check and option.check(value)
  if not err then return value end
  return nil, { code = "invalid", message = source .. ": " .. err.message, hint = err.hint }
end

---The value that a text stands for.
---@param option bench.Option
---@param given string|boolean|string[]
---@param source string Flag or variable, for the message
---@return any? value
---@return bench.Error? err `invalid`
function M.read(option, given, source)
  if not option.may_be_empty and M.is_empty(given) then
    return nil, { code = "invalid", message = source .. ": a value is needed" }
  end
  if type(given) ~= "string" then return checked(option, given, source) end
  local value, problem = READ[option.type or "string"](given)
  if value ~= nil then
    problem = type(value) == "number" and check_range(option, value) or check_choice(option, value)
    if not problem then return checked(option, value, source) end
  end
  local shown = option.secret and "the value" or ("'%s'"):format(given)
  return nil, { code = "invalid", message = ("%s: %s %s"):format(source, shown, problem) }
end

-- The first variable of the option that is set to something, and its text.
local function from_environment(option)
  for _, name in ipairs(M.variables(option)) do
    local value = env.get(name)
    if value and value ~= "" then return name, value end
  end
  return nil
end

---Merges flags, environment and defaults, in this order of precedence.
---@param list table[] Declared options
---@param flags table<string, string|boolean|string[]> What was given on the command line, by key
---@return table<string, any>? values Booleans that were not given anywhere are nil
---@return bench.Error|table<string, string> err_or_sources By key: `flag`, the variable's name or `default`
function M.resolve(list, flags)
  local values, sources = {}, {}
  for _, entry in ipairs(M.flatten(list)) do
    local option = entry.option
    local key = M.key(option)
    local source, given = option[1], flags[key]
    if given == nil then source, given = from_environment(option) end
    if given ~= nil then
      local value, err = M.read(option, given, source)
      if err then return nil, err end
      values[key], sources[key] = value, flags[key] ~= nil and "flag" or source
    elseif option.default ~= nil then
      values[key], sources[key] = option.default, "default"
    end
  end
  return values, sources
end

---@class bench.options.About What `--help` of a script says
---@field name? string
---@field summary? string
---@field arguments? table[]
---@field usage_examples? string[]

---Options of a script of one's own:
---`local opts = options.parse({ { "--limit", type = "integer" } }, { ... })`. A wrong
---argument, and `--help`, end the script as they end a command.
---@param list table[] Declared options
---@param args string[]
---@param about? bench.options.About
---@return table<string, any> values
---@return table<string, any> arguments
function M.parse(list, args, about)
  about = about or {}
  local command = {
    name = about.name or "script", summary = about.summary or "", options = list,
    arguments = about.arguments, usage_examples = about.usage_examples,
  }
  return require("bench.cli.parser").parse_or_leave(command, args)
end

return M
