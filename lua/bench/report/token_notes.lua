---What must be known to read the token figures of a stage.
---@class bench.report.token_notes
local M = {}

local MANY_PER_CHUNK = 1.05

---@param metrics table of a stage
---@return string[] notes
function M.of(metrics)
  local tokens, succeeded = metrics.tokens or {}, (metrics.counts or {}).succeeded or 0
  local notes, per_chunk = {}, (tokens.per_chunk or {}).mean
  local unknown, differ = tokens.output_unknown or 0, tokens.output_not_as_requested or 0
  if unknown > 0 then
    notes[#notes + 1] = ("%d of %d answers do not say how many tokens they hold (no usage, not streamed): rates of "
      .. "generated tokens are unknown"):format(unknown, succeeded)
  end
  if differ > 0 and (tokens.with_usage or 0) < succeeded then
    notes[#notes + 1] = ("%d of %d answers count other lengths than asked for; the server gives no usage, so a chunk "
      .. "counts as one token although it may hold several"):format(differ, succeeded)
  end
  if per_chunk and per_chunk > MANY_PER_CHUNK then
    notes[#notes + 1] = ("a chunk holds %.1f tokens on average: ITL is the time between chunks, TPOT that between "
      .. "tokens"):format(per_chunk)
  end
  return notes
end

return M
