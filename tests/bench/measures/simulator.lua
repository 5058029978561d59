-- The simulator's pacing, one thread on one core: at which rate of tokens does it still send each when it is due?
-- Drift of a stream is how much later its last token was than its first, against their deadlines. The client has
-- the other core (tests/bench/sim_pace.cpp).
local exec = require "host.exec"
local fs = require "host.fs"
local info = require "host.info"
local json = require "host.json"
local lab = require "lab"

local TOKENS, SECONDS = 64, 5
local RATES = { 800, 1200, 1600, 2000 }                    -- streams a second; times 64 tokens

local function once(program, rate)
  local argv = { program, "paced", tostring(rate), tostring(TOKENS), tostring(SECONDS) }
  local result, err = exec.run(argv, { timeout_s = 120 })
  if not result or result.exit_code ~= 0 then error("sim_pace: " .. tostring(err or result.stderr), 0) end
  return assert(json.decode(result.stdout))
end

return {
  title = "Simulator: paced tokens per second and core",
  run = function(out)
    local program = fs.parent(info.executable) .. "/sim_pace"
    assert(fs.exists(program), "build it first: cmake --build --preset release --target sim_pace")
    local drifts, costs = {}, {}
    for round = 1, lab.rounds do
      for _, rate in ipairs(RATES) do
        local result = once(program, rate)
        drifts[rate], costs[rate] = drifts[rate] or {}, costs[rate] or {}
        drifts[rate][round], costs[rate][round] = result.abs_drift_ms_p99, result.server_cpu_us_per_token
        out.value(("%d tokens/s, p99 of the drift [ms]"):format(rate * TOKENS), round, result.abs_drift_ms_p99)
      end
    end
    for _, rate in ipairs(RATES) do
      local what = ("drift at %d tokens/s, p99 [ms]"):format(rate * TOKENS)
      out.goal(what, lab.compare.summary(drifts[rate]), "<=", 0.1)
      out.fact(("server CPU at %d tokens/s [us per token]"):format(rate * TOKENS), lab.compare.median(costs[rate]))
    end
  end,
}
