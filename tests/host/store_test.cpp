#include <set>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

#include "as_user.hpp"
#include "catch.hpp"
#include "core/fs.hpp"
#include "core/store.hpp"
#include "core/text.hpp"
#include "scratch.hpp"

using core::Value;

namespace {

constexpr std::int64_t kSomeTime = 1'700'000'000'123'000'000;

std::vector<std::int64_t> numbers(const std::vector<Value>& entries) {
  std::vector<std::int64_t> list;
  for (const auto& entry : entries) list.push_back(entry["n"]);
  return list;
}

}  // namespace

TEST_CASE("runs that begin in the same millisecond get folders of their own") {
  const Scratch dir;
  std::vector<core::RunFolder> folders(16);
  std::vector<std::thread> runs;
  for (auto& folder : folders)
    runs.emplace_back([&] {
      folder = core::make_run_folder(dir / "ws", "me", kSomeTime, {"logs", "plan"}).value();
    });
  for (auto& run : runs) run.join();
  std::set<std::string> names;
  for (const auto& folder : folders) {
    CHECK(names.insert(folder.name).second);
    CHECK(folder.note.empty());
    CHECK(core::stat_path(folder.path + "/plan").value().type == "dir");
  }
  CHECK(names.count(core::stat_path(dir / "ws/latest", false).value().target) == 1);
  CHECK(core::list_dir(dir / "ws").value().size() == 17);
}

TEST_CASE("user names are made fit for folder names") {
  const Scratch dir;
  CHECK(core::make_run_folder(dir.path, "a/b c", kSomeTime, {}).value().name.substr(0, 6) == "a-b-c-");
  CHECK(core::make_run_folder(dir.path, "..", kSomeTime, {}).value().name.substr(0, 6) == "user..");
  CHECK(core::make_run_folder(dir.path, "", kSomeTime, {}).value().name.substr(0, 5) == "user-");
}

TEST_CASE("a workspace that cannot be written is refused") {
  const Scratch dir;
  std::filesystem::permissions(dir.path, std::filesystem::perms(0555));
  const AsNobody nobody;
  CHECK(core::make_run_folder(dir.path, "me", kSomeTime, {}).error().code == "denied");
  CHECK(core::make_run_folder(dir / "ws", "me", kSomeTime, {}).error().code == "denied");
}

