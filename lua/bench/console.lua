---The REPL: reads a line, runs it as a task, prints what it gave. See `llmdbenchmark repl`.
---@class bench.console
local M = {}

local inspect = require "bench.inspect"
local log = require "host.log"
local task = require "host.task"
local term = require "host.term"

local PROMPT, CONTINUE = "bench> ", "  ...> "
local WORD_BREAKS = " \t\n\"'`@$><=;|&{(,+-*/#[]^~"

---The names a session starts with: every native module under its short name, `bench` for the Lua library,
---`help`, and Lua's own. Assignments stay in the session.
---@return table environment
function M.environment()
  local environment = { help = require("bench.help").show }
  environment.bench = setmetatable({}, {
    __index = function(cache, name)
      local found, module = pcall(require, "bench." .. name)
      if not found then return nil end
      rawset(cache, name, module)
      return module
    end,
  })
  local names = {}
  for name in pairs(package.preload) do
    local short = name:match "^host%.([%w_]+)$"
    if short then names[short] = name end
  end
  return setmetatable(environment, {
    modules = names,
    __index = function(cache, name)
      if not names[name] then return rawget(_G, name) end
      local module = require(names[name])
      rawset(cache, name, module)
      return module
    end,
  })
end

local function pass(...) return ... end

-- Not as a tail call: an error is to be blamed on this line, not on who called it. A line of its own for the
-- bracket, which may stand behind a comment, would be blamed, too, so it is the last resort.
local function compile_expression(expression)
  return loadstring("return (...)(" .. expression .. ")", "=repl")
    or loadstring("return (...)(" .. expression .. "\n)", "=repl")
end

-- More lines could make it right: it ends too early, and not in a string, which ends with its line.
local function ends_early(problem)
  return problem:find "near '<eof>'$" ~= nil and not problem:find("unfinished string", 1, true)
end

---Compiles what was typed: as an expression if it is one (also behind `=`, as in other Lua consoles), else
---as statements.
---@param text string
---@param environment table
---@return function? chunk
---@return string? problem
---@return boolean? incomplete More lines are needed
function M.compile(text, environment)
  local expression = text:gsub("^%s*=", "")
  local is_expression, other_problem = loadstring("return " .. expression, "=repl")
  if is_expression then
    local chunk = setfenv(compile_expression(expression), environment)
    return function() return chunk(pass) end
  end
  local chunk, problem = loadstring(text, "=repl")
  if not chunk then return nil, problem, ends_early(problem) or ends_early(other_problem) end
  return setfenv(chunk, environment)
end

local function print_values(environment, values)
  if values.n == 0 then return true end
  environment._ = values[1]
  if values[1] == nil and type(values[2]) == "table" and values[2].code then
    M.print_error(values[2])
    return false
  end
  for i = 1, values.n do print(M.format(values[i])) end
  return true
end

---A value as the console prints it: a string as it is, anything else as a readable block.
---@param value any
---@return string
function M.format(value)
  if type(value) == "string" then return value end
  if type(value) == "table" then return inspect.block(value) end
  return inspect.line(value)
end

local function tell(...) io.stderr:write(log.redact(table.concat { ... })) end

---Prints an error: code and message, the hint, and further facts that an error table carries.
---@param err any
function M.print_error(err)
  if type(err) ~= "table" or err.message == nil then
    tell("error: ", type(err) == "table" and inspect.line(err, 400) or tostring(err), "\n")
    return
  end
  tell("error: ", err.code and tostring(err.code) .. ": " or "", tostring(err.message), "\n")
  for _, key in ipairs(inspect.keys(err)) do
    if key == "hint" then
      tell("  hint: ", tostring(err.hint), "\n")
    elseif key ~= "code" and key ~= "message" then
      tell("  ", tostring(key), ": ", inspect.line(err[key], 400), "\n")
    end
  end
end

local function pack(...) return { n = select("#", ...), ... } end

-- A chunk, whose tasks go on behind its end, since they belong to the session; those of a line that was
-- interrupted end with it.
local function run_line(session, chunk)
  local outcome = pack(pcall(chunk))
  if not task.cancelled() then task.hand_over(session.background) end
  if not outcome[1] then error(outcome[2], 0) end
  return unpack(outcome, 2, outcome.n)
end

-- The task to which those belong that lines have started and left behind.
local function start_background()
  return task.spawn(function()
    task.supervise(function(err)
      tell "in the background: "
      M.print_error(err)
    end)
    while true do task.sleep(86400) end
  end)
end

