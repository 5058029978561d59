---Method `local`: processes of this machine, see bench.local_servers.
---@class bench.methods.local
local M = { name = "local" }

local exec = require "host.exec"
local local_servers = require "bench.local_servers"
local probe = require "host.probe"

---@param ctx bench.Context
---@param stack bench.plan.Stack
function M.check(ctx, stack)
  local argv, err = local_servers.check(stack, ctx.namespace)
  if not argv then return nil, err end
  return exec.quote(argv)
end

local function not_standing(ctx, stack)
  return { code = "not_found",
    message = "no server of stack '" .. stack.name .. "' runs in namespace '" .. ctx.namespace .. "'",
    hint = "run standup first (with the same --namespace)" }
end

---The first replica's URL and those of all, once every one is alive.
---@param ctx bench.Context
---@param stack bench.plan.Stack
function M.endpoint(ctx, stack)
  local servers, err = local_servers.servers(ctx.namespace, stack.name)
  if not servers then return nil, err end
  if #servers == 0 then return nil, not_standing(ctx, stack) end
  err = local_servers.in_use(servers[1])
  if err then return nil, err end
  local urls = {}
  for i, server in ipairs(servers) do
    if not server.alive then
      return nil, { code = "unreachable", url = server.url,
        message = ("the server of stack '%s' (replica %d, process %d) is gone"):format(
          stack.name, server.replica, server.pid),
        hint = "see its log " .. server.log .. ", then run standup again" }
    end
    urls[i] = server.url
  end
  return { url = urls[1], urls = urls, model = servers[1].model }
end

local function check_server(stack, list, server)
  local which = "replica " .. server.replica
  if not list:add("server_running", server.alive, server.alive and which .. " runs as process " .. server.pid
      or ("%s (process %d) is gone; its log is %s"):format(which, server.pid, server.log)) then
    return
  end
  local answer, err = probe.health(server.url, { path = server.readiness })
  list:add("health_endpoint", answer, answer and server.url .. server.readiness .. " answers" or err
    and err.message)
  require("bench.smoke").check_models(list, server.url, stack.model.name)
end

---@param ctx bench.Context
---@param stack bench.plan.Stack
---@param list bench.Checks
function M.check_health(ctx, stack, list)
  local servers, err = local_servers.servers(ctx.namespace, stack.name)
  if not servers then return nil, err end
  local wanted = stack.config["local"].replicas
  list:add("servers_recorded", #servers == wanted,
    ("%d of %d replicas are recorded in namespace '%s'%s"):format(
    #servers, wanted, ctx.namespace, #servers == 0 and "; run standup first" or ""),
    { expected = wanted, actual = #servers })
  for _, server in ipairs(servers) do check_server(stack, list, server) end
  return true
end

---@param ctx bench.Context
---@param stack bench.plan.Stack
---@param list bench.Checks
function M.check_config(ctx, stack, list)
  local servers, err = local_servers.servers(ctx.namespace, stack.name)
  if not servers then return nil, err end
  if #servers == 0 then return nil, not_standing(ctx, stack) end
  local digest
  digest, err = local_servers.digest(stack, ctx.namespace)
  if not digest then return nil, err end
  local wanted = stack.config["local"].replicas
  list:add("replicas", #servers == wanted, #servers .. " server(s)", { expected = wanted, actual = #servers })
  for _, server in ipairs(servers) do
    local which = "replica " .. server.replica
    list:add("specification", server.spec == ctx.spec.name, which .. " belongs to " .. server.spec)
    -- A variable that only standup knew cannot be compared.
    if next(stack.unset_vars) == nil then
      local same = server.digest == digest
      list:add("command", same, which .. (same and " runs the planned command"
        or " runs another command, environment or model than planned: " .. server.command))
    end
  end
  return true
end

return M
