-- The simulator, one thread on one core: at which rate of tokens does it still send each when it is due, and how many
-- can it send without any delays?
-- Drift of a stream is how much later its last token was than its first, against their deadlines. The client has
-- the other core (tests/bench/sim_pace.cpp).
local exec = require "host.exec"
local fs = require "host.fs"
local info = require "host.info"
local json = require "host.json"
local lab = require "lab"

local TOKENS, SECONDS = 64, 5
local RATES = { 800, 1200, 1600, 2000 }                    -- streams a second; times 64 tokens

local function once(program, ...)
  local argv = { program }
  for _, argument in ipairs { ... } do argv[#argv + 1] = tostring(argument) end
  local result, err = exec.run(argv, { timeout_s = 120 })
  if not result or result.exit_code ~= 0 then error("sim_pace: " .. tostring(err or result.stderr), 0) end
  return assert(json.decode(result.stdout))
end

local function paced(program, out)
  local drifts, medians, costs = {}, {}, {}
  for round = 1, lab.rounds do
    for _, rate in ipairs(RATES) do
      local result = once(program, "paced", rate, TOKENS, SECONDS)
      drifts[rate], medians[rate], costs[rate] = drifts[rate] or {}, medians[rate] or {}, costs[rate] or {}
      drifts[rate][round], medians[rate][round] = result.abs_drift_ms_p99, result.abs_drift_ms_p50
      costs[rate][round] = result.server_cpu_us_per_token
      out.value(("%d tokens/s, p99 of the drift [ms]"):format(rate * TOKENS), round, result.abs_drift_ms_p99)
    end
  end
  for _, rate in ipairs(RATES) do
    local what = "drift at %d tokens/s, %s [ms]"
    out.goal(what:format(rate * TOKENS, "p50"), lab.compare.summary(medians[rate]), "<=", 0.1)
    out.goal(what:format(rate * TOKENS, "p99"), lab.compare.summary(drifts[rate]), "<=", 0.1)
    out.fact(("server CPU at %d tokens/s [us per token]"):format(rate * TOKENS), lab.compare.median(costs[rate]))
  end
end

local function burst(program, out, tokens, per_write, goal)
  local values = {}
  for round = 1, lab.rounds do values[round] = once(program, "burst", 64, tokens, 2, per_write).tokens_per_s end
  local what = ("no delays, streams of %d, %s"):format(tokens, per_write == 1 and "a write per token" or "a write per stream")
  if goal then return out.goal(what .. " [tokens/s]", lab.compare.summary(values), ">=", goal) end
  out.side(what, values, "tokens/s")
end

return {
  title = "Simulator: tokens per second and core",
  run = function(out)
    local program = fs.parent(info.executable) .. "/sim_pace"
    assert(fs.exists(program), "build it first: cmake --build --preset release --target sim_pace")
    paced(program, out)
    burst(program, out, 128, 1, 163000)
    burst(program, out, 16, 1)
    burst(program, out, 16, 64)
  end,
}
