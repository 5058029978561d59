// How long things take in the simulated engine: pure functions of the options, the load and a generator.
#pragma once

#include <cstdint>

#include "core/sim/options.hpp"
#include "core/sim/random.hpp"

namespace core::sim {

/// What one prefill depends on.
struct Prefill {
  std::int64_t prompt_tokens = 0;
  std::int64_t cached_tokens = 0;
  bool remote = false;  // the prefill was done elsewhere; only its transfer takes time
};

class LatencyModel {
 public:
  explicit LatencyModel(const Options& options);

  /// f = 1 + (F - 1) (running - 1) / (max_num_seqs - 1), with F = time-factor-under-load; 1 if max_num_seqs
  /// is 1.
  double load_factor(std::int64_t running) const;

  /// Time from the start of a sequence to its first token, in ns.
  ///   constant:  time-to-first-token * f          per-token: (overhead + (prompt - cached) * per_token) * f
  ///   remote, constant: the transfer latency      remote, per-token: prompt * transfer time per token
  /// A normal deviation is added and the result kept within 0.3 and 1.7 of its mean. Without any deviation
  /// the generator is not touched.
  std::int64_t prefill_ns(const Prefill& prefill, double load, Random& random) const;

  /// Time between two tokens, in ns: inter-token-latency, deviation as above, times f.
  std::int64_t gap_ns(double load, Random& random) const;

 private:
  struct Spread {
    double mean_ns = 0, deviation_ns = 0;
  };
  double draw(Spread spread, Random& random) const;
  double cut(double ns) const;

  bool per_token_;
  bool whole_milliseconds_;
  double factor_under_load_;
  std::int64_t max_num_seqs_;
  Spread first_token_, gap_, transfer_;
  double overhead_ns_, per_token_ns_, transfer_per_token_ns_;
  double prefill_deviation_ns_, transfer_deviation_ns_;
};

}  // namespace core::sim
