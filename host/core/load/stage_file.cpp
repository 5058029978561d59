// A stage on paper: before it runs, and from its records.
#include <algorithm>

#include "core/load/metrics.hpp"
#include "core/load/random.hpp"
#include "core/load/record_file.hpp"
#include "core/load/stage.hpp"

namespace core::load {

Result<Value> preview_stage(const StageSpec& spec, std::size_t limit) {
  const StageSetup& setup = spec.setup;
  if (auto ready = setup.prompts->prepare(); !ready) return std::move(ready).error();
  Value result = {{"name", setup.name}, {"seed", setup.seed}};
  std::size_t prompts = limit;
  if (setup.schedule.open_loop) {
    const ArrivalPlan plan = plan_arrivals(setup.schedule, derive_seed(setup.seed, 2));
    const ArrivalStatistics facts = describe_arrivals(plan.at_ns);
    result["requests"] = plan.at_ns.size();
    result["warmup_requests"] = plan.warmup_count;
    result["rate"] = facts.rate;
    result["gap_cv"] = facts.gap_cv;
    if (facts.dispersion) result["dispersion"] = *facts.dispersion;
    prompts = std::min(limit, plan.at_ns.size());
    Value times = Value::array();
    for (std::size_t i = 0; i < prompts; ++i) times.push_back(static_cast<double>(plan.at_ns[i]) / 1e9);
    result["planned_s"] = std::move(times);
  } else {
    result["concurrency"] = setup.schedule.concurrency;
    const std::uint64_t all = setup.schedule.requests + setup.schedule.warmup_requests;
    if (setup.schedule.requests) {
      result["requests"] = all;
      prompts = std::min<std::size_t>(limit, static_cast<std::size_t>(all));
    }
  }
  Value input = Value::array(), output = Value::array();
  std::string text;
  for (std::size_t i = 0; i < prompts; ++i) {
    text.clear();
    const PromptLengths lengths = setup.prompts->append(i, text);
    input.push_back(lengths.input);
    output.push_back(lengths.output);
  }
  result["input_tokens"] = std::move(input);
  result["output_tokens"] = std::move(output);
  return result;
}

namespace {

std::int64_t wall_epoch(const Value& header) {
  return header.value("wall_epoch_ns", static_cast<std::int64_t>(0));
}

void shift(Record& record, std::int64_t by_ns) {
  record.planned_ns += by_ns;
  for (auto field : {&Record::started_ns, &Record::sent_ns, &Record::first_byte_ns, &Record::first_token_ns,
                     &Record::end_ns})
    if (record.*field >= 0) record.*field += by_ns;
}

void join_number(Value& into, const Value& from, const char* name, double (*join)(double, double)) {
  if (into.contains(name) && from.contains(name))
    into[name] = join(into[name].get<double>(), from[name].get<double>());
}

double sum(double a, double b) { return a + b; }
double smaller(double a, double b) { return std::min(a, b); }
double larger(double a, double b) { return std::max(a, b); }

// The header of several generators that worked side by side.
void join_header(Value& into, const Value& from, double shift_s) {
  if (into.contains("schedule") && from.contains("schedule")) {
    Value& schedule = into["schedule"];
    Value other = from["schedule"];
    for (const char* name : {"window_start_s", "window_end_s"})
      if (other.contains(name)) other[name] = other[name].get<double>() + shift_s;
    for (const char* name : {"requested_rate", "concurrency", "requests"})
      join_number(schedule, other, name, sum);
    join_number(schedule, other, "window_start_s", smaller);
    join_number(schedule, other, "window_end_s", larger);
  }
  if (into.contains("client") && from.contains("client")) {
    Value& client = into["client"];
    Value other = from["client"];
    if (other.contains("wall_s")) other["wall_s"] = other["wall_s"].get<double>() + shift_s;
    for (const char* name : {"cpu_s", "process_cpu_s", "in_flight_s", "connections", "not_rendered_in_time"})
      join_number(client, other, name, sum);
    for (const char* name : {"busiest_cpu", "wall_s", "loop_lag_p50_s", "loop_lag_p99_s", "loop_lag_max_s",
                             "stolen_s", "spin_s"})
      join_number(client, other, name, larger);
    for (const Value& thread : other.value("threads", Value::array())) client["threads"].push_back(thread);
  }
  for (const Value& failure : from.value("failures", Value::array())) into["failures"].push_back(failure);
  if (from.value("cancelled", false)) into["cancelled"] = true;
  if (from.contains("time_limit_s")) into["time_limit_s"] = from["time_limit_s"];
}

}  // namespace

Result<Value> summarise_file(const std::string& path, const Limits& limits) {
  auto read = read_record_file(path);
  if (!read) return std::move(read).error();
  RecordFile& file = *read.value();
  // Times count from the beginning of the section that began first, so that none becomes negative.
  std::stable_sort(file.sections.begin(), file.sections.end(),
                   [](const RecordSection& a, const RecordSection& b) {
                     return wall_epoch(a.header) < wall_epoch(b.header);
                   });
  Value header = file.sections.front().header;
  std::vector<RecordView> records = std::move(file.sections.front().records);
  const std::int64_t epoch = wall_epoch(header);
  for (std::size_t i = 1; i < file.sections.size(); ++i) {
    RecordSection& section = file.sections[i];
    const std::int64_t shift_ns = wall_epoch(section.header) - epoch;
    for (RecordView& view : section.records) {
      shift(view.record, shift_ns);
      records.push_back(view);
    }
    join_header(header, section.header, static_cast<double>(shift_ns) / 1e9);
  }
  Value result = summarise_stage(header, records, limits, file.problem);
  if (!file.problem.empty()) result["problem"] = path + ": " + file.problem;
  return result;
}

}  // namespace core::load
