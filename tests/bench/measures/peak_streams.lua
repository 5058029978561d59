-- How many streams of 16 tokens a second: our load, wrk and inference-perf on the same simulator. Each gets one
-- thread (wrk, ours) on the two cores that the server shares; 64 connections. The simulator sends the tokens of a
-- stream without a pause, so the clients are what is measured.
local json = require "host.json"
local lab = require "lab"

local TOKENS, CONNECTIONS, SECONDS = 16, 64, 3

local prompt = {}
for i = 1, 16 do prompt[i] = 1000 + i end
local BODY = json.encode { model = "m", prompt = prompt, max_tokens = TOKENS, stream = true, ignore_eos = true,
  stream_options = { include_usage = true } }

local function ours(url)
  local result = lab.stage(url, { schedule = { concurrency = CONNECTIONS, duration_s = SECONDS, warmup_s = 0.5 },
    data = { input = 16, output = TOKENS }, threads = 1 })
  return result.window.completed_per_s
end

local function against_wrk(url, out)
  local values = lab.compare.interleave(lab.rounds, {
    { name = "llmdbenchmark", run = function() return ours(url) end },
    { name = "wrk", run = function()
      return assert(lab.wrk(url, { body = BODY, connections = CONNECTIONS, threads = 1, duration_s = SECONDS }))
    end },
  }, out.value)
  out.side("llmdbenchmark", values.llmdbenchmark, "streams/s")
  out.side("wrk", values.wrk, "streams/s")
  out.goal("of wrk's rate", lab.compare.ratio(values.llmdbenchmark, values.wrk), ">=", 0.6)
end

local function against_inference_perf(url, out)
  local peer, why = lab.inference_perf()
  if not peer then return out.skip("inference-perf", why) end
  local values = lab.compare.interleave(math.min(lab.rounds, 3), {
    { name = "llmdbenchmark", run = function() return ours(url) end },
    { name = "inference-perf", run = function()
      return peer.run(url, { rate = 3000, duration_s = 4, tokens = TOKENS }).report.load_summary.achieved_rate
    end },
  }, out.value)
  out.side("inference-perf", values["inference-perf"], "streams/s")
  out.goal("times inference-perf's rate", lab.compare.ratio(values.llmdbenchmark, values["inference-perf"]), ">=", 20)
end

return {
  title = "Peak streams per second, 16 tokens each",
  run = function(out)
    lab.with_simulator({ "--max-num-seqs", "4096" }, function(url)
      against_wrk(url, out)
      against_inference_perf(url, out)
    end)
  end,
}
