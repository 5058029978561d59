// What a running stage shows of itself; written by the workers, read by anybody.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "core/stats/histogram.hpp"

namespace core::load {

/// A moment of a stage.
struct Progress {
  std::uint64_t planned = 0;  // requests of the whole stage; 0: not known beforehand
  std::uint64_t sent = 0, succeeded = 0, failed = 0, in_flight = 0, waiting = 0, tokens = 0;
  double elapsed_s = 0;                   // since the first planned send; negative: still preparing
  double ttft_p50_s = 0, ttft_p95_s = 0;  // from send, within 0.1 %; 0: no token yet
};

/// The counters of one worker. Only the worker writes, so a plain load and store per update is enough.
class alignas(64) LiveCounters {
 public:
  std::atomic<std::uint64_t> sent{0}, succeeded{0}, failed{0}, in_flight{0}, waiting{0}, tokens{0};

  static void bump(std::atomic<std::uint64_t>& counter, std::uint64_t by = 1) {
    counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }

  void record_ttft(std::int64_t ns) {
    const auto value = ns < 0 ? 0u : static_cast<std::uint64_t>(ns);
    auto& bucket = ttft_[kScale.index(value < kLimit ? value : kLimit - 1)];
    bucket.store(bucket.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  void add_ttft_to(stats::Histogram& histogram) const {
    for (std::size_t i = 0; i < kBuckets; ++i) {
      const auto count = ttft_[i].load(std::memory_order_relaxed);
      if (count) histogram.record(static_cast<std::uint64_t>(kScale.middle(i)), count);
    }
  }

 private:
  static constexpr stats::LogLinear kScale{9};
  static constexpr std::uint64_t kLimit = std::uint64_t{1} << 44;  // 4.9 hours in nanoseconds
  static constexpr std::size_t kBuckets = std::size_t{44 - 9 + 1} << 9;

  std::unique_ptr<std::atomic<std::uint32_t>[]> ttft_ =
      std::make_unique<std::atomic<std::uint32_t>[]>(kBuckets);
};

}  // namespace core::load
