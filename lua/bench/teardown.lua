---What teardown removes: the recorded servers of this specification, limited to the stacks of `--stack`.
---@class bench.teardown
local M = {}

local local_servers = require "bench.local_servers"
local methods = require "bench.methods"

-- Without `--stack` everything this specification left in the namespace goes, also a stack that is not in the
-- scenario any more.
local function filter(ctx)
  local stacks
  if ctx.opts.stack and #ctx.opts.stack > 0 then
    stacks = {}
    for i, stack in ipairs(ctx.stacks) do stacks[i] = stack.name end
  end
  return { spec = ctx.spec.name, stacks = stacks, owned = ctx.owner ~= nil }
end

-- Saying "nothing runs" of what this version cannot look at would be a lie.
local function cannot_remove(ctx)
  for _, stack in ipairs(ctx.stacks) do
    local _, err = methods.get(stack.method)
    if err then
      err.message = "stack '" .. stack.name .. "': " .. err.message
      return err
    end
  end
end

---What was stood up stays, for whoever comes next.
---@param ctx bench.Context
---@return true? ok
---@return bench.Error? err
function M.leave(ctx)
  if ctx.dry_run then return true end
  return local_servers.leave(ctx.namespace, filter(ctx))
end

---Logs what will be ended.
---@param ctx bench.Context
---@return { message: string }?
---@return bench.Error?
function M.list(ctx)
  local owned, err = local_servers.owned(ctx.namespace, filter(ctx))
  if not owned then return nil, err end
  local intent = ctx.dry_run and "would end" or "to end"
  for _, record in ipairs(owned.servers) do
    ctx.log.info(("%s: stack '%s' replica %d, process %d at %s"):format(
      intent, record.stack, record.replica, record.pid, record.url))
  end
  for _, orphan in ipairs(owned.orphans) do
    ctx.log.info(("%s: process %d of stack '%s', left by a standup that was killed"):format(
      intent, orphan.pid, orphan.stack))
  end
  local count = #owned.servers + #owned.orphans
  if count == 0 then
    err = cannot_remove(ctx)
    if err then return nil, err end
  end
  if count > 0 then return { message = count .. " server(s) to end" } end
  return { message = "nothing of '" .. ctx.spec.name .. "' runs in namespace '" .. ctx.namespace .. "'" }
end

---Ends it.
---@async
---@param ctx bench.Context
---@return { message: string }?
---@return bench.Error?
function M.delete(ctx)
  if ctx.dry_run then return { message = "nothing ended: dry run" } end
  local result, err = local_servers.down(ctx.namespace, filter(ctx))
  if not result then return nil, err end
  ctx.results.teardown = result
  if result.ended + result.stale == 0 then return { message = "nothing to remove" } end
  local stale = result.stale > 0 and (", %d gone already"):format(result.stale) or ""
  return { message = ("%d server(s) ended%s"):format(result.ended, stale) }
end

return M
