---What a server's own counters say about its prefix cache during a stage, and whether that fits the workload.
---@class bench.prefix_cache
local M = {}

local metrics = require "host.metrics"
local probe = require "host.probe"

local SCRAPE_S = 5

-- Counters in tokens, by family of server. llama.cpp has none: its cached tokens come with each answer.
local HITS = { "vllm:prefix_cache_hits_total", "vllm:prefix_cache_hits", "vllm:gpu_prefix_cache_hits_total" }
local QUERIES = { "vllm:prefix_cache_queries_total", "vllm:prefix_cache_queries",
  "vllm:gpu_prefix_cache_queries_total" }

-- A hit rate above this for prompts that have nothing in common, or below it for prompts that share most of
-- their tokens, is worth a warning.
local UNEXPECTED_HITS = 0.05
local MISSING_SHARE = 0.5
-- With fewer requests than this many times the prefixes, most are seen for the first time.
local MOST_FIRST = 3

local function total(families, names)
  for _, name in ipairs(names) do
    local sum = metrics.value(families, name)
    if sum then return sum end
  end
end

-- A server without the counters, or without metrics, is nothing to report.
local function scrape(url, access)
  local text = probe.metrics(url, require("bench.endpoint").access(access or {}, { timeout_s = SCRAPE_S }))
  return text and metrics.parse(text, { source = url .. "/metrics" })
end

---The counters now, summed over the servers; nil if none of them has any.
---@async
---@param urls string[]
---@param access? bench.endpoint.Access
---@return { hits: number, queries: number }? counters
function M.read(urls, access)
  local hits, queries
  for _, url in ipairs(urls) do
    local families = scrape(url, access)
    local h = families and total(families, HITS)
    local q = families and total(families, QUERIES)
    if h and q then hits, queries = (hits or 0) + h, (queries or 0) + q end
  end
  if hits then return { hits = hits, queries = queries } end
end

---What happened between two readings.
---@param before? { hits: number, queries: number }
---@param after? { hits: number, queries: number }
---@return { hit_tokens: number, queried_tokens: number, hit_rate: number? }? usage nil if unknown
function M.between(before, after)
  if not before or not after then return nil end
  local hits, queries = after.hits - before.hits, after.queries - before.queries
  if hits < 0 or queries < 0 then return nil end
  return { hit_tokens = hits, queried_tokens = queries, hit_rate = queries > 0 and hits / queries or nil }
end

---Why a hit rate contradicts what the workload shares; nil if it does not or nothing is known.
---@param usage? { hit_rate: number? }
---@param expected_share? number share of prompt tokens that repeat earlier ones, 0 to 1
---@return string? warning
function M.contradiction(usage, expected_share)
  if not usage or not usage.hit_rate or not expected_share then return nil end
  local rate = usage.hit_rate
  if expected_share == 0 and rate > UNEXPECTED_HITS then
    return ("%.0f %% of the prompt tokens came from the prefix cache although the prompts share nothing: " ..
      "the server has seen them before; restart it or change the seed"):format(rate * 100)
  end
  if expected_share > 0 and rate < expected_share * MISSING_SHARE then
    return ("only %.0f %% of the prompt tokens came from the prefix cache although about %.0f %% are "
      .. "shared: caching is off or too small"):format(rate * 100, expected_share * 100)
  end
end

-- The share of prompt tokens that should come from the cache; nil if nothing can be said, as in a stage in which
-- most prefixes are seen for the first time.
local function expected_share(entry, shared_ratio)
  local data = entry.load and entry.load.data
  local groups = data and data.groups
  local sent = entry.metrics.counts and entry.metrics.counts.sent
  if groups and (not sent or sent < MOST_FIRST * groups) then return nil end
  return shared_ratio
end

-- The server's counters, else what its answers say.
local function usage_of(before, after, entry)
  local usage = M.between(before, after)
  if usage then
    usage.source = "server counters"
    return usage
  end
  local tokens = entry.metrics.tokens
  if tokens and tokens.cached_ratio then
    return { hit_rate = tokens.cached_ratio, hit_tokens = tokens.cached_total, source = "usage of the answers" }
  end
end

---Watches a job's stages: gives it `before_stage` and `after_stage`, which put `prefix_cache` into each stage.
---@param ctx bench.Context
---@param job bench.Job
function M.watch(ctx, job)
  local urls, before = { job.endpoint.url }, nil
  function job.before_stage() before = M.read(urls, job.endpoint) end
  function job.after_stage(entry)
    local after = before and M.read(urls, job.endpoint)
    local usage = usage_of(before, after, entry)
    if not usage then return end
    usage.expected_share = expected_share(entry, job.shared_ratio)
    usage.warning = M.contradiction(usage, usage.expected_share)
    if usage.warning then ctx.log.warn(("stage %d: %s"):format(entry.index, usage.warning)) end
    entry.prefix_cache, entry.metrics.prefix_cache = usage, usage
  end
end

return M
