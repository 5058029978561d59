---@meta host.clock

---What time it is. In specs with `t.virtual_clock` it is the virtual time. Waiting is done by `task.sleep`.
---@class host.clock
local clock = {}

---Seconds since 1970-01-01 UTC, with a fraction. Can jump when the machine's clock is set.
---@return number seconds
function clock.now() end

---Seconds of a clock that never jumps, for measuring durations; its origin has no meaning.
---@return number seconds
function clock.monotonic() end

---A moment as RFC 3339 in UTC with milliseconds: `2026-11-24T20:18:00.123Z`.
---@param seconds? number Since 1970; now unless given
---@return string text
function clock.rfc3339(seconds) end

---A moment in local time, for names of folders: `20261124-201800-123`.
---@param seconds? number Since 1970; now unless given
---@return string text
function clock.stamp(seconds) end

return clock
