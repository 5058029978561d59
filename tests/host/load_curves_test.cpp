#include "core/load/curves.hpp"

#include <filesystem>
#include <fstream>

#include "catch.hpp"
#include "core/load/record_file.hpp"

using namespace core::load;

namespace {

// A file with one request per latency, two tokens 1 ms apart each; the first `warmup` do not count.
std::string write_records(const std::vector<std::int64_t>& first_token_ms, std::size_t warmup = 0) {
  RecordStore store;
  TokenBlockPool pool;
  const std::int64_t epoch = 1'000'000'000;
  for (std::size_t i = 0; i < first_token_ms.size(); ++i) {
    Record r;
    r.index = i;
    r.started_ns = r.sent_ns = 0;
    r.first_byte_ns = first_token_ms[i] * 1'000'000;
    r.end_ns = r.first_byte_ns + 1'000'000;
    r.status = 200;
    r.finish = Finish::kLength;
    r.completion_tokens = 2;
    if (i < warmup) r.flags = kWarmup;
    TokenLog log;
    log.add(pool, epoch + r.first_byte_ns, 1);
    log.add(pool, epoch + r.end_ns, 1);
    store.add(r, log, epoch);
    log.clear(pool);
  }
  const auto path = (std::filesystem::temp_directory_path() / "llmdbenchmark-curves.rec").string();
  std::vector<std::span<const std::uint8_t>> records(store.records().begin(), store.records().end());
  std::ofstream(path, std::ios::binary) << encode_section({{"name", "0"}}, records);
  return path;
}

}  // namespace

TEST_CASE("a cumulative curve goes from the smallest to the largest value") {
  std::vector<std::int64_t> ms;
  for (int i = 1; i <= 101; ++i) ms.push_back(102 - i);
  const auto curves = read_curves(write_records(ms), {.points = 11, .bars = 60});
  REQUIRE(curves.ok());
  const auto& ttft = (*curves)["ttft"];
  CHECK(ttft["count"] == 101);
  REQUIRE(ttft["cumulative"].size() == 11);
  CHECK(ttft["cumulative"][0][0].get<double>() == Approx(0.001));
  CHECK(ttft["cumulative"][5][0].get<double>() == Approx(0.051));
  CHECK(ttft["cumulative"][5][1].get<double>() == Approx(0.5));
  CHECK(ttft["cumulative"][10][0].get<double>() == Approx(0.101));
  CHECK((*curves)["itl"]["count"] == 101);
}

TEST_CASE("a histogram counts every value once, outliers apart") {
  std::vector<std::int64_t> ms(1000, 10);
  for (int i = 0; i < 1000; ++i) ms[static_cast<std::size_t>(i)] = 10 + i % 50;
  ms.push_back(100'000);
  const auto curves = read_curves(write_records(ms));
  REQUIRE(curves.ok());
  const auto& histogram = (*curves)["ttft"]["histogram"];
  std::size_t sum = histogram["beyond"];
  CHECK(sum == 1);
  for (const auto& count : histogram["counts"]) sum += count.get<std::size_t>();
  CHECK(sum == 1001);
  CHECK(histogram["counts"].size() == 60);
  CHECK(histogram["start_s"].get<double>() == Approx(0.010));
}

TEST_CASE("equal values give one bar, warm-up and absent latencies nothing") {
  const auto curves = read_curves(write_records({5, 7, 7, 7}, 1));
  REQUIRE(curves.ok());
  CHECK((*curves)["ttft"]["count"] == 3);
  CHECK((*curves)["ttft"]["histogram"]["counts"].dump() == "[3]");
  CHECK_FALSE(read_curves(write_records({5}, 1))->contains("ttft"));
  CHECK_FALSE(read_curves("/nowhere.rec").ok());
}
