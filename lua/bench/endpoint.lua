---Where the stacks of a run answer, and whether they serve the model.
---@class bench.endpoint
local M = {}

local exec = require "host.exec"
local methods = require "bench.methods"
local probe = require "host.probe"
local retry = require "bench.retry"

local VERIFY_ATTEMPTS = 3
local VERIFY_PAUSE_S = 1

local function no_url(url, why)
  return { code = "invalid", message = ("'%s' is no endpoint: %s"):format(url, why),
    hint = "give a URL such as http://127.0.0.1:8000" }
end

---What is wrong with the URL of an endpoint; nil if it may be one. A URL is shown and kept in many places, so it
---holds no password.
---@param url string
---@return bench.Error? err `invalid`
function M.check_url(url)
  local scheme, host = url:match "^(%a[%w+.-]*)://([^/?#]*)"
  if not scheme then return no_url(url, "http:// or https:// is missing") end
  if host:find("@", 1, true) then
    return { code = "invalid", message = "the endpoint's URL holds a user name or password, which is not supported",
      hint = "leave it out, and give a bearer token in LLMDBENCH_ENDPOINT_TOKEN" }
  end
  local known = ({ http = true, https = true })[scheme:lower()]
  if not known then return no_url(url, "its scheme is neither http nor https") end
  local name, port = host:match "^(%[[%x:.]+%]):?(%d*)$"
  if not name then name, port = host:match "^([^:%s]+):?(%d*)$" end
  if not name then return no_url(url, "it names no host, or its port is no number") end
  local number = port ~= "" and tonumber(port) or 1
  if number < 1 or number > 65535 then return no_url(url, "there is no port " .. port) end
end

---What a server may want to know of a client, or a client of a server; options of `host.http` and of a stage.
---@class bench.endpoint.Access
---@field token? string bearer token
---@field ca_file? string authorities to trust, PEM
---@field insecure? boolean accept any certificate

---@param endpoint bench.endpoint.Access
---@param more? table further options
---@return table options for `host.probe` and `host.http`
function M.access(endpoint, more)
  local options = { token = endpoint.token, ca_file = endpoint.ca_file, insecure = endpoint.insecure }
  for key, value in pairs(more or {}) do options[key] = value end
  return options
end

