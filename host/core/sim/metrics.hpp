// What the server counts, under vLLM's names. Each worker has its own set and is its only writer.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace core::sim {

/// A number with one writing thread and any number of readers.
class Counter {
 public:
  void add(std::int64_t amount = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

/// A histogram over whole numbers (nanoseconds or tokens) with one writing thread.
class Histogram {
 public:
  /// Upper bounds, ascending; a last bucket without bound is added.
  explicit Histogram(std::vector<std::int64_t> bounds)
      : bounds_(std::move(bounds)), counts_(bounds_.size() + 1) {}

  void observe(std::int64_t value);

  const std::vector<std::int64_t>& bounds() const { return bounds_; }
  std::int64_t count(std::size_t bucket) const { return counts_[bucket].value(); }
  std::int64_t sum() const { return sum_.value(); }

 private:
  std::vector<std::int64_t> bounds_;
  std::vector<Counter> counts_;
  Counter sum_;
};

/// Why a sequence ended, as counted by request_success_total.
enum class Finish { kStop, kLength, kRemoteDecode, kAbort };
inline constexpr std::array<const char*, 4> kFinishNames = {"stop", "length", "remote_decode", "abort"};

/// The numbers of one worker.
struct Metrics {
  explicit Metrics(std::int64_t max_model_len);

  // Measured, in ns. First token and end-to-end count from arrival, so they include queueing.
  Histogram time_to_first_token, inter_token_latency, time_per_output_token, e2e, queue, inference, prefill,
      decode;
  // What was drawn, in ns: what the measured ones would be on an infinitely fast machine.
  Histogram intended_first_token, intended_inter_token;
  // Tokens.
  Histogram prompt, generation, max_generation, params_max_tokens;
  Counter prompt_tokens, generation_tokens, cache_hits, cache_queries, http_requests, http_errors;
  std::array<Counter, 4> finished;  // by Finish
};

/// Numbers that are read, not counted.
struct Gauges {
  std::int64_t running = 0, waiting = 0;
  double cache_usage = 0;
  std::int64_t cache_blocks = 0, cache_block_tokens = 0;
  std::int64_t max_loras = 0;
  std::string running_loras, waiting_loras;  // comma separated names
  double lora_time_s = 0;                    // wall time of the reading
  bool has_loras = false;
};

/// The page of /metrics in Prometheus' text format.
std::string render_metrics(const std::string& model, const Gauges& gauges,
                           std::span<const Metrics* const> workers);

}  // namespace core::sim
