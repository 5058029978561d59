#include "core/load/sample_set.hpp"

#include <algorithm>

namespace core::load {

namespace {

double seconds(std::int64_t ns) { return static_cast<double>(ns) / 1e9; }

/// Adds records one by one.
class Collector {
 public:
  Collector(SampleSet& set, std::int64_t window_start_ns, std::int64_t window_end_ns, bool streaming)
      : set_(set), start_(window_start_ns), end_(window_end_ns), streaming_(streaming) {}

  void add(const RecordView& view) {
    const Record& r = view.record;
    add_to_window(r);
    if (!r.measured()) {
      ++set_.counts.warmup;
      add_tokens(view, false);
      return;
    }
    ++set_.counts.planned;
    set_.planned_ns.push_back(r.planned_ns);
    if (r.flags & kNotSent) {
      ++set_.counts.not_sent;
      return;
    }
    add_sent(r);
    const bool success = r.succeeded();
    add_tokens(view, success);
    if (success)
      add_success(r);
    else
      add_failure(r);
  }

 private:
  bool in_window(std::int64_t at) const { return at >= start_ && at < end_; }

  void add_to_window(const Record& r) {
    if (r.started_ns < 0 || r.end_ns < 0) return;
    set_.busy_ns += static_cast<double>(r.end_ns - r.started_ns);
    const std::int64_t overlap = std::min(r.end_ns, end_) - std::max(r.started_ns, start_);
    if (overlap > 0) set_.window_busy_ns += static_cast<double>(overlap);
    if (r.succeeded() && in_window(r.end_ns)) ++set_.window_completed;
  }

  void add_sent(const Record& r) {
    auto& counts = set_.counts;
    ++counts.sent;
    if (r.flags & kRetried) ++counts.retried;
    if (r.flags & kNewConnection) ++counts.new_connections;
    set_.started_ns.push_back(r.started_ns);
    set_.schedule_delay.push_back(seconds(r.started_ns - r.planned_ns - r.cap_wait_ns));
    set_.cap_wait.push_back(seconds(r.cap_wait_ns));
    if (r.sent_ns >= 0) set_.connect_wait.push_back(seconds(r.sent_ns - r.started_ns));
    set_.sent_bytes += r.sent_bytes;
    set_.received_bytes += r.received_bytes;
    const std::int64_t from = r.sent_ns >= 0 ? r.sent_ns : r.started_ns;
    if (set_.first_sent_ns < 0 || from < set_.first_sent_ns) set_.first_sent_ns = from;
    set_.last_end_ns = std::max(set_.last_end_ns, r.end_ns);
  }

  void add_failure(const Record& r) {
    ++set_.failures[static_cast<std::size_t>(r.failure)];
    const bool cancelled = r.failure == Failure::kCancelled;
    ++(cancelled ? set_.counts.cancelled : set_.counts.failed);
    if (r.flags & kInFlight) ++set_.counts.in_flight_at_end;
  }

  // Token arrivals; for a success also the gaps between them and the time per token.
  void add_tokens(const RecordView& view, bool success) {
    const Record& r = view.record;
    // Chunks that hold several tokens each count for them once the answer's usage has told.
    const double per_counted = r.counted_tokens && r.completion_tokens >= 0
                                   ? static_cast<double>(r.completion_tokens) / r.counted_tokens
                                   : 1;
    TokenReader reader(view);
    std::int64_t at = 0, before = -1;
    std::uint32_t tokens = 0;
    while (reader.next(at, tokens)) {
      if (in_window(at)) set_.window_tokens += per_counted * tokens;
      if (success && before >= 0) {
        const double gap = seconds(at - before) / tokens;
        set_.itl.insert(set_.itl.end(), tokens, gap);
      }
      before = at;
    }
    const std::int64_t n = r.output_tokens();
    if (success && n > 1 && r.chunks > 1)
      set_.tpot.push_back(seconds(before - r.first_token_ns) / static_cast<double>(n - 1));
  }

  void add_success(const Record& r) {
    ++set_.counts.succeeded;
    set_.first_byte.push_back(seconds(r.first_byte_ns - r.sent_ns));
    if (r.first_token_ns >= 0) {
      set_.ttft.push_back(seconds(r.first_token_ns - r.sent_ns));
      set_.ttft_planned.push_back(seconds(r.first_token_ns - r.planned_ns));
    }
    const double e2e = seconds(r.end_ns - r.sent_ns), e2e_planned = seconds(r.end_ns - r.planned_ns);
    set_.e2e.push_back(e2e);
    set_.e2e_planned.push_back(e2e_planned);
    if (r.output_tokens() > 0) {
      set_.ntpot.push_back(e2e / static_cast<double>(r.output_tokens()));
      set_.ntpot_planned.push_back(e2e_planned / static_cast<double>(r.output_tokens()));
    }
    add_token_counts(r);
    add_server_times(r);
  }

  void add_token_counts(const Record& r) {
    auto& counts = set_.counts;
    set_.input_tokens.push_back(static_cast<double>(r.input_tokens()));
    if (streaming_ || r.completion_tokens >= 0) {
      set_.output_tokens.push_back(static_cast<double>(r.output_tokens()));
      if (r.requested_output && r.output_tokens() != r.requested_output) ++counts.output_mismatches;
    } else {
      ++counts.output_unknown;
    }
    set_.total_input += static_cast<std::uint64_t>(r.input_tokens());
    set_.total_output += static_cast<std::uint64_t>(r.output_tokens());
    set_.total_counted += r.counted_tokens;
    set_.total_chunks += r.chunks;
    if (r.chunks) set_.tokens_per_chunk.push_back(static_cast<double>(r.output_tokens()) / r.chunks);
    if (r.completion_tokens >= 0) {
      ++counts.with_usage;
      if (r.chunks && r.completion_tokens != r.counted_tokens) ++counts.chunk_mismatches;
    }
    if (r.prompt_tokens >= 0 && r.requested_input && r.prompt_tokens != r.requested_input)
      ++counts.input_mismatches;
    if (r.cached_tokens >= 0) {
      ++counts.with_cached;
      set_.total_cached += static_cast<std::uint64_t>(r.cached_tokens);
    }
    if (r.finish == Finish::kStop) ++counts.finish_stop;
    if (r.finish == Finish::kLength) ++counts.finish_length;
    if (r.finish == Finish::kOther) ++counts.finish_other;
  }

  void add_server_times(const Record& r) {
    if (r.server_prompt_us >= 0) set_.server_prompt.push_back(static_cast<double>(r.server_prompt_us) / 1e6);
    if (r.server_predicted_us >= 0 && r.output_tokens() > 1)
      set_.server_tpot.push_back(static_cast<double>(r.server_predicted_us) / 1e6 /
                                 static_cast<double>(r.output_tokens() - 1));
  }

  SampleSet& set_;
  std::int64_t start_, end_;
  bool streaming_;
};

}  // namespace

SampleSet collect_samples(std::vector<RecordView> records, std::int64_t window_start_ns,
                          std::int64_t window_end_ns, bool streaming) {
  std::sort(records.begin(), records.end(), [](const RecordView& a, const RecordView& b) {
    return a.record.planned_ns < b.record.planned_ns;
  });
  SampleSet set;
  Collector collector(set, window_start_ns, window_end_ns, streaming);
  for (const RecordView& view : records) collector.add(view);
  return set;
}

}  // namespace core::load
