---`plan --capacity`: the capacity checks of all stacks as a table or as JSON.
---@class bench.plan.capacity.show
local M = {}

local capacity = require "bench.plan.capacity"
local tables = require "bench.table"

local COLUMNS = { { title = "stack" }, { title = "role" }, { title = "model" }, { title = "GPUs", align = "right" },
  { title = "GiB/GPU", align = "right" }, { title = "model GiB", align = "right" },
  { title = "KV B/token", align = "right" }, { title = "left GiB", align = "right" },
  { title = "concurrent", align = "right" }, { title = "verdict" } }

local STYLES = { fits = "good", ["does not load"] = "bad", ["serves nothing"] = "bad", wrong = "warn",
  unknown = "warn", skipped = "dim" }

local function gib(value) return value and ("%.2f"):format(value) end

local function cells(stack, row)
  return { stack, row.role, row.model, row.gpus_per_pod, row.gpu_gib and ("%g"):format(row.gpu_gib),
    gib(row.model_gib), row.kv_bytes_per_token and ("%d"):format(row.kv_bytes_per_token), gib(row.left_gib), row.max_concurrent,
    { text = row.verdict, style = STYLES[row.verdict] } }
end

---The results as text for people.
---@param results table[] of `capacity.check`
---@param access bench.hub.Access[]
---@param opts? bench.table.Options
---@return string
function M.text(results, access, opts)
  local rows, lines = {}, {}
  for _, result in ipairs(results) do
    for _, row in ipairs(result.rows) do
      rows[#rows + 1] = cells(result.stack, row)
      for _, message in ipairs(row.messages) do
        lines[#lines + 1] = ("%s: %s/%s: %s"):format(message.level, result.stack, row.role, message.text)
      end
    end
    if result.note then lines[#lines + 1] = ("info: %s: %s"):format(result.stack, result.note) end
  end
  for _, each in ipairs(access) do
    if not each.ok or each.warning then
      local advice = each.hint and "; " .. each.hint or ""
      lines[#lines + 1] = (each.ok and "warning: " or "error: ") .. each.message .. advice
    end
  end
  local text = tables.render(COLUMNS, rows, opts)
  if #lines == 0 then return text end
  return text .. (text ~= "" and "\n" or "") .. table.concat(lines, "\n") .. "\n"
end

local function all_ok(results, access)
  for _, list in ipairs { results, access } do
    for _, each in ipairs(list) do
      if not each.ok then return false end
    end
  end
  return true
end

-- Stacks whose models come from the hub.
local function on_clusters(results, stacks)
  local list = {}
  for i, result in ipairs(results) do
    if not result.note then list[#list + 1] = stacks[i] end
  end
  return list
end

---Checks the stacks of a plan.
---@async
---@param built bench.Plan
---@param opts bench.plan.capacity.Options
---@return table[] results of `capacity.check`
---@return bench.hub.Access[] access empty where the hub is not asked
function M.check(built, opts)
  opts.cache = opts.cache or {}
  local results = {}
  for i, stack in ipairs(built.selected) do results[i] = capacity.check(stack, opts) end
  if opts.offline or opts.model_config then return results, {} end
  return results, capacity.access(on_clusters(results, built.selected), opts)
end

local function print_results(cli, results, access)
  local log = require "host.log"
  if cli.json then
    local tree = { stacks = results, access = require("host.json").list(access) }
    print(log.redact(require("host.json").encode(tree, { indent = 2 })))
  else
    io.stdout:write(log.redact(M.text(results, access, { color = require("bench.report.screen").look().color })))
  end
end

---The command.
---@async
---@param cli bench.Cli
---@return integer exit_code 0 also with warnings
function M.run(cli)
  local codes = require("host.info").exit_codes
  return require("bench.startup").with_console(cli, function(opts)
    local given = cli.options.model_config
    if given then
      local facts, problem = require("bench.plan.capacity.source").from_path(given)
      if not facts then return nil, problem end
    end
    local built, err = require("bench.session").plan(opts)
    if not built then return nil, err end
    local results, access = M.check(built, { model_config = given, endpoint = cli.options.hub,
      offline = opts.dry_run or opts.offline })
    print_results(cli, results, access)
    return all_ok(results, access) and codes.success or codes.failed
  end)
end

return M
