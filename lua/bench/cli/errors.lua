---How errors are told on the terminal, and which exit code they mean.
---@class bench.cli.errors
local M = {}

local info = require "host.info"
local inspect = require "bench.inspect"
local log = require "host.log"

local EXIT = info.exit_codes
local TAIL_LINES = 20
local OVERFLOW = "stack overflow"

local function put(...) io.stderr:write(log.redact(table.concat { ... })) end

local function indent(text) return "  " .. text:gsub("\n$", ""):gsub("\n", "\n  ") .. "\n" end

local function tail(text)
  local lines = {}
  for line in text:gmatch("[^\n]+") do lines[#lines + 1] = line end
  return table.concat(lines, "\n", math.max(1, #lines - TAIL_LINES + 1))
end

local function command_text(command)
  if type(command) == "string" then return command end
  local words = {}
  for i, word in ipairs(command) do
    words[i] = word:match("^[%w_@%%+=:,./-]+$") and word or "'" .. word:gsub("'", "'\\''") .. "'"
  end
  return table.concat(words, " ")
end

---Prints an error table: message, what was run and its last words, hint.
---@param err bench.Error
---@param who? string
function M.tell(err, who)
  put(who or "llmdbenchmark", ": ", tostring(err.message), "\n")
  if err.command then put(indent("ran: " .. command_text(err.command))) end
  if type(err.stderr_tail) == "string" and err.stderr_tail ~= "" then put(indent(tail(err.stderr_tail))) end
  if type(err.excerpt) == "string" then put(indent(err.excerpt)) end
  if err.hint then put(indent("hint: " .. err.hint)) end
end

-- Frames of the host's own plumbing tell a user nothing.
local function is_plumbing(line)
  return line:find("lua/bench/cli", 1, true) or line:find("lua/bench/main.lua", 1, true)
    or line:find("[C]:", 1, true) or line:find("(host):", 1, true) or line:find("^stack traceback")
end

local JOINED = "joined by"

---The frames of a traceback that help. When the world failed these are the lines of the user's own scripts;
---when a program is wrong, the library's too.
---@param traceback string
---@param only_scripts? boolean
---@return string
function M.frames(traceback, only_scripts)
  local kept, joined = {}, false
  for line in traceback:gmatch("[^\n]+") do
    local ours = only_scripts and line:find(info.home .. "/lua/", 1, true)
    if line == JOINED then
      joined = #kept > 0
    elseif not ours and not is_plumbing(line) then
      if joined then kept[#kept + 1], joined = JOINED, false end
      local frame = line:gsub("^%s+", "at ")
      if frame ~= kept[#kept] then kept[#kept + 1] = frame end -- a recursion is shown once
    end
  end
  return table.concat(kept, "\n")
end

local function explain_leave(leave)
  if leave.output then io.stdout:write(leave.output) end
  if leave.message then
    put("llmdbenchmark: ", leave.message, "\n")
    if leave.usage then put(leave.usage, leave.usage:match("\n$") and "" or "\n") end
  end
  return leave.exit_code
end

-- A message begins with only the end of a long file name; the stack has the whole name.
local function with_whole_name(message, traceback)
  local ending, rest = message:match "^%.%.%.([^\n:]+)(:%d+:.*)$"
  if not ending then return message end
  for file in traceback:gmatch "\n\t([^\n:]+):" do
    if file:sub(-#ending) == ending then return file .. rest end
  end
  return message
end

local function explain_raised(raised, traceback)
  if type(raised) == "table" and raised.code == "cancelled" then
    put("llmdbenchmark: stopped\n")
    return EXIT.failed
  end
  local is_world = type(raised) == "table" and raised.code and raised.message
  if is_world then
    M.tell(raised)
  else
    local message = type(raised) == "table" and inspect.line(raised, 4000) or tostring(raised)
    put("llmdbenchmark: ", with_whole_name(message, traceback), "\n")
  end
  if raised == OVERFLOW then put(indent("hint: a function calls itself without end")) end
  local frames = M.frames(traceback, is_world)
  if frames ~= "" then put(indent(frames)) end
  return EXIT.failed
end

---Prints whatever ended the program early; returns the exit code.
---@param problem table From bench.cli: a Leave, or `{ raised, traceback }`
---@return integer exit_code
function M.explain(problem)
  io.stdout:flush()
  if getmetatable(problem) == require("bench.cli.parser").Leave then return explain_leave(problem) end
  return explain_raised(problem.raised, problem.traceback)
end

return M
