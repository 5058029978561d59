-- The figures of a stage that tables, comparisons and pictures show.
local M = {}

local tree = require "bench.tree"

---@class bench.report.Headline
---@field stage integer from 0
---@field name? string
---@field verdict string
---@field rate? number requested, requests/s
---@field concurrency? integer requested
---@field requests integer sent
---@field failures integer
---@field request_rate? number answered, requests/s, from the first request to the last answer
---@field output_tokens_per_s? number
---@field total_tokens_per_s? number
---@field ttft_p50_s? number
---@field ttft_p99_s? number
---@field tpot_p50_s? number
---@field itl_p50_s? number
---@field itl_p99_s? number
---@field e2e_p50_s? number
---@field e2e_p99_s? number
---@field cached_ratio? number

local function at(metrics, ...)
  local found = tree.at(metrics, ...)
  return type(found) == "number" and found or nil
end

---@param stage table one stage of a harness result
---@return bench.report.Headline
function M.of(stage)
  local metrics = stage.metrics
  return {
    stage = stage.index, name = stage.name, verdict = stage.verdict.status,
    rate = at(metrics, "load", "requested_rate"), concurrency = at(metrics, "load", "concurrency"),
    requests = at(metrics, "counts", "sent") or 0, failures = at(metrics, "counts", "failed") or 0,
    request_rate = at(metrics, "throughput", "requests_per_s"),
    output_tokens_per_s = at(metrics, "throughput", "output_tokens_per_s"),
    total_tokens_per_s = at(metrics, "throughput", "total_tokens_per_s"),
    ttft_p50_s = at(metrics, "latency", "ttft", "p50"), ttft_p99_s = at(metrics, "latency", "ttft", "p99"),
    tpot_p50_s = at(metrics, "latency", "tpot", "p50"),
    itl_p50_s = at(metrics, "latency", "itl", "p50"), itl_p99_s = at(metrics, "latency", "itl", "p99"),
    e2e_p50_s = at(metrics, "latency", "e2e", "p50"), e2e_p99_s = at(metrics, "latency", "e2e", "p99"),
    cached_ratio = at(metrics, "tokens", "cached_ratio"),
  }
end

return M
