#include "core/load/schedule.hpp"

#include <algorithm>
#include <cmath>

#include "core/load/random.hpp"
#include "core/stats/summary.hpp"

namespace core::load {

namespace {

constexpr double kMostArrivals = 1e8;
constexpr double kLongest_s = 30 * 86400.0;
constexpr double kHighestRate = 1e7;

Segment parse_segment(Fields fields) {
  Segment segment;
  segment.rate = fields.number("rate", 0, kHighestRate);
  segment.to_rate = fields.number("to_rate", segment.rate, 0, kHighestRate);
  segment.duration_s = fields.number("duration_s", 1e-6, kLongest_s);
  if (segment.rate + segment.to_rate <= 0) fields.refuse("rate", "or to_rate must be positive");
  fields.done();
  return segment;
}

void parse_segments(Fields& fields, Schedule& schedule) {
  const Value& list = fields.raw("segments");
  if (list.is_null()) {  // the short form: one segment, its fields in the schedule itself
    fields.has("to_rate");
    fields.number("rate", 0, kHighestRate);
    fields.number("duration_s", 0, kLongest_s);
    const Value one = {{"rate", fields.raw("rate")},
                       {"to_rate", fields.raw("to_rate")},
                       {"duration_s", fields.raw("duration_s")}};
    schedule.segments.push_back(parse_segment(Fields(fields.path(), one)));
    return;
  }
  for (const char* name : {"rate", "to_rate", "duration_s"})
    if (fields.has(name)) fields.refuse(name, "belongs into segments when these are given");
  if (!list.is_array() || list.empty()) fields.refuse("segments", "must be a list of segments");
  for (std::size_t i = 0; i < list.size(); ++i)
    schedule.segments.push_back(
        parse_segment(Fields(fields.path("segments[" + std::to_string(i + 1) + "]"), list[i])));
}

void parse_open(Fields& fields, Schedule& schedule) {
  schedule.arrival = static_cast<Arrival>(fields.choice("arrival", {"constant", "poisson", "gamma"}));
  schedule.burstiness = fields.number("burstiness", 1, 1e-3, 1e6);
  if (fields.has("burstiness") && schedule.arrival != Arrival::kGamma)
    fields.refuse("burstiness", "needs arrival = 'gamma'");
  parse_segments(fields, schedule);
  schedule.max_concurrency = static_cast<std::uint32_t>(fields.integer("max_concurrency", 0, 0, 1'000'000));
  schedule.warmup_s = fields.number("warmup_s", 0, 0, kLongest_s);
}

void parse_closed(Fields& fields, Schedule& schedule) {
  schedule.open_loop = false;
  schedule.concurrency = static_cast<std::uint32_t>(fields.integer("concurrency", 1, 1'000'000));
  schedule.requests = static_cast<std::uint64_t>(fields.integer("requests", 0, 0, 100'000'000));
  schedule.duration_s = fields.number("duration_s", 0, 0, kLongest_s);
  schedule.ramp_s = fields.number("ramp_s", 0, 0, kLongest_s);
  schedule.warmup_s = fields.number("warmup_s", 0, 0, kLongest_s);
  schedule.warmup_requests = static_cast<std::uint64_t>(fields.integer("warmup_requests", 0, 0, 100'000'000));
  if (!schedule.requests && schedule.duration_s <= 0) fields.refuse("requests", "or duration_s is required");
  if (schedule.duration_s > 0 && schedule.ramp_s > schedule.warmup_s + schedule.duration_s)
    fields.refuse("ramp_s", "is longer than the stage: most users would never run");
  if (schedule.warmup_requests && schedule.warmup_s > 0)
    fields.refuse("warmup_requests", "and warmup_s exclude each other");
}

// Time within the segment at which the cumulative rate reaches `area`.
double invert(const Segment& segment, double area) {
  if (area <= 0) return 0;  // also where the rate begins at 0
  const double slope = (segment.to_rate - segment.rate) / segment.duration_s;
  const double root = std::sqrt(std::max(0.0, segment.rate * segment.rate + 2 * slope * area));
  return std::min(segment.duration_s, 2 * area / (segment.rate + root));
}

double area_of(const Segment& segment) { return (segment.rate + segment.to_rate) / 2 * segment.duration_s; }

/// The unit-rate process: where the k-th arrival lies when one is expected per unit.
class UnitProcess {
 public:
  UnitProcess(const Schedule& schedule, std::uint64_t seed) : schedule_(schedule), random_(seed) {}

