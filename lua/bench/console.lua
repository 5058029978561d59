---The REPL: reads a line, runs it as a task, prints what it gave. See `llmdbenchmark repl`.
---@class bench.console
local M = {}

local inspect = require "bench.inspect"
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

---Compiles what was typed: as an expression if it is one (also behind `=`, as in other Lua consoles), else
---as statements.
---@param text string
---@param environment table
---@return function? chunk
---@return string? problem
---@return boolean? incomplete More lines are needed
function M.compile(text, environment)
  local chunk = loadstring("return " .. text:gsub("^%s*=", ""), "=repl")
  local problem
  if not chunk then
    chunk, problem = loadstring(text, "=repl")
  end
  if not chunk then return nil, problem, problem:find "'<eof>'" ~= nil end
  return setfenv(chunk, environment)
end

local function print_values(environment, values)
  if values.n == 0 then return end
  environment._ = values[1]
  if values[1] == nil and type(values[2]) == "table" and values[2].code then
    M.print_error(values[2])
    return
  end
  for i = 1, values.n do print(M.format(values[i])) end
end

---A value as the console prints it: a string as it is, anything else as a readable block.
---@param value any
---@return string
function M.format(value)
  if type(value) == "string" then return value end
  if type(value) == "table" then return inspect.block(value) end
  return inspect.line(value)
end

---Prints an error: code and message, the hint, and further facts that an error table carries.
---@param err any
function M.print_error(err)
  if type(err) ~= "table" then
    io.stderr:write("error: ", tostring(err), "\n")
    return
  end
  io.stderr:write("error: ", tostring(err), "\n")
  for _, key in ipairs(inspect.keys(err)) do
    if key == "hint" then
      io.stderr:write("  hint: ", tostring(err.hint), "\n")
    elseif key ~= "code" and key ~= "message" then
      io.stderr:write("  ", tostring(key), ": ", inspect.line(err[key], 400), "\n")
    end
  end
end

local function pack(...) return { n = select("#", ...), ... } end

-- Runs a piece of work as the task that Ctrl-C reaches.
local function in_foreground(work)
  local child = task.spawn(work)
  task.foreground(child)
  local outcome = pack(pcall(child.join, child))
  task.foreground(nil)
  return outcome
end

---Evaluates one complete input and prints the outcome. Never raises.
---@async
---@param text string
---@param environment table
function M.evaluate(text, environment)
  local chunk, problem = M.compile(text, environment)
  if not chunk then return M.print_error(problem) end
  local values
  local outcome = in_foreground(function() values = pack(chunk()) end)
  if values then return print_values(environment, values) end
  local err = outcome[1] and outcome[3] or outcome[2]
  if type(err) == "table" and err.code == "cancelled" then
    io.stderr:write "interrupted\n"
  else
    M.print_error(err)
  end
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
local function read_input(environment)
  local text
  while true do
    local outcome = in_foreground(function() return term.read_line(text and CONTINUE or PROMPT) end)
    local line, err = outcome[2], outcome[3]
    if err or not outcome[1] then return false end
    if line == nil then return text end
    text = text and text .. "\n" .. line or line
    local _, _, incomplete = M.compile(text, environment)
    if not incomplete then return text end
  end
end

local function greet()
  local info = require "host.info"
  print(("llmdbenchmark %s: each line is Lua, and calls that wait just work. help() explains.")
    :format(info.version))
end

---Reads and evaluates until the end of the input.
---@async
---@return integer exit_code 0
function M.run()
  local environment = M.environment()
  local interactive = term.facts().input
  local folder, name = history_file()
  if interactive then
    greet()
    term.load_history(folder .. "/" .. name)
    term.on_complete(function(line) return M.complete(line, environment) end, WORD_BREAKS)
  end
  while not task.cancelled() do  -- a second signal (the terminal is gone) ends the session, not only a line
    local text = read_input(environment)
    if text == nil then break end
    if text and text:find "%S" then
      term.remember(text)
      M.evaluate(text, environment)
    end
  end
  if interactive then M.save_history(folder, name) end
  return 0
end

---Keeps the history for the next session; a failure is told, not raised.
---@param folder string Made if missing
---@param name string
function M.save_history(folder, name)
  local fs = require "host.fs"
  local made, err = fs.mkdir(folder)
  if made then
    made, err = term.save_history(folder .. "/" .. name)
  end
  if not made then M.print_error(err) end
end

return M
