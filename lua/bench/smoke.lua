---The smoketest, the same for every deploy method; what only a method can know it is asked for.
---@class bench.smoke
local M = {}

local checks = require "bench.checks"
local json = require "host.json"
local methods = require "bench.methods"
local probe = require "host.probe"

local PROMPT = "The three primary colours are"
local MAX_TOKENS = 5
local ANSWER_TIMEOUT_S = 120

---Checks that an endpoint answers and serves a model.
---@param list bench.Checks
---@param url string
---@param model string
---@return boolean passed
function M.check_models(list, url, model)
  local models, err = probe.models(url)
  if not models then return list:add("service_endpoint", false, err.message) end
  local found = false
  for _, served in ipairs(models) do found = found or served == model end
  local message = found and url .. " serves " .. model
    or ("%s serves %s, not %s"):format(url, #models > 0 and table.concat(models, ", ") or "no model", model)
  return list:add("service_endpoint", found, message, { expected = model, actual = models })
end

-- Runs the checks of one step for one stack and keeps their outcome in `ctx.results.checks`.
local function run_checks(ctx, stack, step, fill)
  local method, err = methods.get(stack.method)
  if not method then return nil, err end
  local list = checks.new()
  local ok
  ok, err = fill(method, list)
  if not ok then return nil, err end
  ctx.results.checks = ctx.results.checks or {}
  table.insert(ctx.results.checks, { stack = stack.name, step = step, checks = list.items })
  for _, item in ipairs(list.items) do
    ctx.log.debug(("stack '%s': %s %s: %s"):format(stack.name, item.passed and "passed" or "FAILED",
      item.name, item.message))
  end
  return list:outcome(step)
end

---Step `health_check`: does what the method deployed run and serve the model?
---@param ctx bench.Context
---@param stack bench.plan.Stack
function M.health(ctx, stack)
  if ctx.dry_run then return { message = "would check servers, health and /v1/models" } end
  return run_checks(ctx, stack, "health_check", function(method, list)
    return method.check_health(ctx, stack, list)
  end)
end

---Step `inference_test`: does the model answer a prompt?
---@param ctx bench.Context
---@param stack bench.plan.Stack
function M.inference(ctx, stack)
  if ctx.dry_run then return { message = "would ask for " .. MAX_TOKENS .. " tokens" } end
  local method, err = methods.get(stack.method)
  if not method then return nil, err end
  local endpoint
  endpoint, err = method.endpoint(ctx, stack)
  if not endpoint then return nil, err end
  local answer
  answer, err = probe.completion(endpoint.url, { model = stack.model.name, prompt = PROMPT,
    max_tokens = MAX_TOKENS,
    timeout_s = ANSWER_TIMEOUT_S })
  if not answer then return nil, err end
  local body = json.encode({ model = stack.model.name, prompt = PROMPT, max_tokens = MAX_TOKENS })
  local curl = "try it: curl -s %s/v1/completions -H 'Content-Type: application/json' -d '%s'"
  ctx.log.info(curl:format(endpoint.url, body))
  return { message = ("answered %q"):format(answer.text) }
end

---Step `validate_config`: is what runs what the plan says?
---@param ctx bench.Context
---@param stack bench.plan.Stack
function M.config(ctx, stack)
  if ctx.dry_run then return { message = "would compare what runs with the plan" } end
  return run_checks(ctx, stack, "validate_config", function(method, list)
    return method.check_config(ctx, stack, list)
  end)
end

return M
