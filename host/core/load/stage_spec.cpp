// The table of a stage, checked field by field.
#include <algorithm>
#include <thread>

#include "core/load/random.hpp"
#include "core/load/stage.hpp"

namespace core::load {

namespace {

std::int64_t to_ns(double seconds) { return static_cast<std::int64_t>(seconds * 1e9); }

unsigned default_threads() { return std::clamp(std::thread::hardware_concurrency() / 2, 1u, 4u); }

void parse_limits_of_time(Fields& fields, StageSetup& setup) {
  constexpr double kLongest_s = 30 * 86400.0;
  const double request_timeout_s = fields.number("request_timeout_s", 300, 1e-3, kLongest_s);
  setup.request_timeout_ns = to_ns(request_timeout_s);
  setup.drain_ns = to_ns(fields.number("drain_s", request_timeout_s, 0, kLongest_s));
  if (fields.has("stage_timeout_s"))
    setup.stage_timeout_ns = to_ns(fields.number("stage_timeout_s", 1e-3, kLongest_s));
}

void parse_client(Fields& fields, StageSetup& setup) {
  setup.threads = static_cast<unsigned>(fields.integer("threads", default_threads(), 1, 256));
  setup.spin_ns = to_ns(fields.number("spin_s", 0, 0, 0.1));
  setup.keep_alive = fields.flag("keep_alive", true);
  setup.max_connections = static_cast<std::uint32_t>(fields.integer("max_connections", 20'000, 1, 1'000'000));
  const std::uint32_t warm = setup.schedule.open_loop ? 0 : setup.schedule.concurrency;
  setup.warm_connections = static_cast<std::uint32_t>(fields.integer("warm_connections", warm, 0, 100'000));
  setup.prepare_bytes = static_cast<std::size_t>(fields.integer("prepare_bytes", 512ll << 20, 1, 1ll << 40));
}

// Lists of words are long and of no interest afterwards: their number stays.
Value without_words(Value data) {
  for (const char* name : {"words", "first_words"})
    if (data.is_object() && data.contains(name) && data[name].is_array()) data[name] = data[name].size();
  return data;
}

void check_together(Fields& fields, const StageSetup& setup) {
  const Schedule& schedule = setup.schedule;
  if (!schedule.open_loop && schedule.concurrency > setup.max_connections)
    fields.refuse("max_connections", "must not be below schedule.concurrency");
}

}  // namespace

StageSpec StageSpec::parse(const std::string& path, const Value& table) {
  Fields fields(path, table);
  StageSpec spec;
  StageSetup& setup = spec.setup;
  setup.name = fields.text("name", "0");
  const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
  if (std::any_of(setup.name.begin(), setup.name.end(), is_control))
    fields.refuse("name", "must not have control characters");
  setup.seed = static_cast<std::uint64_t>(fields.integer("seed", 0, 1ll << 53));
  setup.target = Target::parse(fields);
  setup.schedule = Schedule::parse(fields.table("schedule"));
  spec.data = without_words(fields.raw("data"));
  setup.prompts = make_prompt_source(fields.table("data"), setup.target.api, derive_seed(setup.seed, 1));
  parse_limits_of_time(fields, setup);
  parse_client(fields, setup);
  setup.records_path = fields.text("records", "");
  spec.limits = Limits::parse(fields.table("limits"));
  check_together(fields, setup);
  fields.done();
  return spec;
}

}  // namespace core::load
