-- Starts the model servers of a stack as processes of this machine and waits until they answer.
local local_servers = require "bench.local_servers"

return {
  name = "local_deploy",
  doc = "Starts the local model servers and waits until they are ready.",
  scope = "stack",
  when = function(_, stack) return stack.method == "local" end,
  run = function(ctx, stack)
    if ctx.dry_run then return { message = "nothing started: dry run" } end
    local result, err = local_servers.up(stack, {
      namespace = ctx.namespace, spec = ctx.spec.name, save_logs = ctx.workspace:path "setup/logs",
      owner = ctx.owner })
    if not result then return nil, err end
    ctx.state.started[stack.name] = result.started > 0
    local first = result.servers[1]
    stack.endpoint = { url = first.url, model = first.model }
    local reused = result.reused > 0 and (", %d of them already there"):format(result.reused) or ""
    return { message = ("%d server(s) ready at %s%s"):format(#result.servers, first.url, reused) }
  end,
  undo = function(ctx, stack)
    if not ctx.state.started[stack.name] then return true end
    return local_servers.down(ctx.namespace, { spec = ctx.spec.name, stacks = { stack.name } })
  end,
}
