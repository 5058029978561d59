#include <filesystem>
#include <thread>

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "as_user.hpp"
#include "catch.hpp"
#include "core/fs.hpp"
#include "core/store.hpp"
#include "core/text.hpp"
#include "scratch.hpp"

namespace stdfs = std::filesystem;

namespace {

int entries_in(const std::string& path) {
  return static_cast<int>(std::distance(stdfs::directory_iterator(path), stdfs::directory_iterator()));
}

}  // namespace

TEST_CASE("a file is written whole and read back") {
  const Scratch dir;
  const std::string data("a\0b\n", 4);
  REQUIRE(core::write_file(dir / "x", data).ok());
  CHECK(core::read_file(dir / "x").value() == data);
  CHECK(core::write_file(dir / "x", "").ok());
  CHECK(core::read_file(dir / "x").value().empty());
  CHECK(entries_in(dir.path) == 1);  // no temporary file left
}

TEST_CASE("replacing a file keeps its mode and follows a link") {
  const Scratch dir;
  REQUIRE(core::write_file(dir / "secret", "1", {0600, true}).ok());
  REQUIRE(core::write_file(dir / "secret", "2").ok());
  CHECK(core::stat_path(dir / "secret").value().mode == 0600);
  stdfs::create_symlink("secret", dir / "link");
  REQUIRE(core::write_file(dir / "link", "3").ok());
  CHECK(core::stat_path(dir / "link", false).value().type == "symlink");
  CHECK(dir.get("secret") == "3");
  CHECK(core::write_file("/dev/null", "gone").ok());
  CHECK(core::stat_path("/dev/null").value().type == "other");
}

TEST_CASE("errors of files name the path and the remedy") {
  const Scratch dir;
  const auto missing = core::read_file(dir / "none");
  CHECK(missing.error().code == "not_found");
  CHECK(missing.error().message.find(dir / "none") != std::string::npos);
  CHECK(missing.error().facts["errno"] == "ENOENT");
  CHECK(core::write_file(dir.path, "x").error().facts["errno"] == "EISDIR");
  CHECK(core::write_file(dir / "no/such/x", "x").error().code == "not_found");
  dir.put("big", "0123456789");
  CHECK(core::read_file(dir / "big", 5).error().code == "invalid");
  CHECK(core::read_file(dir / "big", 10).ok());
  dir.put("plain", "");
  CHECK(core::make_dirs(dir / "plain/sub").error().code == "invalid");
}

TEST_CASE("a folder without write permission is denied and stays as it was") {
  const Scratch dir;
  dir.put("ro/x", "old");
  stdfs::permissions(dir.path, stdfs::perms(0755));
  stdfs::permissions(dir / "ro", stdfs::perms(0555));
  {
    const AsNobody nobody;
    CHECK(core::write_file(dir / "ro/x", "new").error().code == "denied");
    CHECK(core::make_dirs(dir / "ro/y").error().code == "denied");
    CHECK(core::remove_path(dir / "ro/x").error().code == "denied");
    CHECK_FALSE(core::append_file(dir / "ro/z", "new").error().hint.empty());
  }
  CHECK(dir.get("ro/x") == "old");
  stdfs::permissions(dir / "ro", stdfs::perms(0755));
}

TEST_CASE("a read-only file system is denied") {
  const Scratch dir;
  const SmallDisk disk(dir.path, 64, MS_RDONLY);
  if (!disk.mounted) {
    WARN("skipped: only root can mount a read-only file system");
    return;
  }
  const auto error = core::write_file(dir / "x", "y").error();
  CHECK(error.code == "denied");
  CHECK(error.facts["errno"] == "EROFS");
}

