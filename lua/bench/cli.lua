---The command line: finds the command or script, reads its options, runs it, explains what went wrong.
---@class bench.cli
local M = {}

local commands = require "bench.commands"
local info = require "host.info"

local EXIT = info.exit_codes

---What a command's `run` gets.
---@class bench.Cli
---@field command string
---@field options table<string, any> Flag > environment > default; booleans are nil if not given
---@field sources table<string, string> By key: `flag`, the variable, or `default`
---@field arguments table<string, any>
---@field json boolean
---@field phase? bench.Phase The phase to run instead of the shipped one, from a script
---@field words string[] The command line, for manifests; secrets are not in it
---@field flags table<string, any>

-- Whether a value follows an option, as far as this can be known before the command is: true, false, or nil.
local function takes_value(word)
  local options = require "bench.options"
  if word:find("=", 1, true) then return false end
  for _, group in pairs(options.shared) do
    for _, entry in ipairs(options.flatten { group }) do
      for _, name in ipairs(entry.option) do
        local is_prefix = #word > 2 and name:sub(1, #word) == word
        if name == word or is_prefix then return entry.option.type ~= "boolean" end
      end
    end
  end
  return nil
end

local function is_script(word) return word:match("%.lua$") ~= nil or word:find("/", 1, true) ~= nil end

-- The position of the command: the first word that is neither an option nor the value of one. Behind an option
-- that only the command knows, a word counts as its value unless it can be the command.
local function find_command(words)
  local i, maybe_value = 1, false
  while i <= #words do
    local word = words[i]
    if word:sub(1, 1) ~= "-" or word == "-" then
      if not maybe_value or commands.exists(word) or is_script(word) then return i end
      maybe_value = false
    else
      local takes = takes_value(word)
      if takes then i = i + 1 end
      maybe_value = takes == nil
    end
    i = i + 1
  end
  return nil
end

local function has(words, ...)
  for _, word in ipairs(words) do
    if word == "--" then return false end
    for i = 1, select("#", ...) do
      if word == select(i, ...) then return true end
    end
  end
  return false
end

local function without(words, position)
  local rest = {}
  for i, word in ipairs(words) do
    if i ~= position then rest[#rest + 1] = word end
  end
  return rest
end

local function leave(fields) require("bench.cli.parser").leave(fields) end

local function tell_version() leave { exit_code = 0, output = ("%s:%s\n"):format(info.name, info.version) } end

-- The options that stand there alone, without their values.
local function only(words)
  local names = {}
  for _, word in ipairs(words) do
    if word:sub(1, 1) == "-" then names[#names + 1] = word:match "^[^=]+" end
  end
  return #names > 0 and ", only " .. table.concat(names, ", ") or ""
end

local function no_command(words)
  if has(words, "--version", "--ver") then tell_version() end
  local help = require("bench.cli.help").program(commands.all())
  if has(words, "--help", "-h") then leave { exit_code = 0, output = help } end
  leave { exit_code = EXIT.usage, message = "no command given" .. only(words), usage = help }
end

local function unknown_command(name)
  local names = commands.names()
  leave {
    exit_code = EXIT.usage,
    message = ("unknown command '%s'%s"):format(name, require("host.text").did_you_mean(name, names)),
    usage = "The commands are: " .. table.concat(names, ", "),
  }
end

-- A folder that is not there would leave only the installed scripts, without a word.
local function configure(values)
  local missing = require("bench.search").configure(values.scripts)
  if not missing then return end
  leave { exit_code = EXIT.usage, message = ("%s: there is no folder %s"):format(missing.origin, missing.dir),
    usage = "  hint: give a folder of edited phases and steps" }
end

-- Makes secrets known that came as options, and gives the command line without them.
local function without_secrets(command, values, line)
  local secrets, log = {}, require "host.log"
  for _, entry in ipairs(require("bench.cli.parser").declared(command)) do
    local value = entry.option.secret and values[require("bench.options").key(entry.option)]
    if value then
      secrets[tostring(value)] = true
      log.secret(tostring(value))
    end
  end
  local words = {}
  for i, word in ipairs(line) do words[i] = secrets[word] and "***" or log.redact(word) end
  return words
end

---Runs a command with the words behind it.
---@async
---@param command table
---@param words string[]
---@param extra? { phase?: bench.Phase, line?: string[] }
---@return integer exit_code
function M.run_command(command, words, extra)
  local values, arguments, sources, flags = require("bench.cli.parser").parse_or_leave(command, words)
  configure(values)
  local code = command.run {
    command = command.name, options = values, arguments = arguments, sources = sources, flags = flags,
    json = values.json == true, phase = extra and extra.phase or nil,
    words = without_secrets(command, values, extra and extra.line or words),
  }
  return code or EXIT.success
end

local function dispatch(words)
  local position = find_command(words)
  if not position then return no_command(words) end
  local name = words[position]
  if not commands.exists(name) then
    if not is_script(name) then unknown_command(name) end
    return require("bench.cli.script").run(words, position)
  end
  if has(words, "--version", "--ver") then tell_version() end
  return M.run_command(commands.load(name), without(words, position), { line = words })
end

---Runs the program with these arguments. All of it is one task, so that a failure of any task that a script
---spawned arrives here, too, and a stack that overflowed can still be shown.
---@async
---@param words string[]
---@return integer exit_code
function M.run(words)
  require("bench.search").install()
  local task = require "host.task"
  local fine, result = xpcall(task.scope, function(err)
    if getmetatable(err) == require("bench.cli.parser").Leave then return err end
    return { raised = err, traceback = task.traceback(err) }
  end, dispatch, words)
  if fine then return type(result) == "number" and result or EXIT.success end
  return require("bench.cli.errors").explain(result)
end

return M
