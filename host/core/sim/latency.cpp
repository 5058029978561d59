#include "core/sim/latency.hpp"

#include <algorithm>
#include <cmath>

namespace core::sim {

namespace {

double ns(Duration duration) { return static_cast<double>(duration.ns); }

bool uses_per_token(const Options& options) {
  if (!options.latency_calculator.empty()) return options.latency_calculator == "per-token";
  return options.time_to_first_token.ns == 0 && options.time_to_first_token_std_dev.ns == 0;
}

}  // namespace

LatencyModel::LatencyModel(const Options& o)
    : per_token_(uses_per_token(o)),
      whole_milliseconds_(o.millisecond_times),
      factor_under_load_(o.time_factor_under_load),
      max_num_seqs_(o.max_num_seqs),
      first_token_{ns(o.time_to_first_token), ns(o.time_to_first_token_std_dev)},
      gap_{ns(o.inter_token_latency), ns(o.inter_token_latency_std_dev)},
      transfer_{ns(o.kv_cache_transfer_latency), ns(o.kv_cache_transfer_latency_std_dev)},
      overhead_ns_(ns(o.prefill_overhead)),
      per_token_ns_(ns(o.prefill_time_per_token)),
      transfer_per_token_ns_(ns(o.kv_cache_transfer_time_per_token)),
      prefill_deviation_ns_(ns(o.prefill_time_std_dev)),
      transfer_deviation_ns_(ns(o.kv_cache_transfer_time_std_dev)) {}

double LatencyModel::load_factor(std::int64_t running) const {
  if (max_num_seqs_ <= 1) return 1.0;
  const double others = static_cast<double>(std::max<std::int64_t>(running, 1) - 1);
  return 1.0 + (factor_under_load_ - 1.0) * others / static_cast<double>(max_num_seqs_ - 1);
}

double LatencyModel::cut(double value_ns) const {
  return whole_milliseconds_ ? std::trunc(value_ns / 1e6) * 1e6 : value_ns;
}

double LatencyModel::draw(Spread spread, Random& random) const {
  const double mean = cut(spread.mean_ns), deviation = cut(spread.deviation_ns);
  if (deviation <= 0) return mean;
  return cut(std::clamp(mean + deviation * random.normal(), 0.3 * mean, 1.7 * mean));
}

std::int64_t LatencyModel::prefill_ns(const Prefill& prefill, double load, Random& random) const {
  const auto prompt = static_cast<double>(prefill.prompt_tokens);
  double time = 0;
  if (prefill.remote) {
    time = draw(per_token_ ? Spread{prompt * transfer_per_token_ns_, transfer_deviation_ns_} : transfer_,
                random);
  } else if (per_token_) {
    const double computed = prompt - static_cast<double>(prefill.cached_tokens);
    time = load * draw({overhead_ns_ + computed * per_token_ns_, prefill_deviation_ns_}, random);
  } else {
    time = load * draw(first_token_, random);
  }
  return std::llround(time);
}

std::int64_t LatencyModel::gap_ns(double load, Random& random) const {
  return std::llround(load * draw(gap_, random));
}

}  // namespace core::sim