-- Tells which tasks the end of the session cancels.
local function end_background(session)
  local left = {}
  for _, handle in ipairs(task.handles()) do
    if handle:find "^task: repl:" then left[#left + 1] = handle:sub(7) end
  end
  if #left > 0 then
    tell("the session ends, and with it what runs in the background: ", table.concat(left, ", "), "\n")
  end
  session.background:cancel()
  task.shielded(session.background.join, session.background)
end

-- Runs a piece of work as the task that Ctrl-C reaches. Other signals end the session.
local function in_foreground(session, work)
  local child = task.spawn(work)
  task.foreground(child)
  local outcome = pack(pcall(child.join, child))
  local signal = task.foreground(nil)
  session.terminated = session.terminated or signal == "TERM" or signal == "HUP"
  return outcome
end

-- Evaluates one complete input and prints the outcome. Never raises; false if it failed.
local function evaluate(session, text)
  local chunk, problem = M.compile(text, session.environment)
  if not chunk then
    M.print_error(problem)
    return false
  end
  local values
  local outcome = in_foreground(session, function() values = pack(run_line(session, chunk)) end)
  if values then return print_values(session.environment, values) end
  local err = outcome[1] and outcome[3] or outcome[2]
  if type(err) == "table" and err.code == "cancelled" then
    io.stderr:write "interrupted\n"
  else
    M.print_error(err)
  end
  return false
end

local function field_names(value)
  local names = {}
  local meta = getmetatable(value)
  if type(value) == "table" then
    for key in pairs(value) do names[key] = true end
    for name in pairs(type(meta) == "table" and meta.modules or {}) do names[name] = true end
  end
  local index = type(meta) == "table" and rawget(meta, "__index")
  if type(index) == "table" then
    for key in pairs(index) do names[key] = true end
  end
  return names
end

local function names_at(path, environment)
  local value = environment
  for name in path:gmatch "[^%.:]+" do
    local found, field = pcall(function() return value[name] end)
    if not found or field == nil then return {} end
    value = field
  end
  local names = field_names(value)
  if value == environment then
    for key in pairs(_G) do names[key] = true end
  end
  return names
end

---What TAB offers for a line: whole words that may replace its last one.
---@param line string The line up to the cursor
---@param environment table
---@return string[] words Sorted
function M.complete(line, environment)
  local word = line:match "[%w_%.:]*$"
  local path, start = word:match "^(.-)([^%.:]*)$"
  local words = {}
  for name in pairs(names_at(path, environment)) do
    if type(name) == "string" and name:sub(1, #start) == start and name:match "^[%a_][%w_]*$"
      and (start:sub(1, 1) == "_" or name:sub(1, 1) ~= "_") then
      words[#words + 1] = path .. name
    end
  end
  table.sort(words)
  return words
end

local function history_file()
  local state = os.getenv "XDG_STATE_HOME"
  if not state or state == "" then state = (os.getenv "HOME" or "/tmp") .. "/.local/state" end
  return state .. "/llmdbenchmark", "repl_history"
end

-- One input: a line, or several until they compile. nil at the end of the input, false if it was given up.
local function read_input(session)
  local text
  while true do
    local outcome = in_foreground(session, function() return term.read_line(text and CONTINUE or PROMPT) end)
    local line, err = outcome[2], outcome[3]
    if err or not outcome[1] then return false end
    if line == nil then return text end
    text = text and text .. "\n" .. line or line
    local _, _, incomplete = M.compile(text, session.environment)
    if not incomplete then return text end
  end
end

local function greet()
  local info = require "host.info"
  print(("llmdbenchmark %s: each line is Lua, and calls that wait just work. help() explains.")
    :format(info.version))
end

-- Keeps the history for the next session. It is written before each input is evaluated, so that no way to end
-- a session loses it; a failure is told once.
local function keep_history(session)
  if not session.history then return end
  local saved, err = term.save_history(session.history)
  if saved then return end
  session.history = nil
  M.print_error(err)
end

local function start_editing(session)
  greet()
  local folder, name = history_file()
  session.history = folder .. "/" .. name
  require("host.fs").mkdir(folder)
  term.load_history(session.history)
  term.on_complete(function(line) return M.complete(line, session.environment) end, WORD_BREAKS)
end

---Reads and evaluates until the end of the input, or until it is told to end. Tasks that a line started go on
---until the session ends.
---@async
---@return integer exit_code Without a terminal 1 if any input failed
function M.run()
  local session = { environment = M.environment(), interactive = term.facts().input, failed = false }
  session.background = start_background()
  if session.interactive then start_editing(session) end
  while not session.terminated and not task.cancelled() do
    local text = read_input(session)
    if text == nil then break end
    if text and text:find "%S" then
      term.remember(text)
      keep_history(session)
      session.failed = not evaluate(session, text) or session.failed
    end
  end
  end_background(session)
  local codes = require("host.info").exit_codes
  if session.terminated then return codes.terminated end
  return session.failed and not session.interactive and codes.failed or codes.success
end

return M
