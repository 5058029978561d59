---The completion script for bash. What stands behind an option depends on the option: its choices, what there is of
---the kind, files, or nothing.
---@class bench.cli.complete_bash
local M = {}

local FILE_METAVARS = { FILE = true, DIR = true, SPEC = true, PATH = true, PROFILE = true }

-- Words for `compgen -W`, one a line since names may hold blanks; empty ones cannot be typed.
local function quoted(words)
  local kept = {}
  for _, word in ipairs(words) do
    if word ~= "" then kept[#kept + 1] = (word:gsub("[\\'$`\"]", "")) end
  end
  return "$'" .. table.concat(kept, "\\n") .. "'"
end

local function values_of(option)
  local suggest = option.suggest
  return type(suggest) == "function" and suggest() or suggest or option.choices
end

-- What to do behind an option: offer words, files, both, or nothing.
local function action(option)
  local words, lines = values_of(option), {}
  if words then lines[#lines + 1] = "_llmdbenchmark_words " .. quoted(words) end
  if option.type == "path" or FILE_METAVARS[option.metavar] then lines[#lines + 1] = "_llmdbenchmark_files" end
  return table.concat(lines, "; ")
end

-- `case` branches for the options of a command that take a value.
local function value_cases(entries, indent)
  local lines = {}
  for _, entry in ipairs(entries) do
    if entry.option.type ~= "boolean" then
      lines[#lines + 1] = ("%s%s) %s; return ;;"):format(indent, table.concat(entry.option, "|"),
        action(entry.option):gsub("^$", ":"))
    end
  end
  return lines
end

local function option_names(entries)
  local names = { "--help", "-h" }
  for _, entry in ipairs(entries) do
    for _, name in ipairs(entry.option) do
      names[#names + 1] = name
      if entry.option.type == "boolean" and name:sub(1, 2) == "--" then names[#names + 1] = "--no-" .. name:sub(3) end
    end
  end
  return names
end

local function argument_action(command)
  local argument = (command.arguments or {})[1]
  return argument and action(argument) or ""
end

-- The branch of one command: values, options, argument.
local function command_case(command)
  local entries = require("bench.cli.parser").declared(command)
  local lines = { "    " .. command.name .. ")", '      case "$prev" in' }
  for _, line in ipairs(value_cases(entries, "        ")) do lines[#lines + 1] = line end
  lines[#lines + 1] = "      esac"
  lines[#lines + 1] = '      if [[ $cur == -* ]]; then _llmdbenchmark_words ' .. quoted(option_names(entries))
  lines[#lines + 1] = "      else " .. argument_action(command):gsub("^$", ":") .. "; fi ;;"
  return table.concat(lines, "\n")
end

local HEAD = [=[
_llmdbenchmark_words() {
  local IFS=$'\n'
  COMPREPLY+=($(compgen -W "$1" -- "$cur"))
}

_llmdbenchmark_files() {
  local IFS=$'\n'
  compopt -o filenames 2>/dev/null
  COMPREPLY+=($(compgen -f -- "$cur"))
}

_llmdbenchmark() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} cmd="" i
  COMPREPLY=()
  if [[ $cur == = ]]; then cur=""; elif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "${COMP_WORDS[i]}" in
]=]

local AFTER_COMMAND = [[
    esac
  done
  case "$cmd" in
]]

---The script for these commands.
---@param commands table[]
---@return string
function M.script(commands)
  local names, global, seen = {}, {}, {}
  for i, command in ipairs(commands) do names[i] = command.name end
  for _, group in ipairs { "session", "selection" } do
    for _, entry in ipairs(require("bench.options").flatten { require("bench.options").shared[group] }) do
      if not seen[entry.option[1]] then
        seen[entry.option[1]], global[#global + 1] = true, entry
      end
    end
  end
  local skipped = {}
  for _, entry in ipairs(global) do
    if entry.option.type ~= "boolean" then skipped[#skipped + 1] = table.concat(entry.option, "|") end
  end
  local lines = { HEAD .. "      " .. table.concat(skipped, "|") .. ")",
    "        if [[ ${COMP_WORDS[i+1]} == = ]]; then ((i += 2)); else ((i++)); fi ;;",
    "      " .. table.concat(names, "|") .. ") cmd=${COMP_WORDS[i]}; break ;;",
    AFTER_COMMAND .. '    "")', '      case "$prev" in' }
  for _, line in ipairs(value_cases(global, "        ")) do lines[#lines + 1] = line end
  lines[#lines + 1] = "      esac"
  lines[#lines + 1] = "      if [[ $cur == -* ]]; then _llmdbenchmark_words "
    .. quoted { "--version", unpack(option_names(global)) }
  lines[#lines + 1] = "      else _llmdbenchmark_words " .. quoted(names) .. "; _llmdbenchmark_files; fi ;;"
  for _, command in ipairs(commands) do lines[#lines + 1] = command_case(command) end
  lines[#lines + 1] = "  esac\n}\n\ncomplete -F _llmdbenchmark llmdbenchmark\n"
  return table.concat(lines, "\n")
end

return M
