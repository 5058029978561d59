-- Processor time of a 10-second stage at 400 requests a second, 64 tokens each: the whole command, start-up and
-- report included, and what each further second of load costs (a long stage minus a short one).
local fs = require "host.fs"
local lab = require "lab"

local PROFILE = [[
load: {type: constant, stages: [{rate: 400, duration: %d}]}
api: {type: completion, streaming: true}
server: {ignore_eos: true}
data:
  type: random
  input_distribution: {mean: 16, min: 16, max: 16}
  output_distribution: {mean: 64, min: 64, max: 64}
]]

local function ours(url, dir, seconds)
  local profile = dir .. "/profile.yaml"
  assert(fs.write(profile, PROFILE:format(seconds)))
  return (lab.cpu_time { lab.program, "run", "--url", url, "--model", "m", "-l", "native", "-w", profile,
    "--workspace", dir .. "/ws" })
end

local function measure(url, dir, out)
  local sides = { { name = "llmdbenchmark", run = function() return ours(url, dir, 10) end } }
  local peer, why = lab.inference_perf()
  local function theirs(seconds)
    return peer.run(url, { rate = 400, duration_s = seconds, tokens = 64 }).cpu_s
  end
  if peer then sides[2] = { name = "inference-perf", run = function() return theirs(10) end } end
  local values = lab.compare.interleave(math.min(lab.rounds, 5), sides, out.value)
  out.side("llmdbenchmark", values.llmdbenchmark, "CPU s")
  if not peer then return out.skip("inference-perf", why) end
  out.side("inference-perf", values["inference-perf"], "CPU s")
  out.goal("of inference-perf's", lab.compare.ratio(values.llmdbenchmark, values["inference-perf"]), "<=", 0.2)
  local median = lab.compare.median
  out.fact("one further second of load costs [CPU s], llmdbenchmark", (median(values.llmdbenchmark) - ours(url, dir, 1)) / 9)
  out.fact("one further second of load costs [CPU s], inference-perf", (median(values["inference-perf"]) - theirs(1)) / 9)
end

return {
  title = "Processor time of a 10-s stage, 400 req/s x 64 tokens",
  run = function(out)
    local dir = assert(fs.tempdir())
    lab.with_simulator(lab.PACED, function(url) measure(url, dir, out) end)
    fs.remove_tree(dir)
  end,
}