-- A stack of several servers of their own is measured at the first.
local function tell_replicas(ctx, stack, endpoint)
  if #endpoint.urls < 2 then return end
  ctx.log.warn(("stack '%s' has %d servers; %s is measured. Nothing divides requests between them: put a router "
    .. "before them and give its --endpoint-url"):format(stack.name, #endpoint.urls, endpoint.url))
end

-- Flags about certificates that this endpoint has no use for.
local function tell_unused(ctx, endpoint)
  if not endpoint.url:lower():find "^http://" then return end
  for key, flag in pairs { ca_file = "--ca-file", insecure = "--insecure" } do
    if endpoint[key] and (ctx.opts and ctx.opts.sources or {})[key] == "--" .. key then
      ctx.log.warn(("%s says nothing for %s: only https has certificates"):format(flag, endpoint.url))
    end
  end
end

---Fills `stack.endpoint`: the URL of `--endpoint-url`, else what the deploy method knows.
---@async
---@param ctx bench.Context
---@param stack bench.plan.Stack
---@return { message: string }?
---@return bench.Error?
function M.detect(ctx, stack)
  local endpoint, err
  if ctx.url then
    endpoint = { url = ctx.url, urls = { ctx.url }, model = stack.model.name }
  else
    local method
    method, err = methods.get(stack.method)
    if not method then return nil, err end
    endpoint, err = method.endpoint(ctx, stack)
  end
  if not endpoint and ctx.dry_run then return { message = "none yet: " .. err.message } end
  if not endpoint then return nil, err end
  for key, value in pairs(ctx.access or {}) do endpoint[key] = value end
  stack.endpoint = endpoint
  tell_replicas(ctx, stack, endpoint)
  tell_unused(ctx, endpoint)
  return { message = table.concat(endpoint.urls, ", ") .. (ctx.url and " (given)" or "") }
end

local function advice(err)
  if err.code == "denied" then
    return "give a token that it accepts in LLMDBENCH_ENDPOINT_TOKEN; credentials of a profile are for its load alone"
  end
  local host_knows = err.reason == "tls" and (err.hint or ""):find("http://", 1, true)
  if err.reason == "tls" and not host_knows then return "pass --ca-file with the authority that signed its certificate, or --insecure" end
  if err.reason ~= "model" then return err.hint or "does it run? `llmdbenchmark smoketest` tells more" end
  local choose = "pass --model with a name that it serves"
  return err.hint and err.hint .. "; " .. choose or choose
end

---The model of an endpoint that serves only one.
---@async
---@param url string
---@param access bench.endpoint.Access
---@return string? model
---@return bench.Error? err `conflict` if there are several to choose from; as of `verify`
function M.only_model(url, access)
  local models, err = retry.run(function() return probe.models(url, M.access(access)) end,
    { attempts = VERIFY_ATTEMPTS, delay_s = VERIFY_PAUSE_S })
  if not models then
    err.hint = advice(err)
    return nil, err
  end
  if #models == 1 then return models[1] end
  return nil, { code = "conflict", message = ("%s serves %d models: %s"):format(url, #models, table.concat(models, ", ")),
    hint = "choose one with --model" }
end

---Checks that the endpoint serves the model of the run; one that does not answer is asked again.
---@async
---@param ctx bench.Context
---@param stack bench.plan.Stack
---@return { message: string }?
---@return bench.Error? err `unreachable`, `timeout`, `denied`, or `not_found` with the nearest model
function M.verify(ctx, stack)
  if ctx.dry_run then return { message = "would ask /v1/models for " .. stack.model.name } end
  local models, err = retry.run(function()
    return probe.models(stack.endpoint.url, M.access(stack.endpoint, { expect = stack.model.name }))
  end, { attempts = VERIFY_ATTEMPTS, delay_s = VERIFY_PAUSE_S })
  if models then return { message = stack.model.name .. " is served" } end
  err.hint = advice(err)
  return nil, err
end

-- Listing

local function pad(text, width)
  return text .. (" "):rep(width - #text)
end

local function columns(rows)
  local widths = {}
  for _, row in ipairs(rows) do
    for i, cell in ipairs(row) do widths[i] = math.max(widths[i] or 0, #cell) end
  end
  local lines = {}
  for i, row in ipairs(rows) do
    local cells, rule = {}, {}
    for c, cell in ipairs(row) do
      cells[c], rule[c] = pad(cell, widths[c]), ("-"):rep(widths[c])
    end
    lines[#lines + 1] = (table.concat(cells, "  "):gsub("%s+$", ""))
    if i == 1 then lines[#lines + 1] = table.concat(rule, "  ") end
  end
  return lines
end

-- The command that benchmarks one server. An endpoint without a specification has no namespace.
local function command_for(ctx, stack, url)
  local options = { "llmdbenchmark" .. (ctx.spec and " --spec " .. ctx.spec.name or "") .. " run",
    "--endpoint-url " .. exec.quote { url }, "--model " .. exec.quote { stack.model.name } }
  if ctx.spec and ctx.namespace then table.insert(options, 2, "--namespace " .. ctx.namespace) end
  options[#options + 1] = "-l " .. ctx.harness .. " -w " .. exec.quote { ctx.workload }
  return table.concat(options, " \\\n  ")
end

---The table of `run --list-endpoints`, and for each server a command that benchmarks it alone.
---@param ctx bench.Context
---@return string[] lines
function M.listing(ctx)
  local rows = { { "STACK", "MODEL", "ENDPOINT URL" } }
  for _, stack in ipairs(ctx.stacks) do
    for _, url in ipairs(stack.endpoint and stack.endpoint.urls or { "<not detected>" }) do
      rows[#rows + 1] = { stack.name, stack.model.name, url }
    end
  end
  local lines = columns(rows)
  for _, stack in ipairs(ctx.stacks) do
    for _, url in ipairs(stack.endpoint and stack.endpoint.urls or {}) do
      lines[#lines + 1] = ""
      lines[#lines + 1] = "# " .. stack.name .. " - " .. stack.model.name
      lines[#lines + 1] = command_for(ctx, stack, url)
    end
  end
  return lines
end

---The same as data.
---@param ctx bench.Context
---@return table[]
function M.rows(ctx)
  local rows = {}
  for i, stack in ipairs(ctx.stacks) do
    rows[i] = { stack = stack.name, model = stack.model.name, namespace = ctx.namespace,
      url = stack.endpoint and stack.endpoint.url, urls = stack.endpoint and stack.endpoint.urls }
  end
  return rows
end

return M
