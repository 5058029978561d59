#include "core/load/verdict.hpp"

#include <cstdio>

namespace core::load {

namespace {

std::string text(const char* format, double a, double b) {
  char buffer[160];
  std::snprintf(buffer, sizeof buffer, format, a, b);
  return buffer;
}

}  // namespace

Limits Limits::parse(Fields fields) {
  Limits limits;
  limits.max_error_ratio = fields.number("max_error_ratio", limits.max_error_ratio, 0, 1);
  limits.max_schedule_delay_p99_s =
      fields.number("max_schedule_delay_p99_s", limits.max_schedule_delay_p99_s, 0, 1e6);
  limits.max_loop_lag_p99_s = fields.number("max_loop_lag_p99_s", limits.max_loop_lag_p99_s, 0, 1e6);
  limits.max_client_cpu = fields.number("max_client_cpu", limits.max_client_cpu, 0, 1000);
  limits.min_delivered = fields.number("min_delivered", limits.min_delivered, 0, 1);
  limits.min_samples = static_cast<std::size_t>(fields.integer("min_samples", 11, 0, 1'000'000'000));
  fields.done();
  return limits;
}

Value Limits::to_value() const {
  return {{"max_error_ratio", max_error_ratio},       {"max_schedule_delay_p99_s", max_schedule_delay_p99_s},
          {"max_loop_lag_p99_s", max_loop_lag_p99_s}, {"max_client_cpu", max_client_cpu},
          {"min_delivered", min_delivered},           {"min_samples", min_samples}};
}

Verdict judge(const Evidence& e, const Limits& limits) {
  Verdict result{"valid", {}};
  const auto object = [&result](const char* verdict, std::string reason) {
    if (result.verdict == "valid") result.verdict = verdict;
    result.reasons.push_back(std::move(reason));
  };
  // In order of gravity.
  if (!e.damage.empty()) object("damaged records", "records are missing or wrong: " + e.damage);
  if (e.error_ratio > limits.max_error_ratio)
    object("errors above limit", text("%.2f %% of the requests failed or were cut off; the limit is %.2f %%",
                                      100 * e.error_ratio, 100 * limits.max_error_ratio));
  if (e.all_empty) object("errors above limit", "no answer brought a token");
  if (e.schedule_delay_p99_s > limits.max_schedule_delay_p99_s)
    object("client-limited", text("requests left up to %.2f ms late (p99); the limit is %.2f ms",
                                  1e3 * e.schedule_delay_p99_s, 1e3 * limits.max_schedule_delay_p99_s));
  if (e.loop_lag_p99_s > limits.max_loop_lag_p99_s)
    object("client-limited", text("answers were seen up to %.2f ms late (p99); the limit is %.2f ms",
                                  1e3 * e.loop_lag_p99_s, 1e3 * limits.max_loop_lag_p99_s));
  if (e.client_cpu > limits.max_client_cpu)
    object("client-limited",
           text("the busiest client thread used %.0f %% of a processor; the limit is %.0f %%",
                100 * e.client_cpu, 100 * limits.max_client_cpu));
  if (e.cancelled) object("under-delivered", "the stage was stopped before its end");
  if (e.time_limit_s >= 0)
    object("under-delivered",
           text("the time limit of %.3g s came before the end of the stage", e.time_limit_s, 0));
  if (e.delivered >= 0 && e.delivered < limits.min_delivered)
    object("under-delivered", text("%.1f %% of the load asked for was delivered; the limit is %.1f %%",
                                   100 * e.delivered, 100 * limits.min_delivered));
  if (e.samples < limits.min_samples)
    object("too few samples", text("%.0f requests succeeded; %.0f are needed", static_cast<double>(e.samples),
                                   static_cast<double>(limits.min_samples)));
  return result;
}

}  // namespace core::load
