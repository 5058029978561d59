---The measuring part of the run phase: one job for each treatment of each stack.
---@class bench.jobs
local M = {}

local clock = require "host.clock"
local env = require "host.env"
local fs = require "host.fs"
local harness = require "bench.harness"
local hidden = require "bench.hidden"
local prefix_cache = require "bench.prefix_cache"
local progress = require "bench.progress"
local report = require "bench.report"
local status = require "bench.phase.status"
local task = require "host.task"
local text = require "host.text"
local workload = require "bench.workload"

local LOG_EVERY_S = 10

---@class bench.Job
---@field id string experiment id: names the result folder
---@field dir string result folder
---@field profile string path of the rendered profile as it is kept: secrets are hidden in it
---@field profile_name string
---@field profile_text string the rendered profile as it is to be used, secrets and all
---@field treatment bench.Treatment?
---@field seed integer?
---@field repetition integer?
---@field endpoint bench.Endpoint
---@field timeout_s number? of the whole job; nil: none
---@field on_progress fun(p: table)
---@field on_stage fun(result: bench.harness.Result, stage: table): true?, bench.Error? to be called as each stage ends

-- Rendering

local function endpoint_url(ctx, stack)
  if stack.endpoint then return stack.endpoint.url end
  return ctx.dry_run and workload.STAND_IN or nil
end

local function check_names(treatments)
  local seen = {}
  for _, treatment in ipairs(treatments) do
    if not treatment.name:match("^[%w][%w._-]*$") then
      return { code = "invalid", message = "'" .. treatment.name .. "' cannot name a treatment",
        hint = "use letters, digits, '.', '_' and '-'" }
    end
    if seen[treatment.name] then
      return { code = "invalid", message = "two treatments are called '" .. treatment.name .. "'" }
    end
    seen[treatment.name] = true
  end
end

-- Where the rendered profiles of a stack go.
local function folder_for(ctx, stack)
  local folder = "workload/profiles/" .. ctx.state.harness.name
  return #ctx.stacks > 1 and folder .. "/" .. stack.name or folder
end

local function write_profile(ctx, stack, name, content)
  if ctx.dry_run then return nil end
  local path = ctx.workspace:folder(folder_for(ctx, stack)) .. "/" .. name
  local ok, err = fs.write(path, hidden.yaml(content))
  if not ok then return nil, err end
  return path
end

local function render_one(ctx, stack, source, treatment)
  local profile = ctx.state.profile
  local rendered, err = workload.render(source, { file = profile.path,
    tokens = workload.tokens(stack, { url = endpoint_url(ctx, stack), dataset = ctx.opts.dataset }),
    treatment = treatment, allows = ctx.state.harness.allows,
    is_length = ctx.state.harness.is_length })
  if not rendered then return nil, err end
  local name = workload.rendered_name(profile.name, treatment)
  local path
  path, err = write_profile(ctx, stack, name, rendered)
  if err then return nil, err end
  return { profile = path, profile_name = profile.name, profile_text = rendered, treatment = treatment }
end

