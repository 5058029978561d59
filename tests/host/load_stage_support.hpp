// One stage of load against a server of the test, and its result.
#pragma once

#include <optional>
#include <string>

#include "catch.hpp"
#include "core/clock.hpp"
#include "core/load/stage.hpp"
#include "load_server.hpp"
#include "scratch.hpp"

namespace test {

using core::Value;

inline Value with(Value base, const Value& more) {
  base.update(more);
  return base;
}

// Machines that run tests are busy: verdicts must not depend on how punctual this one is.
inline const Value kPatient = {
    {"max_schedule_delay_p99_s", 100}, {"max_loop_lag_p99_s", 100}, {"max_client_cpu", 100}};

inline Value closed(int concurrency, int requests) {
  return {{"concurrency", concurrency}, {"requests", requests}};
}

inline Value stage_table(const Server& server, const Value& schedule, const Value& more = Value::object()) {
  const Value table = {{"url", server.url()},
                       {"model", "m"},
                       {"seed", 7},
                       {"schedule", schedule},
                       {"data", {{"input", 10}, {"output", 4}}},
                       {"limits", kPatient},
                       {"request_timeout_s", 20}};
  return with(table, more);
}

inline core::Result<Value> run(const Value& table, double cancel_after_s = 0) {
  core::Loop loop;
  auto clock = core::make_real_clock(loop);
  std::optional<core::Result<Value>> outcome;
  auto stage = core::load::StageRun::start(loop, core::load::StageSpec::parse("load", table),
                                           [&](core::Result<Value> result) { outcome = std::move(result); });
  if (cancel_after_s > 0) clock->call_after(cancel_after_s, [&] { stage->cancel(); });
  loop.run_until([&] { return outcome.has_value(); });
  return std::move(*outcome);
}

inline Value result_of(const Value& table, double cancel_after_s = 0) {
  auto result = run(table, cancel_after_s);
  if (!result) FAIL(result.error().message);
  return std::move(result).value();
}

inline std::string temporary(const std::string& name) {
  static const Scratch folder;
  return folder / name;
}

}  // namespace test
