// What all threads of one simulator have in common.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/net/tls.hpp"
#include "core/sim/admission.hpp"
#include "core/sim/cache.hpp"
#include "core/sim/latency.hpp"
#include "core/sim/metrics.hpp"
#include "core/sim/models.hpp"
#include "core/sim/options.hpp"
#include "core/sim/truth.hpp"

namespace core::sim {

class Worker;

struct Shared {
  Shared(Options given, std::vector<Adapter> adapters)
      : options(std::move(given)),
        latency(options),
        models(options, std::move(adapters)),
        admission(options.max_num_seqs, options.max_waiting_queue_length, options.max_loras) {
    if (options.enable_kvcache) {
      cache = std::make_unique<PrefixCache>(static_cast<std::size_t>(options.kv_cache_size),
                                            static_cast<std::size_t>(options.block_size));
    }
  }

  const Options options;
  const LatencyModel latency;
  Models models;
  Admission admission;
  std::unique_ptr<PrefixCache> cache;    // only with enable-kvcache
  std::unique_ptr<TruthLog> truth;       // only with truth
  std::shared_ptr<net::TlsContext> tls;  // only with HTTPS
  std::vector<std::unique_ptr<Worker>> workers;

  std::uint16_t port = 0;
  std::string run_id;         // part of every response id
  std::string pod_headers;    // header lines for every response, each with its line end
  bool offers_sleep = false;  // enable-sleep-mode and VLLM_SERVER_DEV_MODE
  std::uint64_t seed = 0;
  std::int64_t started_ns = 0;  // monotonic
  std::int64_t started_s = 0;   // Unix time
  std::function<void(const std::string&)> log;

  std::atomic<bool> asleep{false};
  std::atomic<std::uint64_t> next_sequence{1};
};

}  // namespace core::sim
