--- Our template engine against real Jinja2: the same cases, the same bytes, the same errors in the same lines.
local fs = require "host.fs"
local json = require "host.json"
local peer = require "peer"
local render = require "host.render"
local shrink = require "shrink"
local yaml = require "host.yaml"

local M = {}

local MAIN = "main"

local function options_of(case)
  local opts = {}
  for key, value in pairs(case.opts or {}) do opts[key] = value end
  if opts.plan then
    opts.plan = nil
    local plan = {}
    for key, value in pairs(render.plan_environment) do plan[key] = value end
    for _, key in ipairs { "trim_blocks", "lstrip_blocks", "keep_trailing_newline", "undefined" } do plan[key] = nil end
    for key, value in pairs(opts) do plan[key] = value end
    opts = plan
  end
  opts.name = MAIN
  opts.files = case.files
  return opts
end

---What our engine makes of a case, in the reference's terms.
function M.ours(case)
  local text, err = render.text(case.source, case.context or {}, options_of(case))
  if text then return { text = text } end
  return { class = err.class, line = err.line, file = err.file, message = err.message }
end

-- A few errors of Jinja2 come from outside of every template, so they have no line.
local function same(ours, theirs)
  if theirs.unfolded and same(ours, theirs.unfolded) then return true end
  if theirs.text then return ours.text == theirs.text end
  return ours.class == theirs.class and (not theirs.line or ours.line == theirs.line and ours.file == theirs.file)
end

-- Python's integers have no end; ours have 64 bits and say so.
local function beyond_us(ours) return ours.class == "OverflowError" and ours.message:find("64 bits", 1, true) ~= nil end

local function shown(outcome)
  if outcome.text then return ("%q"):format(outcome.text) end
  return ("%s in %s:%s: %s"):format(outcome.class, outcome.file, outcome.line, outcome.message)
end

-- A case as it can be put into cases/found.yaml.
local function golden(case, outcome)
  local entry = json.object({ name = "what it is about", source = case.source }, { "name", "source", "files", "context",
    "opts", "text", "error" })
  for _, part in ipairs { "files", "context", "opts" } do
    if next(case[part] or {}) then entry[part] = case[part] end
  end
  entry.text = outcome.text
  if not outcome.text then entry.error = { class = outcome.class, line = outcome.line, file = outcome.file } end
  return yaml.encode({ entry }, { literal_blocks = false, width = 0 })
end

local function report(reference, case)
  local function fails(other)
    local answer, ours = reference:ask { case = other }, M.ours(other)
    return answer.comparable and not beyond_us(ours) and not same(ours, answer.expect)
  end
  local small = fails(case) and shrink.case(case, fails) or case
  local expect = reference:ask({ case = small }).expect
  print("  Jinja2: " .. shown(expect))
  print("  ours:   " .. shown(M.ours(small)))
  print("  for tests/differential/jinja/cases/found.yaml, once it is right:\n" .. golden(small, expect))
end

local function expectation(entry)
  if entry.text then return { text = entry.text } end
  return entry.error
end

-- What is wrong with a recorded case, or nil.
local function complaint(entry, reference)
  local want, got = expectation(entry), M.ours(entry)
  if not same(got, want) then return ("\n  expected %s\n  got      %s"):format(shown(want), shown(got)) end
  if not reference then return nil end
  local answer = reference:ask { case = { source = entry.source, files = entry.files or json.object(),
    context = entry.context or json.object(), opts = entry.opts or json.object() } }
  if answer.comparable and not same(answer.expect, want) then return " Jinja2 itself says " .. shown(answer.expect) end
end

---The cases that were found before; also asks the reference whether they are still what it says.
local function run_golden(count, folder, reference)
  for _, path in ipairs(fs.glob(folder .. "/cases/*.yaml")) do
    for _, entry in ipairs(assert(yaml.load(path))) do
      local wrong = complaint(entry, reference)
      if wrong then
        count.failed(("%s: %s:%s"):format(path:match "[^/]*$", entry.name, wrong))
      else
        count.passed()
      end
    end
  end
end

local BATCH = 50

local function run_generated(count, reference, opts)
  local number = opts.first
  local last = number + opts.count
  while number < last do
    local size = math.min(BATCH, last - number)
    reference:send { seed = opts.seed, generate = number, count = size }
    local answers = {}
    for i = 1, size do answers[i] = reference:receive() end
    for i, answer in ipairs(answers) do
      local ours = M.ours(answer.case)
      if same(ours, answer.expect) then
        count.passed()
      elseif not beyond_us(ours) then
        count.failed(("jinja, seed %s, template %d"):format(opts.seed, number + i - 1))
        if count.reports_left() then report(reference, answer.case) end
      end
    end
    number = number + size
  end
end

---@param count table
---@param folder string
---@param opts { seed: string, count: integer }
function M.run(count, folder, opts)
  local reference, why = peer.start(folder .. "/reference.py")
  if reference then
    local versions = reference.versions
    print(("jinja: Jinja2 %s, Python %s, seed %s, %d templates"):format(versions.jinja2, versions.python, opts.seed, opts.count))
  else
    count.skipped("jinja: only the recorded cases, real Jinja2 is missing (package python3-jinja2): " .. why)
  end
  run_golden(count, folder, reference)
  if not reference then return end
  run_generated(count, reference, opts)
  reference:stop()
end

return M