TEST_CASE("a full disk leaves the old content and says how much is free") {
  const Scratch dir;
  const SmallDisk disk(dir.path, 64);
  if (!disk.mounted) {
    WARN("skipped: only root can mount a small file system");
    return;
  }
  REQUIRE(core::write_file(dir / "x", "old").ok());
  const auto written = core::write_file(dir / "x", std::string(200'000, 'n'));
  CHECK(written.error().code == "denied");
  CHECK(written.error().facts["errno"] == "ENOSPC");
  CHECK(written.error().hint.find("MiB are free") != std::string::npos);
  CHECK(dir.get("x") == "old");
  CHECK(entries_in(dir.path) == 1);
  REQUIRE(core::append_file(dir / "journal", "one\n").ok());
  CHECK(core::append_file(dir / "journal", std::string(200'000, 'n')).error().facts["errno"] == "ENOSPC");
  CHECK(dir.get("journal") == "one\n");
  const Scratch other;
  other.put("source", std::string(200'000, 's'));
  CHECK(core::copy_path(other / "source", dir / "copy").error().facts["errno"] == "ENOSPC");
  CHECK_FALSE(core::path_exists(dir / "copy"));
}

TEST_CASE("an append does not wait for ever for a lock") {
  const Scratch dir;
  const auto journal = core::Journal::open(dir / "journal");
  REQUIRE(journal.ok());
  CHECK(core::append_file(dir / "journal", "x").error().code == "conflict");
}

TEST_CASE("appends of several writers do not mix") {
  const Scratch dir;
  std::vector<std::thread> writers;
  for (int w = 0; w < 4; ++w)
    writers.emplace_back([&, w] {
      for (int i = 0; i < 50; ++i)
        if (!core::append_file(dir / "log", std::string(5000, static_cast<char>('a' + w)) + "\n").ok())
          std::abort();
    });
  for (auto& writer : writers) writer.join();
  std::ifstream in(dir / "log");
  int lines = 0;
  for (std::string line; std::getline(in, line); ++lines) {
    REQUIRE(line.size() == 5000);
    REQUIRE(line.find_first_not_of(line[0]) == std::string::npos);
  }
  CHECK(lines == 200);
}

TEST_CASE("readers and a killed writer see the old or the new content only") {
  const Scratch dir;
  const std::string a(300'000, 'a'), b(300'000, 'b');
  REQUIRE(core::write_file(dir / "x", a).ok());
  for (int round = 0; round < 8; ++round) {
    const pid_t writer = fork();
    if (writer == 0)
      for (;;) {
        (void)core::write_file(dir / "x", b, {-1, false}).ok();
        (void)core::write_file(dir / "x", a, {-1, false}).ok();
      }
    for (int look = 0; look < 20; ++look) {
      const std::string seen = core::read_file(dir / "x").value();
      const bool whole = seen == a || seen == b;
      REQUIRE(whole);
    }
    kill(writer, SIGKILL);
    waitpid(writer, nullptr, 0);
    const std::string left = core::read_file(dir / "x").value();
    const bool whole = left == a || left == b;
    REQUIRE(whole);
  }
}

TEST_CASE("folders are made, listed and described") {
  const Scratch dir;
  REQUIRE(core::make_dirs(dir / "a/b/c").ok());
  CHECK(core::make_dirs(dir / "a/b/c").ok());
  CHECK(core::make_dirs(dir / "a//b/").ok());
  dir.put("a/file", "12345");
  stdfs::create_symlink("nowhere", dir / "a/link");
  const auto entries = core::list_dir(dir / "a").value();
  REQUIRE(entries.size() == 3);
  CHECK(entries[0].name == "b");
  CHECK(entries[0].type == "dir");
  CHECK(entries[1].type == "file");
  CHECK(entries[2].type == "symlink");
  CHECK(core::stat_path(dir / "a/file").value().size_bytes == 5);
  CHECK(core::stat_path(dir / "a/file").value().modified_s > 1.6e9);
  CHECK(core::stat_path(dir / "a/link", false).value().target == "nowhere");
  CHECK(core::stat_path(dir / "a/link").error().code == "not_found");
  CHECK(core::path_exists(dir / "a/link"));
  CHECK_FALSE(core::path_exists(dir / "a/other"));
  CHECK(core::list_dir(dir / "none").error().code == "not_found");
}

TEST_CASE("files, links and folders are copied") {
  const Scratch dir;
  dir.put("src/x", "1");
  dir.put("src/sub/y", "2");
  stdfs::create_symlink("x", dir / "src/link");
  stdfs::permissions(dir / "src/x", stdfs::perms(0750));
  REQUIRE(core::copy_path(dir / "src", dir / "dst").ok());
  CHECK(dir.get("dst/sub/y") == "2");
  CHECK(core::stat_path(dir / "dst/x").value().mode == 0750);
  CHECK(core::stat_path(dir / "dst/link", false).value().target == "x");
  CHECK(core::copy_path(dir / "src", dir / "src/sub/again").error().code == "invalid");
  CHECK(core::copy_path(dir / "none", dir / "y").error().code == "not_found");
  CHECK(core::copy_path(dir / "src/x", dir / "dst").error().facts["errno"] == "EISDIR");
  REQUIRE(core::copy_path(dir / "src/x", dir / "dst/sub/y").ok());
  CHECK(dir.get("dst/sub/y") == "1");
}

TEST_CASE("a move between file systems arrives whole and leaves nothing") {
  const Scratch dir;
  dir.put("src/x", "1");
  REQUIRE(core::move_path(dir / "src", dir / "renamed").ok());
  CHECK(dir.get("renamed/x") == "1");
  stdfs::create_directory(dir / "disk");
  const SmallDisk disk(dir / "disk", 256);
  if (!disk.mounted) {
    WARN("second part skipped: only root can mount a second file system");
    return;
  }
  REQUIRE(core::move_path(dir / "renamed", dir / "disk/moved").ok());
  CHECK(dir.get("disk/moved/x") == "1");
  CHECK_FALSE(core::path_exists(dir / "renamed"));
  CHECK(entries_in(dir / "disk") == 1);
  dir.put("big", std::string(1 << 20, 'b'));
  CHECK(core::move_path(dir / "big", dir / "disk/big").error().facts["errno"] == "ENOSPC");
  CHECK(core::path_exists(dir / "big"));
  CHECK(entries_in(dir / "disk") == 1);
}

TEST_CASE("a link is replaced in one step, other things are not") {
  const Scratch dir;
  REQUIRE(core::make_symlink("one", dir / "latest").ok());
  REQUIRE(core::make_symlink("two", dir / "latest").ok());
  CHECK(core::stat_path(dir / "latest", false).value().target == "two");
  dir.put("file", "");
  CHECK(core::make_symlink("two", dir / "file").error().code == "conflict");
  CHECK(entries_in(dir.path) == 2);
}

TEST_CASE("removal of one thing") {
  const Scratch dir;
  dir.put("d/x", "1");
  CHECK(core::remove_path(dir / "d").error().code == "conflict");
  CHECK(core::remove_path(dir / "d/x").ok());
  CHECK(core::remove_path(dir / "d").ok());
  CHECK(core::remove_path(dir / "d").ok());
}

TEST_CASE("the digest of a file is that of its content") {
  const Scratch dir;
  const std::string data(1'000'003, 'z');
  dir.put("x", data);
  CHECK(core::sha256_file(dir / "x").value() == core::sha256(data));
  CHECK(core::sha256_file(dir / "y").error().code == "not_found");
  CHECK(core::parent_of("a/b") == "a");
  CHECK(core::parent_of("/b") == "/");
  CHECK(core::parent_of("b") == ".");
}
