#include <filesystem>
#include <fstream>
#include <sstream>

#include "catch.hpp"
#include "core/load/random.hpp"
#include "core/load/record_file.hpp"
#include "core/load/varint.hpp"

using namespace core::load;

namespace {

std::string temporary(const std::string& name) {
  const auto folder = std::filesystem::temp_directory_path() / "llmdbenchmark-record-test";
  std::filesystem::create_directories(folder);
  return (folder / name).string();
}

Record sample_record(std::uint64_t index, Random& random) {
  Record r;
  r.index = index;
  r.planned_ns = static_cast<std::int64_t>(index) * 2'500'000;
  r.cap_wait_ns = static_cast<std::int64_t>(random.below(1000));
  r.started_ns = r.planned_ns + 50'123;
  r.sent_ns = r.started_ns + 1'001;
  r.first_byte_ns = r.sent_ns + 49'000'000;
  r.end_ns = r.first_byte_ns + 2'000'000'000;
  r.finish = Finish::kLength;
  r.status = 200;
  r.requested_input = 1000 + static_cast<std::uint32_t>(index);
  r.requested_output = 64;
  r.prompt_tokens = r.requested_input;
  r.completion_tokens = 64;
  r.sent_bytes = 7000;
  r.received_bytes = 13000;
  if (index < 3) r.flags = kWarmup;
  return r;
}

struct Written {
  RecordStore store;
  std::vector<Record> records;
  std::vector<std::vector<std::int64_t>> times;
  std::size_t tokens = 0;
};

// `count` requests of 64 tokens, 20 ms apart with a little jitter; an epoch as a monotonic clock would give
// it.
void fill(Written& w, std::size_t count, std::uint64_t seed) {
  const std::int64_t epoch = 123'456'789'012'345;
  Random random(seed);
  TokenBlockPool pool;
  for (std::size_t i = 0; i < count; ++i) {
    Record r = sample_record(i, random);
    TokenLog log;
    std::int64_t at = epoch + r.first_byte_ns;
    w.times.emplace_back();
    for (int t = 0; t < 64; ++t) {
      log.add(pool, at, 1);
      w.times.back().push_back(at - epoch);
      at += 20'000'000 + static_cast<std::int64_t>(random.below(200'000));
      ++w.tokens;
    }
    w.store.add(r, log, epoch);
    r.first_token_ns = w.times.back()[0];
    r.counted_tokens = r.chunks = 64;
    w.records.push_back(r);
    log.clear(pool);
  }
}

std::vector<std::span<const std::uint8_t>> all(const RecordStore& store) {
  return {store.records().begin(), store.records().end()};
}

void save(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

}  // namespace

TEST_CASE("varints and zigzag round trip") {
  for (const std::uint64_t value : {0ull, 1ull, 127ull, 128ull, 300ull, 1ull << 32, ~0ull}) {
    std::uint8_t buffer[kLongestVarint];
    const std::uint8_t* end = put_varint(buffer, value);
    std::uint64_t back = 1;
    CHECK(get_varint(buffer, end, back) == end);
    CHECK(back == value);
    CHECK(get_varint(buffer, end - 1, back) == nullptr);
  }
  for (const std::int64_t value : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1}, INT64_MIN, INT64_MAX})
    CHECK(unzigzag(zigzag(value)) == value);
}

TEST_CASE("records come back as they were, tokens within half a unit") {
  Written w;
  fill(w, 200, 1);
  std::size_t n = 0;
  for (const auto bytes : w.store.records()) {
    const auto view = decode_record(bytes);
    REQUIRE(view);
    const Record &a = view->record, &b = w.records[n];
    CHECK(a.index == b.index);
    CHECK(a.planned_ns == b.planned_ns);
    CHECK(a.cap_wait_ns == b.cap_wait_ns);
    CHECK(a.started_ns == b.started_ns);
    CHECK(a.sent_ns == b.sent_ns);
    CHECK(a.first_byte_ns == b.first_byte_ns);
    CHECK(a.first_token_ns == b.first_token_ns);
    CHECK(a.end_ns == b.end_ns);
    CHECK(a.flags == b.flags);
    CHECK(a.finish == b.finish);
    CHECK(a.status == b.status);
    CHECK(a.prompt_tokens == b.prompt_tokens);
    CHECK(a.cached_tokens == -1);
    CHECK(a.chunks == 64);
    CHECK(a.received_bytes == b.received_bytes);
    TokenReader reader(*view);
    std::int64_t at = 0;
    std::uint32_t count = 0;
    for (const std::int64_t expected : w.times[n]) {
      REQUIRE(reader.next(at, count));
      CHECK(std::abs(at - expected) <= kTokenUnit_ns / 2);
      CHECK(count == 1);
    }
    CHECK_FALSE(reader.next(at, count));
    ++n;
  }
  CHECK(n == 200);
}

TEST_CASE("a token costs at most four bytes, everything included") {
  Written w;
  fill(w, 500, 2);
  const std::string bytes = encode_section(core::Value::object(), all(w.store));
  CHECK(static_cast<double>(bytes.size()) / static_cast<double>(w.tokens) < 4);
}

TEST_CASE("chunks with several tokens and requests without any") {
  TokenBlockPool pool;
  RecordStore store;
  TokenLog log;
  log.add(pool, 1000, 3);
  log.add(pool, 51'000, 1);
  log.add(pool, 51'000, 250);
  store.add(Record(), log, 0);
  log.clear(pool);
  store.add(Record(), log, 0);
  const auto first = decode_record(store.records()[0]);
  REQUIRE(first);
  CHECK(first->record.counted_tokens == 254);
  CHECK(first->record.chunks == 3);
  const auto table = to_value(*first);
  CHECK(table["tokens"].size() == 3);
  CHECK(table["tokens"][2][1] == 250);
  CHECK(table["tokens"][1][0] == Approx(51e-6));
  const auto second = decode_record(store.records()[1]);
  REQUIRE(second);
  CHECK(second->record.first_token_ns == -1);
  CHECK(to_value(*second)["tokens"].empty());
}

TEST_CASE("a record larger than a slab fits, and the next one too") {
  TokenBlockPool pool;
  RecordStore store;
  TokenLog log;
  for (std::int64_t i = 0; i < 600'000; ++i) log.add(pool, i * 20'000'000, 1);
  store.add(Record(), log, 0);
  log.clear(pool);
  store.add(Record(), log, 0);
  CHECK(decode_record(store.records()[0])->record.chunks == 600'000);
  CHECK(decode_record(store.records()[1])->record.chunks == 0);
}

TEST_CASE("record files: write, read, merge, export") {
  Written a, b;
  fill(a, 20, 3);
  fill(b, 30, 4);
  const auto path_a = temporary("a.rec"), path_b = temporary("b.rec"), merged = temporary("m.rec");
  save(path_a, encode_section({{"stage", "0"}}, all(a.store)));
  save(path_b, encode_section({{"stage", "0"}}, all(b.store)));
  REQUIRE(merge_record_files({path_a, path_b}, merged));
  const auto file = read_record_file(merged);
  REQUIRE(file);
  CHECK(file.value()->problem.empty());
  REQUIRE(file.value()->sections.size() == 2);
  CHECK(file.value()->sections[0].records.size() == 20);
  CHECK(file.value()->sections[1].records.size() == 30);
  CHECK(file.value()->sections[0].header["stage"] == "0");
  const auto lines = temporary("m.jsonl");
  const auto exported = export_record_file(merged, lines);
  REQUIRE(exported);
  CHECK(exported->records == 50);
  CHECK(exported->problem.empty());
  std::ifstream in(lines);
  std::string line;
  int count = 0;
  for (; std::getline(in, line); ++count) CHECK(core::Value::parse(line)["tokens"].size() == 64);
  CHECK(count == 50);
}

TEST_CASE("damaged record files say so and give what they have") {
  Written w;
  fill(w, 20, 5);
  const std::string good = encode_section(core::Value::object(), all(w.store));
  const auto path = temporary("bad.rec");
  save(path, good.substr(0, good.size() / 2));
  auto file = read_record_file(path);
  REQUIRE(file);
  CHECK(file.value()->problem == "a record is cut off");
  CHECK(file.value()->sections[0].records.size() > 5);
  CHECK(merge_record_files({path}, temporary("no.rec")).error().code == "invalid");

  std::string flipped = good;
  flipped[good.size() / 2] ^= 1;
  save(path, flipped);
  file = read_record_file(path);
  REQUIRE(file);
  CHECK_FALSE(file.value()->problem.empty());

  core::Value nested;
  for (int i = 0; i < 2000; ++i) nested = core::Value::array({nested});
  save(path, encode_section({{"x", nested}}, all(w.store)));
  CHECK(read_record_file(path).error().message.find("nested deeper") != std::string::npos);

  save(path, "something else entirely");
  CHECK(read_record_file(path).error().code == "invalid");
  std::string newer = good;
  newer[8] = 2;
  save(path, newer);
  CHECK(read_record_file(path).error().hint.find("newer") != std::string::npos);
  CHECK(read_record_file(temporary("absent.rec")).error().code == "not_found");
}
