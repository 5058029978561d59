// The values of one stage, collected from its records in one pass.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/load/record.hpp"

namespace core::load {

/// Seconds unless said otherwise. "Measured" excludes warm-up.
struct SampleSet {
  // Over measured successes, by index.
  std::vector<double> ttft, ttft_planned, e2e, e2e_planned, tpot, itl, ntpot, ntpot_planned, first_byte;
  std::vector<double> input_tokens, output_tokens, tokens_per_chunk;
  std::vector<double> server_prompt, server_tpot;
  // Over measured requests that were sent.
  std::vector<double> schedule_delay, cap_wait, connect_wait;
  std::vector<std::int64_t> planned_ns, started_ns;

  struct Counts {
    std::uint64_t planned = 0, sent = 0, succeeded = 0, failed = 0, cancelled = 0, not_sent = 0;
    std::uint64_t in_flight_at_end = 0, retried = 0, new_connections = 0, warmup = 0;
    std::uint64_t with_usage = 0, with_cached = 0;
    std::uint64_t input_mismatches = 0, output_mismatches = 0, chunk_mismatches = 0;
    std::uint64_t output_unknown = 0;
    std::uint64_t finish_stop = 0, finish_length = 0, finish_other = 0;
  } counts;
  std::array<std::uint64_t, kFailureCount> failures{};
  std::uint64_t total_input = 0, total_output = 0, total_counted = 0, total_chunks = 0, total_cached = 0;
  std::uint64_t sent_bytes = 0, received_bytes = 0;

  std::int64_t first_sent_ns = -1, last_end_ns = -1;  // over measured requests that were sent
  // Over all requests, warm-up included.
  double busy_ns = 0;         // sum of end - started
  double window_busy_ns = 0;  // the part of it inside the window
  double window_tokens = 0;
  std::uint64_t window_completed = 0;
};

/// Collects. Only of answers that were streamed are the tokens known without `usage`. The window is
/// [`window_start_ns`, `window_end_ns`); empty if the end is not after the start.
SampleSet collect_samples(std::vector<RecordView> records, std::int64_t window_start_ns,
                          std::int64_t window_end_ns, bool streaming = true);

}  // namespace core::load
