#include "core/load/metrics.hpp"

#include <algorithm>
#include <cmath>

#include "core/load/sample_set.hpp"
#include "core/load/schedule.hpp"
#include "core/stats/summary.hpp"

namespace core::load {

namespace {

constexpr double kShortestWindow_s = 1e-3;
constexpr double kShortestJudged_s = 0.01;  // below, the share of processor time says nothing

struct Window {
  std::int64_t start_ns = 0, end_ns = 0;
  double length_s() const { return static_cast<double>(end_ns - start_ns) / 1e9; }
};

/// Reads a number out of the header; `fallback` where there is none.
double number_at(const Value& header, const char* table, const char* field, double fallback) {
  const auto at = header.find(table);
  if (at == header.end() || !at->is_object()) return fallback;
  const auto value = at->find(field);
  return value != at->end() && value->is_number() ? value->get<double>() : fallback;
}

bool is_open(const Value& header) {
  return header.contains("schedule") && header["schedule"].value("kind", "open") == "open";
}

// Stopped before its end: by cancellation or by its time limit.
bool was_cut(const Value& header) {
  return header.value("cancelled", false) || header.contains("time_limit_s");
}

Window window_of_starts(const std::vector<RecordView>& records) {
  Window window;
  bool any = false;
  for (const RecordView& view : records) {
    const Record& r = view.record;
    if (!r.measured() || r.started_ns < 0) continue;
    window.start_ns = any ? std::min(window.start_ns, r.started_ns) : r.started_ns;
    window.end_ns = any ? std::max(window.end_ns, r.started_ns) : r.started_ns;
    any = true;
  }
  return window;
}

// The planned window; what was stopped before ends there. A closed loop that ends by count is held from its
// first start to its last.
Window window_of(const Value& header, const std::vector<RecordView>& records) {
  const double end_s = number_at(header, "schedule", "window_end_s", -1);
  if (end_s < 0) return window_of_starts(records);
  const double start_s = number_at(header, "schedule", "window_start_s", 0);
  const double wall_s = number_at(header, "client", "wall_s", end_s);
  const bool cut = wall_s < end_s && was_cut(header);
  const bool by_count =
      wall_s < end_s && !is_open(header) && number_at(header, "schedule", "requests", 0) > 0;
  if (by_count && !cut) return window_of_starts(records);
  const bool early = cut || (wall_s < end_s && !is_open(header));
  return {std::llround(start_s * 1e9), std::llround(std::max(start_s, early ? wall_s : end_s) * 1e9)};
}

Value distribution(std::vector<double>& values) { return stats::to_value(stats::summarise(values)); }

/// Rates of generated tokens are left out where the tokens of some answer are not known.
Value throughput(const SampleSet& set) {
  const double span_s =
      set.first_sent_ns < 0 ? 0 : static_cast<double>(set.last_end_ns - set.first_sent_ns) / 1e9;
  if (span_s <= 0) return Value::object();
  const auto input = static_cast<double>(set.total_input), output = static_cast<double>(set.total_output);
  Value table = {{"requests_per_s", static_cast<double>(set.counts.succeeded) / span_s},
                 {"input_tokens_per_s", input / span_s}};
  if (!set.counts.output_unknown) {
    table["output_tokens_per_s"] = output / span_s;
    table["total_tokens_per_s"] = (input + output) / span_s;
  }
  table["span_s"] = span_s;
  return table;
}

Value window_table(const SampleSet& set, const Window& window) {
  const double length = window.length_s();
  Value table = {{"start_s", static_cast<double>(window.start_ns) / 1e9},
                 {"end_s", static_cast<double>(window.end_ns) / 1e9}};
  if (length < kShortestWindow_s) return table;
  table["completed_per_s"] = static_cast<double>(set.window_completed) / length;
  if (set.total_chunks || !set.counts.succeeded)  // whole answers do not say when their tokens came
    table["output_tokens_per_s"] = set.window_tokens / length;
  table["mean_in_flight"] = set.window_busy_ns / 1e9 / length;
  return table;
}

Value counts_table(const SampleSet& set) {
  const auto& c = set.counts;
  return {{"planned", c.planned},
          {"sent", c.sent},
          {"succeeded", c.succeeded},
          {"failed", c.failed},
          {"cancelled", c.cancelled},
          {"not_sent", c.not_sent},
          {"warmup", c.warmup},
          {"retried", c.retried},
          {"in_flight_at_end", c.in_flight_at_end},
          {"new_connections", c.new_connections}};
}

Value failures_table(const SampleSet& set, const Value& header) {
  Value table = Value::object();
  for (std::size_t i = 1; i < kFailureCount; ++i)
    if (set.failures[i]) table[failure_name(static_cast<Failure>(i))] = {{"count", set.failures[i]}};
  const Value samples = header.value("failures", Value::array());
  for (const Value& sample : samples) {
    const std::string name = sample.value("failure", "");
    if (table.contains(name)) table[name]["samples"].push_back(sample);
  }
  return table;
}

Value tokens_table(SampleSet& set) {
  const auto& c = set.counts;
  Value table = {
      {"input", distribution(set.input_tokens)},
      {"output", distribution(set.output_tokens)},
      {"input_total", set.total_input},
      {"counted_output_total", set.total_counted},
      {"chunks_total", set.total_chunks},
      {"with_usage", c.with_usage},
      {"input_not_as_requested", c.input_mismatches},
      {"output_not_as_requested", c.output_mismatches},
      {"output_not_as_counted", c.chunk_mismatches},
      {"output_unknown", c.output_unknown},
      {"finish", {{"stop", c.finish_stop}, {"length", c.finish_length}, {"other", c.finish_other}}}};
  if (!c.output_unknown) table["output_total"] = set.total_output;
  table["per_chunk"] = distribution(set.tokens_per_chunk);
  if (c.with_cached) {
    table["cached_total"] = set.total_cached;
    if (set.total_input)
      table["cached_ratio"] = static_cast<double>(set.total_cached) / static_cast<double>(set.total_input);
  }
  return table;
}

Value latency_table(SampleSet& set) {
  return {{"ttft", distribution(set.ttft)},
          {"ttft_planned", distribution(set.ttft_planned)},
          {"tpot", distribution(set.tpot)},
          {"itl", distribution(set.itl)},
          {"ntpot", distribution(set.ntpot)},
          {"ntpot_planned", distribution(set.ntpot_planned)},
          {"e2e", distribution(set.e2e)},
          {"e2e_planned", distribution(set.e2e_planned)},
          {"first_byte", distribution(set.first_byte)}};
}

Value arrivals_value(const ArrivalStatistics& a) {
  Value table = {{"count", a.count}, {"rate", a.rate}, {"gap_cv", a.gap_cv}};
  if (a.dispersion) table["dispersion"] = *a.dispersion;
  return table;
}

// Closed loop: which share of the users ran at all. There may be fewer requests than users, and the requests
// may be used up before the ramp has come to the last users.
double share_of_users(const Value& header, double requests) {
  const double users = number_at(header, "schedule", "concurrency", 1);
  const double ramp_s = number_at(header, "schedule", "ramp_s", 0);
  double ran = users;
  if (requests > 0) ran = std::min(ran, requests);
  if (ramp_s > 0)
    ran = std::min(ran, std::floor(users * number_at(header, "client", "wall_s", ramp_s) / ramp_s) + 1);
  return ran / users;
}

// Open loop: the rate against the plan's. Closed loop: the requests, or the time, against what was asked for.
double delivered(const Value& header, const SampleSet& set, const Value& planned, const Value& actual) {
  const auto& c = set.counts;
  const auto sent = static_cast<double>(c.sent);
  if (is_open(header)) {
    if (!c.planned) return -1;
    const double share = sent / static_cast<double>(c.planned);
    const double plan_rate = planned["rate"], rate = actual["rate"];
    return plan_rate > 0 && c.sent > 1 ? std::min(share, rate / plan_rate) : share;
  }
  const double requests = number_at(header, "schedule", "requests", 0);
  const double end_s = number_at(header, "schedule", "window_end_s", 0);
  const double by_count = requests > 0 ? std::min(1.0, sent / requests) : 0;
  const double by_time = end_s > 0 ? std::min(1.0, number_at(header, "client", "wall_s", end_s) / end_s) : 0;
  return std::max(by_count, by_time) * share_of_users(header, requests);
}

Value load_table(const Value& header, SampleSet& set) {
  std::sort(set.started_ns.begin(), set.started_ns.end());
  Value table = header.value("schedule", Value::object());
  table["planned"] = arrivals_value(describe_arrivals(set.planned_ns));
  table["actual"] = arrivals_value(describe_arrivals(set.started_ns));
  const double share = delivered(header, set, table["planned"], table["actual"]);
  if (share >= 0) table["delivered"] = share;
  return table;
}

// Requests in flight on average = rate x mean time: the left side counted by the workers while they worked,
// the right side from the records. They differ only if a record is missing or wrong.
Value little_table(const Value& header, const SampleSet& set, std::size_t records) {
  const double counted_s = number_at(header, "client", "in_flight_s", -1);
  const double wall_s = number_at(header, "client", "wall_s", 0);
  if (counted_s < 0 || wall_s <= 0) return Value::object();
  const double recorded_s = set.busy_ns / 1e9;
  Value table = {{"mean_in_flight_counted", counted_s / wall_s},
                 {"mean_in_flight_recorded", recorded_s / wall_s},
                 {"records", records}};
  table["ratio"] = counted_s > 0 ? recorded_s / counted_s : 1.0;
  return table;
}

double p99_of(const Value& distribution_table) { return distribution_table.value("p99", -1.0); }

Evidence evidence_of(const Value& header, const SampleSet& set, const Value& result, const Limits& limits) {
  Evidence e;
  const auto& c = set.counts;
  e.delivered = result["load"].value("delivered", -1.0);
  // A stage that was cut short leaves requests in flight that are nobody's fault.
  e.cancelled = header.value("cancelled", false);
  e.time_limit_s = header.value("time_limit_s", -1.0);
  const bool cut_short = was_cut(header) || (e.delivered >= 0 && e.delivered < limits.min_delivered);
  const std::uint64_t bad = c.failed + (cut_short ? 0 : c.in_flight_at_end);
  if (c.sent) e.error_ratio = static_cast<double>(bad) / static_cast<double>(c.sent);
  e.schedule_delay_p99_s = p99_of(result["delays"]["schedule_delay"]);
  e.loop_lag_p99_s = number_at(header, "client", "loop_lag_p99_s", -1);
  const bool spins = number_at(header, "client", "spin_s", 0) > 0;
  const bool too_short = number_at(header, "client", "wall_s", 1) < kShortestJudged_s;
  e.client_cpu = spins || too_short ? -1 : number_at(header, "client", "busiest_cpu", -1);
  e.samples = c.succeeded;
  e.all_empty = c.succeeded > 0 && !c.output_unknown && !set.total_output && !set.total_counted;
  return e;
}

}  // namespace

Value summarise_stage(const Value& header, const std::vector<RecordView>& records, const Limits& limits,
                      const std::string& damage) {
  const Window window = window_of(header, records);
  const bool streaming = header.value("target", Value::object()).value("streaming", true);
  SampleSet set = collect_samples(records, window.start_ns, window.end_ns, streaming);
  Value result = Value::object();
  for (const char* field :
       {"name", "seed", "started_at", "tool_version", "target", "data", "cancelled", "time_limit_s"})
    if (header.contains(field)) result[field] = header[field];
  result["counts"] = counts_table(set);
  result["failures"] = failures_table(set, header);
  result["load"] = load_table(header, set);
  result["latency"] = latency_table(set);
  result["throughput"] = throughput(set);
  result["window"] = window_table(set, window);
  result["tokens"] = tokens_table(set);
  result["delays"] = {{"schedule_delay", distribution(set.schedule_delay)},
                      {"cap_wait", distribution(set.cap_wait)},
                      {"connect_wait", distribution(set.connect_wait)}};
  if (!set.server_prompt.empty())
    result["server"] = {{"prompt", distribution(set.server_prompt)}, {"tpot", distribution(set.server_tpot)}};
  result["bytes"] = {{"sent", set.sent_bytes}, {"received", set.received_bytes}};
  result["client"] = header.value("client", Value::object());
  result["little"] = little_table(header, set, records.size());
  Evidence evidence = evidence_of(header, set, result, limits);
  evidence.damage = damage;
  const Verdict verdict = judge(evidence, limits);
  result["verdict"] = verdict.verdict;
  result["reasons"] = verdict.reasons.empty() ? Value::array() : Value(verdict.reasons);
  result["limits"] = limits.to_value();
  return result;
}

}  // namespace core::load
