local t = require "bench.test"
local progress = require "bench.progress"

local function moment(changes)
  local p = { stage = 2, stages = 7, planned = 500, sent = 120, succeeded = 109, failed = 1, elapsed_s = 11,
    ttft_p50_s = 0.0523, ttft_p95_s = 1.5 }
  for key, value in pairs(changes or {}) do p[key] = value end
  return progress.line(p)
end

t.describe("bench.progress", function()
  t.it("shows counts, rate, first tokens and what is left", function()
    local line = "[2/7, ETA 0:39] sent 120/500 done 109 failed 1, 10.0/s, TTFT p50/p95 52/1500 ms"
    t.eq(line, moment())
    t.ok(#line <= 80)
  end)

  t.it("leaves out what is not known yet", function()
    t.eq("[2/7] sent 0 done 0 failed 0",
      moment { planned = 0, sent = 0, succeeded = 0, failed = 0, elapsed_s = 0, ttft_p50_s = 0 })
    t.eq("[2/7] preparing", moment { elapsed_s = -1 })
    t.match("ETA 1:01:05", moment { duration_s = 3676 })
    t.match("TTFT p50/p95 5.2/52 ms", moment { ttft_p50_s = 0.0052, ttft_p95_s = 0.052 })
  end)
end)