---Step `render_profiles`: fills `ctx.state.jobs[<stack>]`.
---@param ctx bench.Context
---@param stack bench.plan.Stack
function M.render(ctx, stack)
  local source, err = fs.read(ctx.state.profile.path)
  if not source then return nil, err end
  local treatments = ctx.treatments or {}
  err = check_names(treatments)
  if err then return nil, err end
  local jobs = {}
  for i = 1, math.max(1, #treatments) do
    jobs[i], err = render_one(ctx, stack, source, treatments[i])
    if not jobs[i] then return nil, err end
  end
  ctx.state.jobs[stack.name] = jobs
  return { message = #jobs .. " profile(s) rendered" }
end

-- Checking

local function find_parts(ctx)
  local definition, err = harness.get(ctx.harness)
  if not definition then return nil, err end
  local profile
  profile, err = workload.find(definition.profiles or definition.name, ctx.workload, ctx.base_dir)
  if not profile then return nil, err end
  ctx.state.harness, ctx.state.profile = definition, profile
  return true
end

-- Renders every treatment for a stack that may not stand yet, and shows it to the harness.
local function check_stack(ctx, stack, source)
  local definition, url = ctx.state.harness, endpoint_url(ctx, stack) or workload.STAND_IN
  for i = 1, math.max(1, #ctx.treatments) do
    local tokens = workload.tokens(stack, { url = url, dataset = ctx.opts.dataset })
    local rendered, err = workload.render(source, { file = ctx.state.profile.path, tokens = tokens,
      treatment = ctx.treatments[i], allows = definition.allows, is_length = definition.is_length })
    if rendered and definition.check then
      local _
      _, err = definition.check(rendered, { file = ctx.state.profile.path,
        endpoint = { url = url, model = stack.model.name } })
    end
    if err then return nil, err end
  end
  return true
end

---Checks all that can be known to be wrong before a server is started or asked: harness, profile, treatments.
---@param ctx bench.Context
---@return true? ok
---@return bench.Error? err
function M.check(ctx)
  local ok, err = find_parts(ctx)
  if not ok then return nil, err end
  local source
  source, err = fs.read(ctx.state.profile.path)
  if not source then return nil, err end
  err = check_names(ctx.treatments)
  if err then return nil, err end
  for _, stack in ipairs(ctx.stacks) do
    ok, err = check_stack(ctx, stack, source)
    if not ok then return nil, err end
  end
  return true
end

-- A data set that the profile does not ask for.
local function tell_dataset(ctx)
  local source = ctx.opts.dataset and fs.read(ctx.state.profile.path)
  if not source or source:find("REPLACE_ENV_LLMDBENCH_RUN_DATASET", 1, true) then return end
  ctx.log.warn(("--dataset is ignored: profile %s has no place for it (REPLACE_ENV_LLMDBENCH_RUN_DATASET_DIR, "
    .. "REPLACE_ENV_LLMDBENCH_RUN_DATASET_FILE)"):format(ctx.state.profile.name))
end

---Step `run_preflight`.
---@param ctx bench.Context
---@return { message: string }?
---@return bench.Error? err
function M.preflight(ctx)
  local ok, err = M.check(ctx)
  if not ok then return nil, err end
  tell_dataset(ctx)
  return { message = ("harness %s, profile %s"):format(ctx.state.harness.name, ctx.state.profile.path) }
end

-- Running

local function new_id(ctx, stack, job)
  local parts = { ctx.state.harness.name }
  if #ctx.stacks > 1 then parts[#parts + 1] = stack.name end
  if job.treatment then parts[#parts + 1] = job.treatment.name end
  parts[#parts + 1] = ("%d"):format(math.floor(clock.now()))
  parts[#parts + 1] = text.uuid():gsub("-", ""):sub(1, 6)
  return table.concat(parts, "-")
end

-- Shows the live line on a terminal; logs get a line for each stage and every ten seconds, an event file each
-- moment.
local function reporter(ctx, stack, job)
  local level = env.is_terminal "stdout" and "debug" or "info"
  local stage, told_s
  return function(p)
    local line, now = progress.line(p), clock.monotonic()
    status.detail(stack.name, line)
    if p.stage ~= stage or now - told_s >= LOG_EVERY_S then
      ctx.log[level](line)
      stage, told_s = p.stage, now
    end
    if ctx.events then ctx.events:write("progress", { stack = stack.name, id = job.id, progress = p }) end
  end
end

-- Verdicts from the mildest to the gravest, as docs/metrics.md has them; one of another harness counts as gravest.
local GRAVITY = { valid = 0, ["too few samples"] = 1, ["under-delivered"] = 2, ["client-limited"] = 3,
  ["errors above limit"] = 4, ["damaged records"] = 5 }

local function worst_verdict(result)
  local worst, most = "valid", 0
  for _, stage in ipairs(result.stages) do
    local gravity = GRAVITY[stage.verdict.status] or math.huge
    if gravity > most then worst, most = stage.verdict.status, gravity end
  end
  return worst
end

-- Requests that were cut off with their stage did not fail; the verdict tells of them.
local function tell_failures(ctx, stage)
  local failures = stage.metrics.failures or {}
  local parts = {}
  for class, found in pairs(failures) do
    local sample = found.samples and found.samples[1]
    local detail = sample and sample.detail
    local shown = detail and detail ~= "" and " (" .. detail .. ")" or ""
    if class ~= "cancelled" then parts[#parts + 1] = ("%d %s%s"):format(found.count, class, shown) end
  end
  table.sort(parts)
  if #parts > 0 then ctx.log.warn(("stage %d: failed requests: %s"):format(stage.index, table.concat(parts, "; "))) end
end

local function count_files(dir)
  local files = 0
  for _, path in ipairs(fs.glob(dir .. "/**")) do
    local stat = fs.stat(path)
    if stat and stat.type == "file" then files = files + 1 end
  end
  return files
end

-- Writes the report of each stage as it ends, so that whatever happens later takes nothing away.
local function report_stages(ctx, stack, job, entry)
  local reported = {}
  return function(result, stage)
    if reported[stage] then return true end
    reported[stage], entry.result = true, result
    tell_failures(ctx, stage)
    return task.shielded(report.write_stage, ctx, stack, job, result, stage, entry.reports)
  end
end

-- Measures, and reports stage by stage; what a harness does not report as it goes is reported at its end.
local function measure(ctx, stack, job, entry)
  local err
  entry.reports, err = report.begin(job)
  if not entry.reports then return nil, err end
  job.on_stage = report_stages(ctx, stack, job, entry)
  local result
  result, err = ctx.state.harness.run(ctx, stack, job)
  if not result then return nil, err end
  entry.result = result
  for _, stage in ipairs(result.stages) do
    local ok
    ok, err = job.on_stage(result, stage)
    if not ok then return nil, err end
  end
  return report.finish(ctx, stack, job, result, entry.reports)
end

-- Runs one job to its reports. The entry in `ctx.results.treatments` says what became of it.
local function run_job(ctx, stack, job)
  local entry = { id = job.id, dir = job.dir, stack = stack.name, treatment = job.treatment
    and job.treatment.name }
  table.insert(ctx.results.treatments, entry)
  local fine, ok, err = pcall(measure, ctx, stack, job, entry)
  status.detail(stack.name, nil)
  entry.files = count_files(job.dir)
  if entry.result then entry.verdict = worst_verdict(entry.result) end
  if not fine then
    entry.err = type(ok) == "table" and ok or { code = "exit", message = tostring(ok) }
    error(ok, 0)
  end
  if not ok then
    entry.err = err
    return nil, err
  end
  return entry
end

local function prepare(ctx, stack, job)
  job.id = new_id(ctx, stack, job)
  job.endpoint = stack.endpoint
  if job.treatment then job.seed, job.repetition = job.treatment.seed, job.treatment.repetition end
  job.timeout_s = ctx.timeout_s
  job.on_progress = reporter(ctx, stack, job)
  prefix_cache.watch(ctx, job)
  job.dir = ctx.workspace:folder("results/" .. job.id .. "_1")
end

local function describe(job)
  return job.treatment and "treatment '" .. job.treatment.name .. "'" or job.profile_name
end

local function dry_run(ctx, stack)
  for _, job in ipairs(ctx.state.jobs[stack.name]) do
    ctx.log.info(("would run harness %s with %s against %s"):format(ctx.state.harness.name, describe(job),
      stack.endpoint and stack.endpoint.url or "the endpoint of stack '" .. stack.name .. "'"))
  end
  return { message = "nothing sent: dry run" }
end

---Step `deploy_harness`: measures every treatment of a stack, one after the other, and writes its reports
---before
---the next begins. A failed treatment does not stop the others; the step fails at the end.
---@param ctx bench.Context
---@param stack bench.plan.Stack
function M.run(ctx, stack)
  if ctx.dry_run then return dry_run(ctx, stack) end
  local jobs, failed, first = ctx.state.jobs[stack.name], 0, nil
  for i, job in ipairs(jobs) do
    prepare(ctx, stack, job)
    ctx.log.info(("[%d/%d] stack '%s': %s -> %s"):format(i, #jobs, stack.name, describe(job), job.id))
    local entry, err = run_job(ctx, stack, job)
    if entry then
      ctx.log.info(("[%d/%d] %s"):format(i, #jobs, entry.verdict))
    else
      failed, first = failed + 1, first or err
      ctx.log.error(("[%d/%d] %s failed: %s"):format(i, #jobs, describe(job), err.message))
    end
  end
  if failed == 0 then return { message = #jobs .. " treatment(s) measured" } end
  if #jobs == 1 then return nil, first end
  local whole = {}
  for key, value in pairs(first) do whole[key] = value end
  whole.message = ("%d of %d treatments failed; the first: %s"):format(failed, #jobs, first.message)
  return nil, whole
end

-- After the measurement

---Step `collect_results`: every finished treatment left its records and reports.
---@param ctx bench.Context
---@param stack bench.plan.Stack
function M.collect(ctx, stack)
  if ctx.dry_run then return { message = "nothing to collect: dry run" } end
  local found = 0
  for _, entry in ipairs(ctx.results.treatments) do
    if entry.stack == stack.name and not entry.err then
      if #entry.reports == 0 then
        return nil, { code = "not_found", message = entry.dir .. " holds no report" }
      end
      for _, path in ipairs(entry.reports) do
        if not fs.exists(path) then return nil, { code = "not_found", message = path .. " is missing" } end
      end
      found = found + entry.files
    end
  end
  return { message = found .. " file(s) in " .. ctx.workspace:path "results" }
end

return M
