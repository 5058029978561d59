---Method `url`: an endpoint that somebody else runs (`run --url`). Nothing is deployed or removed.
---@class bench.methods.url
local M = { name = "url" }

function M.check(_, stack)
  return stack.url
end

function M.endpoint(_, stack)
  return { url = stack.url, urls = { stack.url }, model = stack.model.name }
end

return M
