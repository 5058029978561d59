---The boxes that phases print: what is about to happen, and what came of it.
---@class bench.banner
local M = {}

local env = require "host.env"
local info = require "host.info"

local LABEL_WIDTH = 13

---A row `Label:   value`.
---@param label string
---@param value any
---@return string
function M.row(label, value)
  return label .. ":" .. (" "):rep(math.max(1, LABEL_WIDTH - #label)) .. tostring(value)
end

---A framed list of lines.
---@param title string
---@param lines string[] "" draws no line, "-" a rule
---@param opts? { width?: integer, double?: string, single?: string }
---@return string[]
function M.box(title, lines, opts)
  opts = opts or {}
  local width, double, single = opts.width or 60, opts.double or "=", opts.single or "-"
  local out = { double:rep(width), "  " .. title, (opts.single and single or double):rep(width) }
  for _, line in ipairs(lines) do out[#out + 1] = line == "-" and single:rep(width) or "  " .. line end
  out[#out + 1] = double:rep(width)
  return out
end

local function models_of(ctx)
  local names, seen = {}, {}
  for _, stack in ipairs(ctx.stacks) do
    if not seen[stack.model.name] then names[#names + 1] = stack.model.name end
    seen[stack.model.name] = true
  end
  return names
end

local function methods_of(ctx)
  local names, seen = {}, {}
  for _, stack in ipairs(ctx.stacks) do
    if not seen[stack.method] then names[#names + 1] = stack.method end
    seen[stack.method] = true
  end
  return table.concat(names, ", ")
end

local function model_rows(ctx, lines)
  local models = models_of(ctx)
  if #models == 1 then
    lines[#lines + 1] = M.row("Model", models[1])
    return
  end
  lines[#lines + 1] = M.row("Models", #models)
  for _, stack in ipairs(ctx.stacks) do lines[#lines + 1] = "  - " .. stack.name .. ": "
    .. stack.model.name end
end

local function namespace_rows(ctx, lines)
  if not ctx.namespace then return end
  lines[#lines + 1] = M.row("Namespace", ctx.namespace)
  if ctx.harness_namespace and ctx.harness_namespace ~= ctx.namespace then
    lines[#lines + 1] = M.row("Harness NS", ctx.harness_namespace)
  end
end

local function stack_rows(ctx, lines)
  if #ctx.stacks == 1 then
    model_rows(ctx, lines)
    lines[#lines + 1] = M.row("Methods", methods_of(ctx))
    namespace_rows(ctx, lines)
    return
  end
  lines[#lines + 1] = M.row("Stacks", #ctx.stacks)
  lines[#lines + 1] = "-"
  for _, stack in ipairs(ctx.stacks) do
    lines[#lines + 1] = stack.name
    lines[#lines + 1] = "  " .. M.row("Model", stack.model.name)
    lines[#lines + 1] = "  " .. M.row("Method", stack.method)
  end
  namespace_rows(ctx, lines)
end

---What a phase is about to work on.
---@param ctx bench.Context
---@param phase string
---@return string[]
function M.start(ctx, phase)
  local lines = {}
  if ctx.spec then lines[#lines + 1] = M.row("Spec", ctx.spec.name) end
  if ctx.dry_run then
    lines[#lines + 1] = M.row("Mode", "DRY RUN (nothing is changed)")
  else
    lines[#lines + 1] = M.row("User", env.user())
    lines[#lines + 1] = M.row("Machine", env.hostname())
  end
  lines[#lines + 1] = "-"
  stack_rows(ctx, lines)
  return M.box(phase:upper() .. " -- llmdbenchmark v" .. info.version, lines, { double = "═", single = "─" })
end

local function count_steps(outcome)
  local passed, skipped = 0, 0
  for _, step in ipairs(outcome.steps) do
    if step.status == "ok" then passed = passed + 1 end
    if step.status == "skipped" then skipped = skipped + 1 end
  end
  local total = #outcome.steps - skipped
  return ("%d/%d passed%s"):format(passed, total, skipped > 0 and (", " .. skipped .. " skipped") or "")
end

---The box at the end of a standup.
---@param ctx bench.Context
---@param outcome bench.PhaseOutcome
---@return string[]
function M.standup(ctx, outcome)
  local lines = { M.row("User", env.user()), M.row("Platform", "this machine (" .. env.hostname() .. ")"),
    M.row("Mode", ctx.dry_run and "dry-run" or "live") }
  model_rows(ctx, lines)
  namespace_rows(ctx, lines)
  lines[#lines + 1] = M.row("Methods", methods_of(ctx))
  lines[#lines + 1] = M.row("Stacks", #ctx.stacks)
  lines[#lines + 1] = M.row("Steps", count_steps(outcome))
  if not ctx.dry_run then
    lines[#lines + 1] = "Deployed Endpoints:"
    for _, stack in ipairs(ctx.stacks) do
      lines[#lines + 1] = "  " .. stack.name .. ": " .. (stack.endpoint and stack.endpoint.url or "<none>")
    end
  end
  return M.box("STANDUP COMPLETE", lines, { width = 62 })
end

local function verdict_of(entry)
  local files = entry.files and (" (" .. entry.files .. " files)") or ""
  if entry.err and entry.err.code == "cancelled" then return "interrupted" .. files end
  if entry.err then return "failed: " .. entry.err.message:match("[^\n]*") end
  return entry.verdict .. files
end

---The box at the end of a run: each treatment with its verdict and where its results are.
---@param ctx bench.Context
---@return string[]
function M.run(ctx)
  local entries = ctx.results.treatments or {}
  local lines = { M.row("Harness", ctx.harness), M.row("Workload", ctx.workload) }
  model_rows(ctx, lines)
  namespace_rows(ctx, lines)
  lines[#lines + 1] = M.row("Mode", ctx.url and "run-only" or "full")
  lines[#lines + 1] = M.row("Treatments", #entries)
  for _, entry in ipairs(entries) do lines[#lines + 1] = "  - " .. entry.id .. ": " .. verdict_of(entry) end
  if ctx.workspace then lines[#lines + 1] = M.row("Results", ctx.workspace:path "results") end
  return M.box("BENCHMARK RUN SUMMARY", lines)
end

return M
