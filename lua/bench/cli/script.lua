---`llmdbenchmark FILE.lua [arguments]`: runs a script, or the phase or function that it returns.
---@class bench.cli.script
local M = {}

local info = require "host.info"

local EXIT = info.exit_codes

local function leave(fields) require("bench.cli.parser").leave(fields) end

-- The first lines of the file may say which API it was written for.
local function check_api(path, source)
  local wanted = ("\n" .. source:sub(1, 1000)):match "\n%-%-%s*bench%-api:%s*(%d+)"
  if wanted and tonumber(wanted) ~= info.api then
    io.stderr:write(("llmdbenchmark: warning: %s was written for script API %s, this program has %d\n")
      :format(path, wanted, info.api))
  end
end

-- The file is read once: it may be a pipe.
local function load_file(path)
  local file, problem = io.open(path)
  local source
  if file then
    source, problem = file:read "*a"
    file:close()
  end
  if not source then
    local reason = tostring(problem):gsub("^" .. path:gsub("%p", "%%%0") .. ": ", "")
    leave { exit_code = EXIT.failed, message = ("cannot read the script %s: %s"):format(path, reason) }
  end
  check_api(path, source)
  local chunk, syntax = loadstring((source:gsub("^#[^\n]*", "")), "@" .. path)
  if not chunk then leave { exit_code = EXIT.failed, message = syntax } end
  return chunk
end

-- A phase runs as the command of its name would run it: same options, this phase instead of the shipped one.
local function run_phase(phase, words, line)
  local commands = require "bench.commands"
  if not commands.exists(phase.name) then
    local message = "the script returned a phase '%s', but no command of that name knows its options"
    leave { exit_code = EXIT.failed, message = message:format(phase.name) }
  end
  return require("bench.cli").run_command(commands.load(phase.name), words, { phase = phase, line = line })
end

-- A design, as bench.doe makes them, does nothing by itself.
local function refuse_design(path, result)
  if type(result) ~= "table" or type(result.setups) ~= "table" or type(result.kind) ~= "string" then return end
  leave { exit_code = EXIT.failed, message = ("%s returns a design, which only says what to measure"):format(path),
    usage = ("  hint: llmdbenchmark experiment -e %s measures it; add --list to look at it first"):format(path) }
end

local function exit_code_of(value, err)
  if value == nil and err ~= nil then error(err, 0) end
  if type(value) == "number" then
    if value % 1 == 0 and value >= 0 and value <= 255 then return value end
    leave { exit_code = EXIT.failed, message = ("the script returned %s, but an exit code is a whole number from "
      .. "0 to 255"):format(tostring(value)) }
  end
  return value == false and EXIT.failed or EXIT.success
end

---Runs the script at `position` of the command line with the words behind it.
---@async
---@param words string[]
---@param position integer
---@return integer exit_code
function M.run(words, position)
  local path = words[position]
  local chunk = load_file(path)
  local args = {}
  for i = position + 1, #words do args[#args + 1] = words[i] end
  rawset(_G, "arg", { [0] = path, unpack(args) })
  local result, err = chunk(unpack(args))
  if require("bench.phase").is_phase(result) then
    local options = {}
    for i, word in ipairs(words) do
      if i ~= position then options[#options + 1] = word end
    end
    return run_phase(result, options, words)
  end
  refuse_design(path, result)
  if type(result) == "function" then return exit_code_of(result(args)) end
  return exit_code_of(result, err)
end

return M
