-- Can every stack be deployed from here? Asked before anything is started.
local methods = require "bench.methods"

return {
  name = "ensure_infra",
  doc = "Checks that the deploy method of every stack can work on this machine.",
  scope = "global",
  run = function(ctx)
    for _, stack in ipairs(ctx.stacks) do
      local method, err = methods.get(stack.method)
      if not method then return nil, err end
      local what
      what, err = method.check(ctx, stack)
      if not what and not ctx.dry_run then return nil, err end
      local line = what or "could not be deployed: " .. err.message
      ctx.log[what and "info" or "warn"](("stack '%s' (%s): %s"):format(stack.name, stack.method, line))
    end
    return { message = #ctx.stacks .. " stack(s) checked" }
  end,
}
