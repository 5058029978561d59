-- `results`: what came out of a stage. What the format has no field for is in the extra block
-- `results.observability.llmdbenchmark` (docs/reports.md).
local stats = require "bench.report.stats"

local M = {}

local function requests(metrics)
  local counts, tokens = metrics.counts or {}, metrics.tokens or {}
  return {
    total = counts.sent or 0,
    failures = counts.failed,
    incomplete = (counts.cancelled or 0) > 0 and counts.cancelled or nil,
    input_length = stats.of(tokens.input, "count"),
    output_length = stats.of(tokens.output, "count"),
  }
end

local function latency(metrics)
  local from_send = metrics.latency or {}
  return {
    time_to_first_token = stats.of(from_send.ttft, "s"),
    normalized_time_per_output_token = stats.of(from_send.ntpot, "s/token"),
    time_per_output_token = stats.of(from_send.tpot, "s/token"),
    inter_token_latency = stats.of(from_send.itl, "s/token"),
    request_latency = stats.of(from_send.e2e, "s"),
  }
end

local function throughput(metrics)
  local rates = metrics.throughput or {}
  return {
    input_token_rate = stats.number(rates.input_tokens_per_s, "tokens/s"),
    output_token_rate = stats.number(rates.output_tokens_per_s, "tokens/s"),
    total_token_rate = stats.number(rates.total_tokens_per_s, "tokens/s"),
    request_rate = stats.number(rates.requests_per_s, "queries/s"),
  }
end

local function not_empty(map) return next(map) ~= nil and map or nil end

-- Latencies counted from the planned send time: the wait in front of the client included.
local function planned_latency(metrics)
  local from_plan = metrics.latency or {}
  return not_empty {
    time_to_first_token = stats.of(from_plan.ttft_planned, "s"),
    normalized_time_per_output_token = stats.of(from_plan.ntpot_planned, "s/token"),
    request_latency = stats.of(from_plan.e2e_planned, "s"),
  }
end

local function delays(metrics)
  local found = {}
  for name, distribution in pairs(metrics.delays or {}) do found[name] = stats.of(distribution, "s") end
  return not_empty(found)
end

local function failures(metrics)
  local found = {}
  for class, entry in pairs(metrics.failures or {}) do found[class] = entry.count end
  return not_empty(found)
end

-- Which percentiles the sample is too small for.
local function unsupported(metrics)
  local found = {}
  for _, name in ipairs { "ttft", "tpot", "itl", "ntpot", "e2e" } do
    local distribution = (metrics.latency or {})[name]
    local list = distribution and distribution.unsupported
    if list and #list > 0 then found[name] = list end
  end
  return not_empty(found)
end

local function own_block(stage, facts)
  local metrics = stage.metrics
  return {
    verdict = { status = stage.verdict.status, reasons = stage.verdict.reasons, limits = metrics.limits },
    treatment = facts.treatment,
    seed = metrics.seed,
    load = metrics.load,
    window = metrics.window,
    counts = metrics.counts,
    failures_by_class = failures(metrics),
    latency_from_plan = planned_latency(metrics),
    delays = delays(metrics),
    percentiles_not_supported_by_sample = unsupported(metrics),
    tokens = metrics.tokens and {
      with_usage = metrics.tokens.with_usage, cached = metrics.tokens.cached_total,
      cached_ratio = metrics.tokens.cached_ratio,
      input_not_as_requested = metrics.tokens.input_not_as_requested,
      output_not_as_requested = metrics.tokens.output_not_as_requested,
      output_not_as_counted = metrics.tokens.output_not_as_counted,
      output_unknown = metrics.tokens.output_unknown,
      per_chunk_mean = (metrics.tokens.per_chunk or {}).mean,
    },
    prefix_cache = facts.prefix_cache,
    little = metrics.little,
    client = metrics.client,
    records = stage.records and stage.records:match("([^/]+)$"),
    notes = stage.notes,
  }
end

-- The server's own count of prefix cache hits, as the format's statistic of the component.
local function components(facts)
  local cache, label = facts.prefix_cache, facts.component_label
  if not label or not cache or not cache.hit_rate then return nil end
  return { { component_label = label, aggregate = { cache_hit_rate = stats.number(cache.hit_rate,
    "fraction") } } }
end

---@param stage table one stage of a harness result
---@param facts { treatment?: table, component_label?: string, prefix_cache?: table }
---@return table results
function M.of(stage, facts)
  return {
    request_performance = {
      aggregate = { requests = requests(stage.metrics), latency = not_empty(latency(stage.metrics)),
        throughput = not_empty(throughput(stage.metrics)) },
    },
    observability = { components = components(facts), llmdbenchmark = own_block(stage, facts) },
  }
end

return M
