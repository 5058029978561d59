---What `--help` prints.
---@class bench.cli.help
local M = {}

local options = require "bench.options"

local WIDTH = 100
local INDENT = 30
local RULES = "Global options may stand before or after the command. A flag wins over its environment "
  .. "variable [in brackets], which wins over the scenario. Booleans that a variable or the scenario may "
  .. "switch on have a --no- form. Long options may be shortened as long as they are unambiguous."

local function wrap(text, indent)
  local lines, line = {}, ""
  for word in text:gmatch("%S+") do
    if #line > 0 and indent + #line + 1 + #word > WIDTH then
      lines[#lines + 1] = line
      line = word
    else
      line = #line > 0 and line .. " " .. word or word
    end
  end
  lines[#lines + 1] = line
  return table.concat(lines, "\n" .. (" "):rep(indent))
end

-- `left` and its explanation in two columns.
local function row(left, right)
  left = "  " .. left
  if right == "" then return left end
  if #left + 2 > INDENT then
    return left .. "\n" .. (" "):rep(INDENT) .. wrap(right, INDENT)
  end
  return left .. (" "):rep(INDENT - #left) .. wrap(right, INDENT)
end

local function metavar(option)
  if option.type == "boolean" then return "" end
  return " " .. (option.metavar or options.key(option):upper())
end

-- Saying no is worth showing where something else may have said yes.
local function is_tri_state(option)
  return option.type == "boolean" and (option.env or option.default or option.tri_state) and true or false
end

local function names_of(option)
  local short, long = {}, {}
  for _, name in ipairs(option) do
    local is_long = name:sub(1, 2) == "--"
    if is_long and is_tri_state(option) then name = "--[no-]" .. name:sub(3) end
    table.insert(is_long and long or short, name)
  end
  for _, name in ipairs(long) do short[#short + 1] = name end
  return table.concat(short, ", ") .. metavar(option)
end

local function explanation(option)
  local parts = { option.help or "" }
  if option.choices then parts[#parts + 1] = "(" .. table.concat(option.choices, ", ") .. ")" end
  if option.default ~= nil then parts[#parts + 1] = ("(default: %s)"):format(tostring(option.default)) end
  local variables = options.variables(option)
  if #variables > 0 then parts[#parts + 1] = "[" .. table.concat(variables, ", ") .. "]" end
  return table.concat(parts, " ")
end

local function argument_word(argument)
  local word = argument.metavar or argument[1]:upper()
  if argument.many then word = word .. "..." end
  return argument.optional and "[" .. word .. "]" or word
end

---The `Usage:` line of a command.
---@param command table
---@return string
function M.usage(command)
  local parts = { "Usage: llmdbenchmark", command.name, "[options]" }
  for _, argument in ipairs(command.arguments or {}) do parts[#parts + 1] = argument_word(argument) end
  return table.concat(parts, " ")
end

local function add_examples(out, examples)
  if not examples or #examples == 0 then return end
  out[#out + 1] = "\nExamples:"
  for _, example in ipairs(examples) do out[#out + 1] = "  " .. example end
end

-- Options by group: the command's own first, then groups with a title.
local function add_options(out, command)
  local order, groups = { "Options" }, { Options = {} }
  for _, entry in ipairs(require("bench.cli.parser").declared(command)) do
    local title = entry.title or "Options"
    if not groups[title] then
      order[#order + 1] = title
      groups[title] = {}
    end
    if not entry.option.hidden then
      table.insert(groups[title], row(names_of(entry.option), explanation(entry.option)))
    end
  end
  table.insert(groups.Options, row("-h, --help", "show this text"))
  for _, title in ipairs(order) do
    if #groups[title] > 0 then
      out[#out + 1] = "\n" .. title .. ":"
      for _, line in ipairs(groups[title]) do out[#out + 1] = line end
    end
  end
end

---The help text of one command.
---@param command table
---@return string
function M.command(command)
  local out = { M.usage(command), "" }
  local summary = command.summary or ""
  if summary ~= "" then out[#out + 1] = summary:sub(1, 1):upper() .. summary:sub(2) .. "." end
  if command.description then out[#out + 1] = "\n" .. wrap(command.description, 0) end
  if command.arguments and #command.arguments > 0 then
    out[#out + 1] = "\nArguments:"
    for _, argument in ipairs(command.arguments) do
      out[#out + 1] = row(argument_word(argument), argument.help or "")
    end
  end
  add_options(out, command)
  add_examples(out, command.usage_examples)
  return table.concat(out, "\n") .. "\n"
end

---The help text of the program.
---@param commands table[] Loaded commands, in order
---@return string
function M.program(commands)
  local info = require "host.info"
  local out = {
    "Usage: llmdbenchmark COMMAND [options]",
    "       llmdbenchmark FILE.lua [arguments]",
    "",
    "Benchmarks LLM inference stacks. Version " .. info.version .. ".",
    "",
    "Commands:",
  }
  for _, command in ipairs(commands) do out[#out + 1] = row(command.name, command.summary or "") end
  out[#out + 1] = "\nOptions:"
  out[#out + 1] = row("-h, --help", "show this text, or with a command its own")
  out[#out + 1] = row("--version, --ver", "print the version")
  out[#out + 1] = "\n" .. wrap(RULES, 0)
  add_examples(out, {
    "llmdbenchmark standup --help",
    "llmdbenchmark --spec local/quickstart e2e",
    "llmdbenchmark my_sweep.lua",
  })
  return table.concat(out, "\n") .. "\n"
end

return M
