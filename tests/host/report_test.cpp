#include "core/report.hpp"

#include <algorithm>
#include <limits>

#include "catch.hpp"
#include "core/json.hpp"
#include "core/yaml.hpp"

using core::Value;
namespace report = core::report;

namespace {

Value small_report() {
  return core::decode_yaml(R"(
version: '0.2'
run: {uid: r1, time: {start: '2026-11-24T10:00:00Z', end: '2026-11-24T10:00:50Z', duration: PT50S}}
scenario:
  stack:
  - metadata: {label: server, cfg_id: abc}
    standardized: {kind: generic, tool: sim, tool_version: '1', anything: [1]}
    native: {args: {--port: 1}}
  load:
    metadata: {cfg_id: def}
    standardized:
      tool: native
      tool_version: '1'
      source: random
      input_seq_len: {distribution: fixed, value: 16}
      concurrency: 4
    native: {config: {a: null}}
results:
  request_performance:
    aggregate:
      requests: {total: 10, failures: 0, input_length: {units: count, mean: 16}}
      latency: {time_to_first_token: {units: s, mean: 0.5, p50: 1}}
  observability: {own_block: {x: 1}}
)")
      ->value;
}

std::vector<std::string> paths(const Value& tree) {
  std::vector<std::string> list;
  for (const auto& problem : report::check(tree)) list.push_back(problem.path);
  return list;
}

using Paths = std::vector<std::string>;

}  // namespace

TEST_CASE("a complete report has no problems") {
  CHECK(paths(small_report()).empty());
  CHECK(report::validate(small_report()).ok());
}

TEST_CASE("missing and unknown fields are named with their path") {
  Value tree = small_report();
  tree["run"].erase("uid");
  tree["results"]["request_perfomance"] = Value::object();
  const auto problems = report::check(tree);
  REQUIRE(problems.size() == 2);
  CHECK(problems[0].path == "run.uid");
  CHECK(problems[1].path == "results.request_perfomance");
  CHECK(problems[1].message.find("did you mean 'request_performance'") != std::string::npos);
}

TEST_CASE("a statistic needs a mean and units of its own group") {
  Value tree = small_report();
  auto& latency = tree["results"]["request_performance"]["aggregate"]["latency"];
  latency["time_to_first_token"] = {{"units", "ms/token"}};
  latency["inter_token_latency"] = {{"mean", 1}};
  latency["request_latency"] = {{"units", "s"}, {"mean", 1}, {"stddev", -1}};
  const std::string at = "results.request_performance.aggregate.latency.";
  CHECK(paths(tree) == Paths{at + "time_to_first_token.units", at + "time_to_first_token.mean",
                             at + "inter_token_latency.units", at + "request_latency.stddev"});
}

TEST_CASE("ranges, choices and types are checked") {
  Value tree = small_report();
  auto& load = tree["scenario"]["load"]["standardized"];
  load["concurrency"] = 0;
  load["rate_qps"] = 0;
  load["source"] = "made up";
  load["stage"] = 1.5;
  tree["run"]["time"]["start"] = "";
  tree["version"] = "0.3";
  const std::string at = "scenario.load.standardized.";
  auto found = paths(tree);
  std::sort(found.begin(), found.end());
  CHECK(found ==
        Paths{"run.time.start", at + "concurrency", at + "rate_qps", at + "source", at + "stage", "version"});
}

TEST_CASE("concurrency may be infinite but not fractional") {
  Value tree = small_report();
  auto& concurrency = tree["scenario"]["load"]["standardized"]["concurrency"];
  concurrency = std::numeric_limits<double>::infinity();
  CHECK(report::validate(tree).ok());
  concurrency = 5.5;
  CHECK_FALSE(report::validate(tree).ok());
}

TEST_CASE("an inference engine needs its accelerator") {
  Value tree = small_report();
  auto& component = tree["scenario"]["stack"][0]["standardized"];
  component = {{"kind", "inference_engine"}, {"tool", "vllm"}, {"tool_version", "1"},
               {"role", "replica"},          {"replicas", 1},  {"model", {{"name", "m"}}}};
  CHECK(paths(tree) == Paths{"scenario.stack[0].standardized.accelerator"});
  component["accelerator"] = {{"model", "H100"}, {"count", 1}, {"parallelism", Value::object()}};
  CHECK(paths(tree).empty());
  component["kind"] = "engine";
  CHECK(paths(tree) == Paths{"scenario.stack[0].standardized.kind"});
}

TEST_CASE("the error names the first problems and carries all") {
  Value tree = {{"version", "0.2"}};
  const auto result = report::validate(tree);
  REQUIRE_FALSE(result.ok());
  CHECK(result.error().code == "invalid");
  CHECK(result.error().message.find("run is missing") != std::string::npos);
  CHECK(result.error().facts["problems"].size() == 2);
}

TEST_CASE("normalising orders known fields, makes statistics floats and drops null fields only") {
  Value tree = small_report();
  tree["run"]["user"] = nullptr;
  const Value result = report::normalise(tree);
  CHECK_FALSE(result["run"].contains("user"));
  CHECK(result["scenario"]["load"]["native"]["config"].contains("a"));
  CHECK(result["results"]["request_performance"]["aggregate"]["requests"]["input_length"].dump() ==
        R"({"units":"count","mean":16.0})");
  CHECK(result["results"]["request_performance"]["aggregate"]["requests"]["total"].dump() == "10");
  CHECK(result["run"].begin().key() == "uid");
}

TEST_CASE("YAML has sorted keys and a quoted version, JSON the order of the format") {
  const std::string yaml = report::to_yaml(small_report());
  CHECK(yaml.find("results:") < yaml.find("run:"));
  CHECK(yaml.find("version: '0.2'\n") != std::string::npos);
  const std::string json = report::to_json(small_report());
  CHECK(json.find("\"version\"") < json.find("\"run\""));
  CHECK(report::normalise(core::decode_yaml(yaml)->value) == core::decode_json(json).value());
}

TEST_CASE("the list of fields has units for every statistic") {
  std::size_t statistics = 0;
  for (const auto& row : report::fields()) {
    CHECK_FALSE(row["meaning"].get<std::string>().empty());
    if (row["type"] != "statistics") continue;
    ++statistics;
    CHECK_FALSE(row["units"].empty());
  }
  CHECK(statistics > 30);
}
