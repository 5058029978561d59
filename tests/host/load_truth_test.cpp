// The load against the simulator, compared with what the simulator knows it did.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include "catch.hpp"
#include "core/load/record_file.hpp"
#include "core/load/stage.hpp"
#include "core/loop.hpp"
#include "sim_client.hpp"

using namespace core::load;
using core::Value;

namespace {

struct Truth {
  std::int64_t arrival_ns = 0;
  std::vector<std::int64_t> sent_ns;
};

std::string temporary(const std::string& name) {
  const auto folder = std::filesystem::temp_directory_path() / "llmdbenchmark-truth-test";
  std::filesystem::create_directories(folder);
  return (folder / name).string();
}

std::map<std::uint64_t, Truth> read_truth(const std::string& path) {
  std::map<std::uint64_t, Truth> truth;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    const Value row = Value::parse(line);
    const std::string id = row["request_id"];
    truth[std::stoull(id.substr(id.rfind('-') + 1))] = {row["arrival_ns"], row["sent_ns"]};
  }
  return truth;
}

Value measure(const Value& stage) {
  core::Loop loop;
  std::optional<core::Result<Value>> outcome;
  auto run = StageRun::start(loop, StageSpec::parse("load", stage),
                             [&](core::Result<Value> result) { outcome = std::move(result); });
  loop.run_until([&] { return outcome.has_value(); });
  if (!*outcome) FAIL(outcome->error().message);
  return **outcome;
}

// Compares every record with the truth; returns how late the tokens were seen, in ns, sorted.
std::vector<std::int64_t> lags(const std::string& records, const std::map<std::uint64_t, Truth>& truth) {
  const auto file = read_record_file(records);
  REQUIRE(file);
  std::vector<std::int64_t> all;
  for (const RecordView& view : file.value()->sections[0].records) {
    const auto known = truth.find(view.record.index);
    REQUIRE(known != truth.end());
    TokenReader reader(view);
    std::int64_t at = 0;
    std::uint32_t count = 0;
    for (const std::int64_t sent : known->second.sent_ns) {
      REQUIRE(reader.next(at, count));
      CHECK(count == 1);
      all.push_back((at - view.record.sent_ns) - (sent - known->second.arrival_ns));
    }
    CHECK_FALSE(reader.next(at, count));
  }
  std::sort(all.begin(), all.end());
  return all;
}

void check_against_truth(const Value& flags, const Value& more) {
  const auto truth_path = temporary("truth.jsonl"), records = temporary("truth.rec");
  Value with_truth = flags;
  with_truth["truth"] = truth_path;
  auto server = test::start_sim(with_truth);
  Value stage = {{"url", server->url()},
                 {"model", "m"},
                 {"seed", 5},
                 {"schedule", {{"rate", 40}, {"duration_s", 1}}},
                 {"data", {{"input", {{"min", 8}, {"max", 40}}}, {"output", {{"min", 2}, {"max", 30}}}}},
                 {"records", records}};
  stage.update(more);
  const Value result = measure(stage);
  CHECK(result["counts"]["succeeded"] == 40);
  CHECK(result["tokens"]["output_not_as_requested"] == 0);
  CHECK(result["tokens"]["output_not_as_counted"] == 0);
  CHECK(result["tokens"]["input_not_as_requested"] == 0);
  CHECK(result["latency"]["ttft"]["min"].get<double>() >= 0.01);
  server->flush_truth();
  const auto seen = lags(records, read_truth(truth_path));
  CHECK(seen.front() >= -kTokenUnit_ns);      // never earlier than it was sent
  CHECK(seen[seen.size() / 2] < 50'000'000);  // and not late by more than a very busy machine explains
}

const Value kPaced = {
    {"time-to-first-token", "10ms"}, {"inter-token-latency", "2ms"}, {"max-num-seqs", 1000}};

}  // namespace

TEST_CASE("every token of the simulator is seen, once, and never before it was sent") {
  check_against_truth(kPaced, Value::object());
}

TEST_CASE("the same over TLS and with several threads") {
  Value flags = kPaced;
  flags["self-signed-certs"] = true;
  check_against_truth(flags, {{"insecure", true}, {"threads", 3}});
}

TEST_CASE("the simulator's refusals and failures are told apart") {
  auto server = test::start_sim(
      {{"max-num-seqs", 1}, {"max-waiting-queue-length", 0}, {"time-to-first-token", "50ms"}});
  const Value result = measure({{"url", server->url()},
                                {"model", "m"},
                                {"seed", 5},
                                {"schedule", {{"rate", 1000}, {"duration_s", 0.02}}},
                                {"data", {{"input", 8}, {"output", 2}}}});
  CHECK(result["counts"]["succeeded"].get<int>() >= 1);
  CHECK(result["failures"]["http_429"]["count"].get<int>() >= 1);
  CHECK(result["counts"]["sent"].get<int>() ==
        result["counts"]["succeeded"].get<int>() + result["counts"]["failed"].get<int>());
  const Value wrong = measure({{"url", server->url()},
                               {"model", "no-such-model"},
                               {"seed", 5},
                               {"schedule", {{"concurrency", 1}, {"requests", 2}}}});
  CHECK(wrong["failures"]["http_4xx"]["count"] == 2);
}

TEST_CASE("cached prompt tokens of a shared prefix are reported") {
  auto server = test::start_sim({{"enable-kvcache", true}});
  const Value result = measure({{"url", server->url()},
                                {"model", "m"},
                                {"seed", 5},
                                {"schedule", {{"concurrency", 1}, {"requests", 20}}},
                                {"data",
                                 {{"type", "shared_prefix"},
                                  {"groups", 2},
                                  {"prompts_per_group", 10},
                                  {"system", 64},
                                  {"question", 16},
                                  {"output", 2}}}});
  CHECK(result["counts"]["succeeded"] == 20);
  CHECK(result["tokens"]["cached_total"].get<int>() >= 18 * 64);
  CHECK(result["tokens"]["cached_total"].get<int>() < 20 * 80);
}
