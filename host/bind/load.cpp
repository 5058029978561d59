// host.load: load against an OpenAI-compatible server, and what its record files hold.
#include <cstring>
#include <memory>
#include <optional>

#include "core/load/curves.hpp"
#include "core/load/prompt.hpp"
#include "core/load/random.hpp"
#include "core/load/record_file.hpp"
#include "core/load/stage.hpp"
#include "core/text.hpp"
#include "script/stack.hpp"
#include "script/task.hpp"

namespace bind {

namespace {

using core::Value;
using core::load::StageRun;
using core::load::StageSpec;

constexpr const char* kRun = "host.load.Run";
constexpr const char* kRecords = "host.load.Records";

/// A stage as scripts hold it: alive until its result is there.
struct LiveStage {
  std::shared_ptr<StageRun> run;
  std::optional<core::Result<Value>> result;
  std::vector<std::function<void()>> on_end;
  core::World* world = nullptr;
  std::uint64_t handle = 0;
};

/// The userdata; a run that nobody holds any more is cancelled.
struct RunHandle {
  std::shared_ptr<LiveStage> stage;

  explicit RunHandle(std::shared_ptr<LiveStage> live) : stage(std::move(live)) {}
  RunHandle(RunHandle&&) = default;
  ~RunHandle() {
    if (stage && !stage->result) stage->run->cancel();
  }
};

void stage_ended(const std::shared_ptr<LiveStage>& stage, core::Result<Value> result) {
  stage->world->handles.remove(stage->handle);
  stage->result = std::move(result);
  for (const auto& tell : std::exchange(stage->on_end, {})) tell();
}

std::shared_ptr<LiveStage> start(lua_State* L, const char* function) {
  auto spec = StageSpec::parse(function, script::check_value(L, 1));
  auto stage = std::make_shared<LiveStage>();
  auto& world = script::world(L);
  stage->world = &world;
  const std::string what = spec.setup.name;
  stage->run = StageRun::start(world.loop, std::move(spec), [stage](core::Result<Value> result) {
    stage_ended(stage, std::move(result));
  });
  stage->handle = world.handles.add("load", "stage " + what, [run = stage->run] { run->cancel_and_wait(); });
  return stage;
}

int wait_for(lua_State* L, const std::shared_ptr<LiveStage>& stage) {
  if (stage->result) return script::push_result(L, *stage->result);
  return script::await(L, [&](script::Waiter waiter) -> core::Cancel {
    stage->on_end.push_back([waiter, stage] {
      waiter.finish([stage](lua_State* to) { return script::push_result(to, *stage->result); });
    });
    return [stage] { stage->run->cancel(); };
  });
}

int l_start(lua_State* L) {
  script::push_object<RunHandle>(L, kRun, RunHandle(start(L, "load.start")));
  return 1;
}

int l_run(lua_State* L) { return wait_for(L, start(L, "load.run")); }

const std::shared_ptr<LiveStage>& check_run(lua_State* L) {
  return script::check_object<RunHandle>(L, 1, kRun).stage;
}

int l_wait(lua_State* L) { return wait_for(L, check_run(L)); }

int l_result(lua_State* L) {
  const auto& stage = check_run(L);
  if (stage->result) return script::push_result(L, *stage->result);
  lua_pushnil(L);
  return 1;
}

int l_cancel(lua_State* L) {
  check_run(L)->run->cancel();
  return 0;
}

int l_progress(lua_State* L) {
  const auto p = check_run(L)->run->progress();
  const double rate = p.elapsed_s > 0 ? static_cast<double>(p.sent) / p.elapsed_s : 0;
  script::push(L, Value{{"planned", p.planned},
                        {"sent", p.sent},
                        {"succeeded", p.succeeded},
                        {"failed", p.failed},
                        {"in_flight", p.in_flight},
                        {"waiting", p.waiting},
                        {"tokens", p.tokens},
                        {"elapsed_s", p.elapsed_s},
                        {"rate", rate},
                        {"ttft_p50_s", p.ttft_p50_s},
                        {"ttft_p95_s", p.ttft_p95_s}});
  return 1;
}

int l_check(lua_State* L) {
  const auto path = script::check_string(L, 2);
  try {
    StageSpec::parse(path, script::check_value(L, 1));
  } catch (const core::UsageError& wrong) {
    return script::fail(L, core::Error{"invalid", wrong.what()});
  }
  lua_pushboolean(L, 1);
  return 1;
}

int l_plan(lua_State* L) {
  const auto spec = StageSpec::parse("load.plan", script::check_value(L, 1));
  const auto opts = script::options(L, 2, "load.plan", {{"limit", 1000}});
  return script::push_result(
      L, core::load::preview_stage(spec, static_cast<std::size_t>(opts["limit"].get<double>())));
}

/// Where an iteration over records stands.
struct RecordCursor {
  std::unique_ptr<core::load::RecordFile> file;
  bool tokens = true;
  std::size_t section = 0, record = 0;
};

int l_next_record(lua_State* L) {
  auto& cursor = *static_cast<RecordCursor*>(lua_touserdata(L, lua_upvalueindex(1)));
  const auto& sections = cursor.file->sections;
  while (cursor.section < sections.size() && cursor.record == sections[cursor.section].records.size()) {
    ++cursor.section;
    cursor.record = 0;
  }
  if (cursor.section == sections.size()) return 0;
  Value table = core::load::to_value(sections[cursor.section].records[cursor.record++], cursor.tokens);
  table["section"] = cursor.section + 1;
  script::push(L, table);
  return 1;
}

// What is wrong with a file that was read as far as possible: one value more, or none.
int push_problem(lua_State* L, const std::string& problem) {
  if (problem.empty()) return 0;
  lua_pushlstring(L, problem.data(), problem.size());
  return 1;
}

int l_records(lua_State* L) {
  const auto path = script::check_string(L, 1);
  const auto opts = script::options(L, 2, "load.records", {{"tokens", true}});
  auto file = core::load::read_record_file(path);
  if (!file) return script::fail(L, file.error());
  const std::string problem = file.value()->problem;
  script::push_object<RecordCursor>(L, kRecords, {std::move(file).value(), opts["tokens"].get<bool>()});
  lua_pushcclosure(L, script::guard<l_next_record>, 1);
  return 1 + push_problem(L, problem);
}

int l_info(lua_State* L) {
  const auto file = core::load::read_record_file(script::check_string(L, 1));
  if (!file) return script::fail(L, file.error());
  Value table = {{"sections", Value::array()}};
  for (const auto& section : file.value()->sections)
    table["sections"].push_back({{"header", section.header}, {"records", section.records.size()}});
  if (!file.value()->problem.empty()) table["problem"] = file.value()->problem;
  script::push(L, table);
  return 1;
}

int l_export(lua_State* L) {
  const auto from = script::check_string(L, 1), to = script::check_string(L, 2);
  const auto count = core::load::export_record_file(from, to);
  if (!count) return script::fail(L, count.error());
  lua_pushnumber(L, static_cast<lua_Number>(count->records));
  return 1 + push_problem(L, count->problem);
}

int l_curves(lua_State* L) {
  const auto path = script::check_string(L, 1);
  const core::load::CurveDetail defaults;
  const auto opts =
      script::options(L, 2, "load.curves", {{"points", defaults.points}, {"bars", defaults.bars}});
  const double points = opts["points"], bars = opts["bars"];
  if (points < 2 || bars < 1) throw core::UsageError("load.curves: points is at least 2, bars at least 1");
  return script::push_result(
      L, core::load::read_curves(path, {static_cast<std::size_t>(points), static_cast<std::size_t>(bars)}));
}

int l_merge(lua_State* L) {
  const auto from = script::check_strings(L, 1);
  if (from.empty()) throw core::UsageError("argument 1: nothing to merge");
  return script::push_result(L, core::load::merge_record_files(from, script::check_string(L, 2)));
}

int l_summarise(lua_State* L) {
  const auto path = script::check_string(L, 1);
  const auto opts = script::options(L, 2, "load.summarise", {{"limits", Value::object()}});
  const auto limits = core::load::Limits::parse(core::load::Fields("load.summarise.limits", opts["limits"]));
  return script::push_result(L, core::load::summarise_file(path, limits));
}

int l_words(lua_State* L) {
  script::push(L, Value(core::load::default_words()));
  return 1;
}

int l_fresh_seed(lua_State* L) {
  const std::string bytes = core::random_bytes(8);
  std::uint64_t number = 0;
  std::memcpy(&number, bytes.data(), sizeof number);
  lua_pushnumber(L, static_cast<lua_Number>(number >> 11));
  return 1;
}

int l_derive_seed(lua_State* L) {
  const auto base = static_cast<std::uint64_t>(script::check_integer(L, 1));
  const auto a = static_cast<std::uint64_t>(script::check_integer(L, 2));
  const auto b = lua_isnoneornil(L, 3) ? 0 : static_cast<std::uint64_t>(script::check_integer(L, 3));
  lua_pushnumber(L, static_cast<lua_Number>(core::load::derive_seed(base, a, b)));
  return 1;
}

constexpr script::Function kRunMethods[] = {
    {"wait", script::guard<l_wait>, script::kWaits},
    {"result", script::guard<l_result>},
    {"progress", script::guard<l_progress>},
    {"cancel", script::guard<l_cancel>},
    {"__gc", script::guard<script::collect<RunHandle>>},
};

constexpr script::Function kRecordsMethods[] = {{"__gc", script::guard<script::collect<RecordCursor>>}};

constexpr script::Function kFunctions[] = {
    {"run", script::guard<l_run>, script::kWaits},
    {"start", script::guard<l_start>},
    {"check", script::guard<l_check>},
    {"plan", script::guard<l_plan>},
    {"records", script::guard<l_records>},
    {"info", script::guard<l_info>},
    {"export", script::guard<l_export>},
    {"merge", script::guard<l_merge>},
    {"summarise", script::guard<l_summarise>},
    {"curves", script::guard<l_curves>},
    {"words", script::guard<l_words>},
    {"fresh_seed", script::guard<l_fresh_seed>},
    {"derive_seed", script::guard<l_derive_seed>},
};

}  // namespace

int open_load(lua_State* L) {
  script::metatable(L, kRun, kRunMethods);
  script::metatable(L, kRecords, kRecordsMethods);
  lua_pop(L, 2);
  return script::module(L, "host.load", kFunctions);
}

}  // namespace bind