  double next() {
    if (schedule_.arrival == Arrival::kConstant) return static_cast<double>(count_++);
    position_ += schedule_.arrival == Arrival::kPoisson
                     ? random_.exponential()
                     : random_.gamma(schedule_.burstiness) / schedule_.burstiness;
    return position_;
  }

 private:
  const Schedule& schedule_;
  Random random_;
  std::uint64_t count_ = 0;
  double position_ = 0;
};

std::vector<Segment> with_warmup(const Schedule& schedule) {
  std::vector<Segment> segments = schedule.segments;
  if (schedule.warmup_s > 0) {
    const Segment& first = segments.front();
    const double rate = first.rate > 0 ? first.rate : first.to_rate;
    segments.insert(segments.begin(), {rate, rate, schedule.warmup_s});
  }
  return segments;
}

std::int64_t to_ns(double seconds) { return static_cast<std::int64_t>(std::llround(seconds * 1e9)); }

}  // namespace

Schedule Schedule::parse(Fields fields) {
  Schedule schedule;
  if (fields.has("concurrency"))
    parse_closed(fields, schedule);
  else
    parse_open(fields, schedule);
  fields.done();
  return schedule;
}

double Schedule::window_s() const {
  if (!open_loop) return duration_s;
  double sum = 0;
  for (const Segment& segment : segments) sum += segment.duration_s;
  return sum;
}

ArrivalPlan plan_arrivals(const Schedule& schedule, std::uint64_t seed) {
  const auto segments = with_warmup(schedule);
  double total = 0;
  for (const Segment& segment : segments) total += area_of(segment);
  if (total > kMostArrivals) throw UsageError("the schedule asks for more than 100 million requests");

  ArrivalPlan plan;
  plan.at_ns.reserve(static_cast<std::size_t>(total * 1.05) + 16);
  plan.window_start_ns = to_ns(schedule.warmup_s);
  plan.window_end_ns = to_ns(schedule.warmup_s + schedule.window_s());
  UnitProcess process(schedule, seed);
  double position = process.next(), area_before = 0, time_before = 0;
  for (const Segment& segment : segments) {
    // An arrival that rounding puts at the very end belongs to the next segment.
    const double area_end = area_before + area_of(segment);
    for (; position < area_end * (1 - 1e-12); position = process.next())
      plan.at_ns.push_back(to_ns(time_before + invert(segment, position - area_before)));
    area_before = area_end;
    time_before += segment.duration_s;
  }
  const auto first = std::lower_bound(plan.at_ns.begin(), plan.at_ns.end(), plan.window_start_ns);
  plan.warmup_count = static_cast<std::size_t>(first - plan.at_ns.begin());
  return plan;
}

ArrivalStatistics describe_arrivals(const std::vector<std::int64_t>& at_ns, double bin_s) {
  ArrivalStatistics result;
  result.count = at_ns.size();
  if (at_ns.size() < 2) return result;
  std::vector<double> gaps;
  for (std::size_t i = 1; i < at_ns.size(); ++i) gaps.push_back(static_cast<double>(at_ns[i] - at_ns[i - 1]));
  const auto gap = stats::moments(gaps);
  if (gap.mean > 0) {
    result.rate = 1e9 / gap.mean;
    result.gap_cv = gap.std_dev / gap.mean;
  }
  const auto bin_ns = static_cast<std::int64_t>(bin_s * 1e9);
  const auto bins = static_cast<std::size_t>((at_ns.back() - at_ns.front()) / bin_ns);  // whole ones only
  if (bins < 2) return result;                                                          // too short to tell
  std::vector<double> counts(bins);
  for (const std::int64_t at : at_ns) {
    const auto bin = static_cast<std::size_t>((at - at_ns.front()) / bin_ns);
    if (bin < bins) ++counts[bin];
  }
  const auto count = stats::moments(counts);
  result.dispersion = count.std_dev * count.std_dev / count.mean;
  return result;
}

}  // namespace core::load
