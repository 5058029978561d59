---The native harness: load and measurement by `host.load`, in this process.
---@class bench.harness.native
local M = {
  name = "native",
  doc = "Built into llmdbenchmark: open and closed loops, exact lengths, every token timed, a verdict.",
  profiles = "native",
}

local clock = require "host.clock"
local fs = require "host.fs"
local hidden = require "bench.hidden"
local http = require "host.http"
local json = require "host.json"
local load = require "host.load"
local profile = require "bench.profile"
local task = require "host.task"
local token_notes = require "bench.report.token_notes"

local PROGRESS_S = 0.5
-- A stage for which no time is left still gets a result that says so.
local SHORTEST_STAGE_S = 0.001

M.allows, M.is_length = profile.allows, profile.is_length

---Checks a rendered profile without running it.
---@param source string
---@param opts { file: string, endpoint: { url: string, model: string } }
---@return true? ok
---@return bench.Error? err
function M.check(source, opts)
  local plan, err = profile.parse(source, opts)
  if not plan then return nil, err end
  return true
end

local function window_s(schedule)
  if not schedule.segments then return (schedule.warmup_s or 0) + (schedule.duration_s or 0) end
  local sum = schedule.warmup_s or 0
  for _, segment in ipairs(schedule.segments) do sum = sum + (segment.duration_s or 0) end
  return sum
end

-- Reports progress until it is cancelled.
local function watch(run, job, index, count, duration_s)
  return task.spawn(function()
    while true do
      task.sleep(PROGRESS_S)
      local p = run:progress()
      p.stage, p.stages, p.duration_s = index, count, duration_s
      job.on_progress(p)
    end
  end)
end

local function stage_entry(index, stage, result)
  return {
    index = index,
    name = stage.name,
    verdict = { status = result.verdict, reasons = result.reasons },
    metrics = result,
    load = { schedule = stage.schedule, data = stage.data, seed = stage.seed, api = stage.api },
    records = result.records and result.records.path,
  }
end

local function keep(dir, entry)
  local text = json.encode(hidden.copy(entry.metrics), { indent = 2 }) .. "\n"
  return fs.write(("%s/stage_%d.json"):format(dir, entry.index), text)
end

-- Runs one stage. When the task is cancelled, what was measured so far is returned with the cancellation.
---@return table? entry
---@return bench.Error? err
---@return any raised
local function run_stage(job, stage, index, count)
  if job.before_stage then job.before_stage(index, stage) end
  local run = load.start(stage)
  local watcher = job.on_progress and watch(run, job, index + 1, count, window_s(stage.schedule))
  local fine, result, err = pcall(run.wait, run)
  if watcher then
    watcher:cancel()
    if fine then watcher:join() end
  end
  if fine and not result then return nil, err end
  local measured = fine and result or run:result()
  if not measured then error(result, 0) end
  local entry = stage_entry(index, stage, measured)
  if fine and job.after_stage then job.after_stage(entry) end
  local _
  _, err = keep(job.dir, entry)
  return entry, err, not fine and result or nil
end

