#include <filesystem>

#include "as_user.hpp"
#include "catch.hpp"
#include "core/capture.hpp"
#include "scratch.hpp"

namespace {

constexpr std::uint64_t kMuch = 1ULL << 40;

core::Capture::NewPath at(const std::string& path) {
  return [path] { return core::Result<std::string>(path); };
}

}  // namespace

TEST_CASE("a short stream stays in memory") {
  core::Capture capture(10, kMuch, at("/no/such/place"));
  capture.append("0123");
  capture.append("456789");
  const auto output = capture.output();
  CHECK(output.text == "0123456789");
  CHECK(output.bytes == 10);
  CHECK(output.file.empty());
  CHECK(output.note.empty());
  CHECK(capture.tail(3) == "789");
}

TEST_CASE("a long stream is whole in its file and has its beginning in memory") {
  const Scratch dir;
  core::Capture capture(10, kMuch, at(dir / "spill"));
  capture.append("0123456");
  capture.append("789abcdef");
  capture.append("ghi");
  const auto output = capture.output();
  CHECK(output.text == "0123456789");
  CHECK(output.bytes == 19);
  CHECK(output.file == dir / "spill");
  CHECK(dir.get("spill") == "0123456789abcdefghi");
  CHECK(capture.tail(4) == "fghi");
  CHECK(capture.read(8, 100).size() >= 2);
  CHECK(capture.read(8, 2) == "89");
  CHECK(capture.read(10, 100) == "abcdefghi");
  CHECK(capture.read(19, 1).empty());
  CHECK(std::filesystem::status(dir / "spill").permissions() == std::filesystem::perms(0600));
}

TEST_CASE("what cannot be stored is dropped with a note") {
  core::Capture nowhere(4, kMuch, at("/no/such/place/x"));
  nowhere.append("012345");
  nowhere.append("6789");
  CHECK(nowhere.output().text == "0123");
  CHECK(nowhere.output().bytes == 10);
  CHECK(nowhere.output().note.find("cannot write") != std::string::npos);
  CHECK(nowhere.size() == 4);
  CHECK(nowhere.tail(2) == "23");

  const Scratch dir;
  core::Capture bounded(4, 8, at(dir / "spill"));
  bounded.append("012345");
  bounded.append("6789");
  CHECK(bounded.output().note.find("dropped") != std::string::npos);
  CHECK(dir.get("spill") == "012345");
}

TEST_CASE("a full disk does not stop a capture") {
  const Scratch dir;
  const SmallDisk disk(dir.path, 64);
  if (!disk.mounted) {
    WARN("skipped: only root can mount a small file system");
    return;
  }
  core::Capture capture(1000, kMuch, at(dir / "spill"));
  for (int i = 0; i < 100; ++i) capture.append(std::string(10'000, 'x'));
  CHECK(capture.output().note.find("no space left") != std::string::npos);
  CHECK(capture.output().bytes == 1'000'000);
}

TEST_CASE("lines are taken as they become complete") {
  core::Capture capture(1000, kMuch, at("/none"));
  core::LineReader reader(capture);
  capture.append("one\ntw");
  CHECK(reader.next(false) == "one");
  CHECK_FALSE(reader.next(false).has_value());
  capture.append("o\r\n\nrest");
  CHECK(reader.next(false) == "two");
  CHECK(reader.next(false) == "");
  CHECK_FALSE(reader.next(false).has_value());
  CHECK(reader.next(true) == "rest");
  CHECK_FALSE(reader.next(true).has_value());
}

TEST_CASE("lines come out of memory and file alike, and read ones give their space back") {
  const Scratch dir;
  core::Capture capture(1000, 32 << 20, at(dir / "spill"));
  core::LineReader reader(capture);
  long written = 0, taken = 0;
  for (int round = 0; round < 100; ++round) {  // 100 MB through a window of 32 MiB
    std::string block;
    for (int i = 0; i < 1000; ++i) block += std::to_string(written++) + std::string(1000, '.') + "\n";
    capture.append(block);
    while (auto line = reader.next(false)) REQUIRE(std::stol(*line) == taken++);
  }
  CHECK(taken == 100'000);
  CHECK(capture.output().file.empty());
  CHECK(capture.output().note.find("line by line") != std::string::npos);
}

TEST_CASE("an endless line comes in pieces") {
  core::Capture capture(8 << 20, kMuch, at("/none"));
  core::LineReader reader(capture);
  capture.append(std::string((1 << 20) + 5, 'x') + "\n");
  CHECK(reader.next(false)->size() == 1 << 20);
  CHECK(reader.next(false) == "xxxxx");
}