TEST_CASE("a journal survives kill -9 of its writer without a gap") {
  const Scratch dir;
  std::int64_t entries = 0;
  for (int round = 0; round < 10; ++round) {
    int progress[2];
    REQUIRE(pipe(progress) == 0);
    const pid_t writer = fork();
    if (writer == 0) {
      auto journal = core::Journal::open(dir / "journal.jsonl").value();
      const std::string padding(20'000, 'p');
      for (std::int64_t n = entries + 1;; ++n) {
        if (!journal->append({{"n", n}, {"padding", padding}}).ok()) _exit(1);
        if (write(progress[1], "x", 1) != 1) _exit(1);
      }
    }
    close(progress[1]);
    char byte;
    for (int i = 0; i < 3; ++i) REQUIRE(read(progress[0], &byte, 1) == 1);
    kill(writer, SIGKILL);
    waitpid(writer, nullptr, 0);
    std::int64_t acknowledged = entries + 3;
    while (read(progress[0], &byte, 1) == 1) ++acknowledged;
    close(progress[0]);
    auto journal = core::Journal::open(dir / "journal.jsonl").value();
    const auto found = numbers(journal->take_entries());
    for (std::size_t i = 0; i < found.size(); ++i) REQUIRE(found[i] == static_cast<std::int64_t>(i) + 1);
    entries = static_cast<std::int64_t>(found.size());
    REQUIRE(entries >= acknowledged);  // nothing that was confirmed is lost
    REQUIRE(entries <= acknowledged + 1);
  }
}

TEST_CASE("what was torn is cut, in whatever place") {
  const Scratch dir;
  const std::string first = "{\"seq\":1,\"n\":1}\n", second = "{\"seq\":2,\"n\":2}\n";
  for (std::size_t kept = 0; kept < second.size(); ++kept) {
    dir.put("journal", first + second.substr(0, kept));
    CHECK(core::read_journal(dir / "journal").value().torn_bytes == kept);
    auto journal = core::Journal::open(dir / "journal").value();
    CHECK(journal->cut_bytes() == kept);
    CHECK(journal->append({{"n", 3}}).value() == 2);
    CHECK(dir.get("journal") == first + "{\"seq\":2,\"n\":3}\n");
  }
  dir.put("journal", first + std::string(30, '\0') + "\n");
  CHECK(core::Journal::open(dir / "journal").value()->cut_bytes() == 31);
  CHECK(dir.get("journal") == first);
}

TEST_CASE("a journal that something else changed is refused with the line") {
  const Scratch dir;
  const auto error = [&](const std::string& content) {
    dir.put("journal", content);
    const auto opened = core::Journal::open(dir / "journal");
    CHECK(dir.get("journal") == content);
    return opened.error();
  };
  CHECK(error("{\"seq\":1}\n{\"seq\":3}\n").facts["line"] == 2);
  CHECK(error("{\"seq\":1}\n{\"seq\":1}\n").facts["line"] == 2);
  CHECK(error("{\"seq\":1}\nnonsense\n{\"seq\":3}\n").facts["line"] == 2);
  CHECK(error("nonsense\n").facts["line"] == 1);
  CHECK(error("[1]\n").facts["line"] == 1);
  CHECK(error("{\"n\":1}\n").message.find("without seq") != std::string::npos);
  CHECK(error("\n").code == "invalid");
}

TEST_CASE("a journal has one writer at a time, in whatever process") {
  const Scratch dir;
  auto journal = core::Journal::open(dir / "journal");
  REQUIRE(journal.ok());
  CHECK(core::Journal::open(dir / "journal").error().code == "conflict");
  const pid_t other = fork();
  if (other == 0) _exit(core::Journal::open(dir / "journal").ok() ? 1 : 0);
  int status = -1;
  waitpid(other, &status, 0);
  CHECK(status == 0);
  journal->reset();
  CHECK(core::Journal::open(dir / "journal").ok());
}

TEST_CASE("a full disk leaves the journal as it was") {
  const Scratch dir;
  const SmallDisk disk(dir.path, 64);
  if (!disk.mounted) {
    WARN("skipped: only root can mount a small file system");
    return;
  }
  auto journal = core::Journal::open(dir / "journal").value();
  REQUIRE(journal->append({{"n", 1}}).ok());
  const auto failed = journal->append({{"n", 2}, {"big", std::string(200'000, 'x')}});
  CHECK(failed.error().facts["errno"] == "ENOSPC");
  CHECK(dir.get("journal") == "{\"seq\":1,\"n\":1}\n");
  CHECK(journal->append({{"n", 2}}).value() == 2);
}

TEST_CASE("a manifest tells what was changed") {
  const Scratch dir;
  dir.put("b/x", "1");
  dir.put("a", "2");
  dir.put(".a.tmp-1-abcdef", "left by an interrupted write");
  std::filesystem::create_symlink("a", dir / "link");
  const auto digest = core::write_manifest(dir.path, {{"seed", 1}}).value();
  CHECK(digest == core::sha256(dir.get("manifest.json")));
  CHECK(core::write_manifest(dir.path, {{"seed", 1}}).value() == digest);
  CHECK(core::check_manifest(dir.path).value().empty());
  const auto files = core::hash_tree(dir.path).value();
  REQUIRE(files.size() == 3);
  CHECK(files[1] == Value{{"name", "b/x"}, {"size_bytes", 1}, {"sha256", core::sha256("1")}});
  std::filesystem::remove(dir / "link");
  std::filesystem::create_symlink("b", dir / "link");
  dir.put("b/x", "9");
  dir.put("c", "");
  std::filesystem::remove(dir / "a");
  std::string found;
  const auto damages = core::check_manifest(dir.path).value();
  for (const auto& damage : damages) found += damage.name + " " + damage.what + ";";
  CHECK(found == "a missing;b/x changed;c added;link changed;");
  CHECK(core::check_manifest(dir / "b").error().code == "not_found");
}