-- Words that are one token each for this server, for prompts of exact length.
local function use_exact_words(plan)
  if not plan.wants_words then return end
  local calibrated, err = require("bench.tokenizer").calibrate(plan.stages[1], load.words())
  if not calibrated then
    plan.notes[#plan.notes + 1] = "prompt lengths are approximate, one token per word: " .. err.message
    return
  end
  for _, each in ipairs(plan.stages) do
    local data = {}
    for key, value in pairs(each.data or {}) do data[key] = value end
    data.words, data.first_words = calibrated.words, calibrated.first_words
    each.data = data
  end
end

-- The questions of the run may go through a proxy; the load does not.
local function note_proxy(plan)
  local url = plan.stages[1] and plan.stages[1].url
  local proxy = url and http.proxy(url)
  if not proxy then return end
  plan.notes[#plan.notes + 1] = ("the load goes straight to %s and not through the proxy %s of the environment"):format(url,
    proxy)
end

local function profile_source(job)
  if job.profile_text then return job.profile_text end
  return fs.read(job.profile)
end

local function remaining_s(job, started)
  return job.timeout_s and math.max(SHORTEST_STAGE_S, job.timeout_s - (clock.monotonic() - started))
end

local function limit_time(stage, left)
  if left then stage.stage_timeout_s = math.min(stage.stage_timeout_s or left, left) end
end

-- The stage takes up the prompts where the one before left off.
local function go_on(stage, sent)
  local data = {}
  for key, value in pairs(stage.data) do data[key] = value end
  data.first = sent
  stage.data = data
end

-- Adds a stage that ended to the result, with the notes of the profile and its own, and tells whoever waits for it.
local function add(result, entry, plan, job)
  entry.notes = { unpack(plan.notes) }
  for _, note in ipairs(token_notes.of(entry.metrics)) do
    table.insert(entry.notes, note)
    table.insert(result.notes, ("stage %d: %s"):format(entry.index, note))
  end
  table.insert(result.stages, entry)
  result.ended_at = clock.rfc3339()
  if not job.on_stage then return true end
  return job.on_stage(result, entry)
end

-- What is left of the time is gone: the verdict names the limit that somebody set.
local function say_used_up(job, entry)
  local reason = ("the time of the run, %g s, was used up before this stage"):format(job.timeout_s)
  entry.verdict.reasons, entry.metrics.reasons = { reason }, { reason }
end

local function run_stages(job, plan, result)
  local started, sent = clock.monotonic(), 0
  for i, stage in ipairs(plan.stages) do
    if i > 1 then task.sleep(math.min(plan.interval_s, remaining_s(job, started) or math.huge)) end
    local left = remaining_s(job, started)
    limit_time(stage, left)
    stage.records = ("%s/stage_%d.rec"):format(job.dir, i - 1)
    job.shared_ratio = plan.shared_ratio
    if plan.continues_prompts then go_on(stage, sent) end
    local entry, err, raised = run_stage(job, stage, i - 1, #plan.stages)
    local added, problem
    if entry and left == SHORTEST_STAGE_S then say_used_up(job, entry) end
    if entry then added, problem = add(result, entry, plan, job) end
    if raised then error(raised, 0) end
    if err or not added then return nil, err or problem end
    sent = sent + entry.metrics.counts.sent + entry.metrics.counts.warmup
  end
  return result
end

---@class bench.harness.native.Job
---@field id string makes the seeds of this run its own
---@field dir string where results go
---@field profile string path of the profile
---@field profile_text? string its rendered text
---@field endpoint? { url: string, model: string, token?: string, ca_file?: string, insecure?: boolean }
---@field timeout_s? number of all stages together
---@field on_progress? fun(p: table) called twice a second
---@field before_stage? fun(index: integer, stage: table)
---@field after_stage? fun(entry: table) may add to the stage's `metrics` before they are written
---@field on_stage? fun(result: bench.harness.Result, entry: table): true?, bench.Error? called as each stage ends, also
---  one that was cancelled, with the result so far; an error ends the run
---@field repetition? integer
---@field seed? integer instead of the profile's

---@class bench.harness.Result
---@field stages table[]
---@field started_at string
---@field ended_at string
---@field notes string[] what a reader should know, those of single stages with their number
---@field seed integer

---Runs all stages of a profile. Each leaves `stage_<n>.rec` and `stage_<n>.json` in the job's folder as soon
---as it ends.
---@async
---@param _ctx table
---@param _stack table
---@param job bench.harness.native.Job
---@return bench.harness.Result? result
---@return bench.Error? err
function M.run(_ctx, _stack, job)
  local source, err = profile_source(job)
  if not source then return nil, err end
  local plan
  plan, err = profile.parse(source, { file = job.profile, endpoint = job.endpoint, id = job.id,
    repetition = job.repetition, seed = job.seed })
  if not plan then return nil, err end
  local started_at = clock.rfc3339()
  use_exact_words(plan)
  note_proxy(plan)
  return run_stages(job, plan,
    { stages = {}, started_at = started_at, notes = { unpack(plan.notes) }, seed = plan.seed })
end

---The results of a folder again, from its record files.
---@param dir string
---@param opts? { limits?: table }
---@return { stages: table[] }? result
---@return bench.Error? err
function M.collect(dir, opts)
  local stages = {}
  for _, path in ipairs(fs.glob(dir .. "/stage_*.rec")) do
    local index = tonumber(path:match "stage_(%d+)%.rec$")
    local result, err = load.summarise(path, opts)
    if not result then return nil, err end
    stages[#stages + 1] = { index = index, name = result.name, metrics = result, records = path,
      verdict = { status = result.verdict, reasons = result.reasons }, load = result.load }
  end
  if #stages == 0 then
    return nil, { code = "not_found", message = dir .. " holds no record file (stage_<n>.rec)" }
  end
  table.sort(stages, function(a, b) return a.index < b.index end)
  return { stages = stages }
end

return M
