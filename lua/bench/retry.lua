---Trying again, and waiting until something is so.
---@class bench.retry
local M = {}

local clock = require "host.clock"
local task = require "host.task"

---Codes of failures that may pass: what `run` tries again unless told otherwise.
M.PASSING = { unreachable = true, timeout = true, conflict = true }

---@class bench.retry.Options
---@field attempts? integer Calls in all, 3 unless given
---@field delay_s? number Pause after the first failure, 1
---@field factor? number Each pause is this much longer than the one before, 2
---@field longest_delay_s? number 60
---@field when? fun(err: bench.Error): boolean Whether a failure is worth another try; else its code decides
---@field on_retry? fun(err: bench.Error, attempt: integer, delay_s: number) Called before each pause

local KNOWN = { attempts = 3, delay_s = 1, factor = 2, longest_delay_s = 60, when = true, on_retry = true }

local function check_options(opts, known, name)
  for key in pairs(opts or {}) do
    if known[key] == nil then error(("%s: unknown option '%s'"):format(name, tostring(key)), 3) end
  end
  return opts or {}
end

-- A certificate that is not accepted now will not be accepted in a second.
local function is_passing(err)
  return type(err) == "table" and M.PASSING[err.code] == true and err.reason ~= "tls"
end

---Calls `fn(attempt)` until it returns something else than `nil, err`, at most `attempts` times. Errors that
---are raised are not tried again.
---@async
---@param fn fun(attempt: integer): any, bench.Error?
---@param opts? bench.retry.Options
---@return any? value
---@return bench.Error? err The last one, with the number of `attempts` as a fact
function M.run(fn, opts)
  opts = check_options(opts, KNOWN, "retry.run")
  local attempts = opts.attempts or KNOWN.attempts
  local delay_s = opts.delay_s or KNOWN.delay_s
  local worth = opts.when or is_passing
  for attempt = 1, attempts do
    local value, err = fn(attempt)
    if value ~= nil or err == nil then return value, err end
    if attempt == attempts or not worth(err) then
      if type(err) == "table" then err.attempts = attempt end
      return nil, err
    end
    if opts.on_retry then opts.on_retry(err, attempt, delay_s) end
    task.sleep(delay_s)
    delay_s = math.min(delay_s * (opts.factor or KNOWN.factor), opts.longest_delay_s or KNOWN.longest_delay_s)
  end
  error("retry.run: attempts is at least 1", 2)
end

---@class bench.retry.PollOptions
---@field timeout_s number
---@field interval_s? number 1
---@field what? string What is waited for, for the message: `the server to answer`
---@field give_up? fun(err: any): boolean Whether a reason means that waiting is pointless
---@field on_wait? fun(waited_s: number, reason: any) Called before each pause

local POLL = { timeout_s = true, interval_s = 1, what = true, give_up = true, on_wait = true }

local function gave_no_value(opts, waited_s, reason)
  local err = {
    code = "timeout",
    message = ("waited %g s for %s"):format(opts.timeout_s, opts.what or "a condition"),
    after_s = waited_s,
  }
  if type(reason) == "table" and reason.message then
    err.message = err.message .. "; last: " .. reason.message
    err.hint, err.cause = reason.hint, reason
  elseif reason ~= nil then
    err.message = err.message .. "; last: " .. tostring(reason)
  end
  return nil, err
end

---Calls `fn()` every `interval_s` until it returns a value that is neither nil nor false. A second result
---says why not yet; the last one is part of the message when time is up.
---@async
---@param fn fun(): any, any
---@param opts bench.retry.PollOptions
---@return any? value
---@return bench.Error? err `timeout`, or the reason with which `give_up` agreed
function M.poll(fn, opts)
  opts = check_options(opts, POLL, "retry.poll")
  if type(opts.timeout_s) ~= "number" then error("retry.poll: timeout_s is missing", 2) end
  local start = clock.monotonic()
  local interval_s = opts.interval_s or POLL.interval_s
  while true do
    local value, reason = fn()
    if value then return value end
    if reason ~= nil and opts.give_up and opts.give_up(reason) then return nil, reason end
    local waited_s = clock.monotonic() - start
    local left_s = opts.timeout_s - waited_s
    if left_s <= 0 then return gave_no_value(opts, waited_s, reason) end
    if opts.on_wait then opts.on_wait(waited_s, reason) end
    task.sleep(math.min(interval_s, left_s))
  end
end

return M
