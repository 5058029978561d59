---The vocabulary of specs: `local t = require "bench.test"`. Expected values come first. Specs are run by
---`llmdbenchmark test PATH... [FILTER]`; see bench.test.runner for how.
---@class bench.test
local M = {}

local diff = require "bench.test.diff"
local inspect = require "bench.inspect"
local runner = require "bench.test.runner"

local function fail(message, level)
  error(setmetatable({ assertion = message, at = runner.caller((level or 1) + 2) }, runner.Failure), 0)
end

local function with(message, text) return message and message .. "\n" .. text or text end

---Groups specs; groups can be nested.
---@param name string
---@param body fun()
function M.describe(name, body) runner.group(name, body) end

---Declares one spec. It runs in a task of its own after the file was loaded, with a timeout.
---@param name string
---@param options_or_body { timeout_s?: number }|fun() `timeout_s` is 20 unless given
---@param body? fun()
function M.it(name, options_or_body, body)
  if body == nil then options_or_body, body = {}, options_or_body end
  if type(body) ~= "function" then error("it(name, [options,] function)", 2) end
  runner.add(name, options_or_body, body, runner.caller(2))
end

---Runs `body` before each spec of the group it stands in.
---@param body fun()
function M.before_each(body) runner.before_each(body) end

---Both values must have equal contents.
---@param expected any
---@param actual any
---@param message? string
function M.eq(expected, actual, message)
  if not diff.same(expected, actual) then fail(with(message, diff.describe(expected, actual))) end
end

---The values must differ in content.
---@param unexpected any
---@param actual any
---@param message? string
function M.ne(unexpected, actual, message)
  if diff.same(unexpected, actual) then fail(with(message, "both are " .. inspect.line(actual, 400))) end
end

---The value must be neither nil nor false; it is returned. A second value (an `err`) is shown if not, so
---`t.ok(fs.read(path))` reads well.
---@generic T
---@param value T?
---@param why? any
---@return T
function M.ok(value, why)
  if not value then
    local reason = ""
    if why ~= nil then reason = ": " .. (type(why) == "string" and why or inspect.line(why, 2000)) end
    fail("expected a value, got " .. tostring(value) .. reason)
  end
  return value
end

---The text must contain the Lua pattern.
---@param pattern string
---@param text any
---@param message? string
function M.match(pattern, text, message)
  local subject = type(text) == "table" and tostring(text) or text
  if type(subject) ~= "string" or not subject:find(pattern) then
    fail(with(message, ("no match for %s in %s"):format(inspect.line(pattern), inspect.line(text, 2000))))
  end
end

---The text must contain the plain words.
---@param words string
---@param text any
---@param message? string
function M.contains(words, text, message)
  local subject = type(text) == "table" and tostring(text) or text
  if type(subject) ~= "string" or not subject:find(words, 1, true) then
    fail(with(message, ("%s is not in %s"):format(inspect.line(words), inspect.line(text, 2000))))
  end
end

---The number must be within `tolerance` of the expected one.
---@param expected number
---@param actual number
---@param tolerance number
---@param message? string
function M.near(expected, actual, tolerance, message)
  local close = type(actual) == "number" and math.abs(actual - expected) <= tolerance
  if not close then
    local text = ("expected %s within %s, got %s"):format(
      inspect.line(expected), inspect.line(tolerance), inspect.line(actual))
    fail(with(message, text))
  end
end

local function check_raised(expected, err)
  if expected == nil then return end
  if type(expected) == "table" then
    for key, value in pairs(expected) do
      local found = type(err) == "table" and err[key] or nil
      if not diff.same(value, found) then
        fail(("raised error, field %s: %s\nraised: %s"):format(key, diff.describe(value, found),
          inspect.line(err, 2000)), 2)
      end
    end
  elseif not tostring(err):find(expected) then
    local shown = inspect.line(tostring(err))
    fail(("no match for %s in the raised error %s"):format(inspect.line(expected), shown), 2)
  end
end

---Calling `body` must raise. `expected` is a Lua pattern for the error's text, or a table of fields that an
---error table must have (`{ code = "cancelled" }`).
---@param body fun()
---@param expected? string|table
---@return any err What was raised
function M.raises(body, expected)
  if type(body) ~= "function" then error("raises(function, [pattern or fields])", 2) end
  local fine, err = pcall(body)
  if fine then fail("nothing was raised") end
  if getmetatable(err) == runner.Failure then error(err, 0) end
  check_raised(expected, err)
  return err
end

---The results `nil, err` of a call must say that the world failed with this code; returns `err`.
---`local err = t.fails("not_found", fs.read("/nowhere"))`
---@param code string
---@param value any
---@param err? bench.Error
---@return bench.Error err
function M.fails(code, value, err)
  if value ~= nil then fail("expected a failure, got " .. inspect.line(value, 2000)) end
  if type(err) ~= "table" then fail("expected an error table, got " .. inspect.line(err, 400)) end
  if err.code ~= code then fail(("expected code %s, got %s"):format(code, inspect.line(err, 2000))) end
  return err
end

---Ends the spec here and counts it as skipped; the reason is shown.
---@param reason string
function M.skip(reason)
  if type(reason) ~= "string" or reason == "" then error("skip needs a reason", 2) end
  error(setmetatable({ reason = reason }, runner.Skip), 0)
end

---Runs `body` after the spec, whatever its outcome; the last one registered first.
---@param body fun()
function M.cleanup(body) runner.cleanup(body) end

---A new empty folder that is removed after the spec.
---@return string path
function M.tempdir() return runner.tempdir() end

---From now to the end of the spec time is virtual: it stands still while something can run and jumps to the
---next timer when nothing can.
---@param start_s? number Wall clock to start with, in seconds since 1970
function M.virtual_clock(start_s)
  local testing = require "host.testing"
  runner.cleanup(testing.real_clock)
  testing.virtual_clock(start_s)
end

local function fixture(name)
  if name:find("/", 1, true) or name:find("%.ya?ml$") then return name end
  local folder = debug.getinfo(3, "S").source:match("^@(.*)/[^/]*$") or "."
  return ("%s/../fixtures/%s.yaml"):format(folder, name)
end

---From now to the end of the spec child processes are not started but answered from a transcript, in virtual
---time; so are HTTP requests if the transcript has any. A name stands for `tests/fixtures/<name>.yaml`. What was
---recorded but never asked for fails the spec, unless `partial`.
---@param transcript string|table Name, path of a YAML file, or the transcript itself
---@param opts? { partial?: boolean }
function M.replay(transcript, opts)
  local testing = require "host.testing"
  local source = type(transcript) == "string" and fixture(transcript) or transcript
  local ok, err = testing.replay(source)
  if not ok then error(tostring(err), 2) end
  runner.cleanup(function()
    local unused = testing.replay_unused()
    testing.real_runner()
    testing.real_http()
    if #unused > 0 and not (opts and opts.partial) then
      error("what the transcript has and nobody asked for:\n  " .. table.concat(unused, "\n  "), 0)
    end
  end)
  M.virtual_clock()
end

return M
