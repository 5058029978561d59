#include <atomic>
#include <fstream>
#include <thread>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "catch.hpp"
#include "core/fs.hpp"
#include "core/lock.hpp"
#include "core/loop.hpp"
#include "core/sessions.hpp"
#include "core/temp.hpp"
#include "scratch.hpp"

TEST_CASE("a held lock says who holds it, and is free after release") {
  const Scratch dir;
  auto first = core::try_lock(dir / "lock", "standup of ns-1", 0);
  REQUIRE(first.ok());
  auto second = core::try_lock(dir / "lock", "run", 0);
  REQUIRE_FALSE(second.ok());
  CHECK(second.error().code == "conflict");
  CHECK(second.error().facts["holder"]["pid"] == getpid());
  CHECK(second.error().message.find("standup of ns-1") != std::string::npos);
  (*first)->release();
  CHECK_FALSE(core::path_exists(dir / "lock"));
  CHECK(core::try_lock(dir / "lock", "run", 0).ok());
  CHECK(core::try_lock(dir / "no/such/lock", "run", 0).error().code == "not_found");
}

TEST_CASE("the lock of a killed process is taken over, with a note of whose it was") {
  const Scratch dir;
  int ready[2];
  REQUIRE(pipe(ready) == 0);
  const pid_t holder = fork();
  if (holder == 0) {
    auto lock = core::try_lock(dir / "lock", "crashing", 0);
    [[maybe_unused]] auto ignored = write(ready[1], "x", 1);
    pause();
  }
  char byte;
  REQUIRE(read(ready[0], &byte, 1) == 1);
  CHECK(core::try_lock(dir / "lock", "mine", 0).error().facts["holder"]["pid"] == holder);
  kill(holder, SIGKILL);
  waitpid(holder, nullptr, 0);
  auto taken = core::try_lock(dir / "lock", "mine", 0);
  REQUIRE(taken.ok());
  CHECK((*taken)->broken().find("crashing") != std::string::npos);
  close(ready[0]);
  close(ready[1]);
}

TEST_CASE("a lock file that holds something else does no harm") {
  const Scratch dir;
  auto first = core::try_lock(dir / "lock", "mine", 0);
  for (const std::string& note :
       {std::string(30'000, '['), std::string(R"({"pid":"x","user":5,"host":[]})")}) {
    std::ofstream(dir / "lock") << note;
    CHECK(core::try_lock(dir / "lock", "other", 0).error().code == "conflict");
  }
}

TEST_CASE("only one of many holds the lock at a time") {
  const Scratch dir;
  std::atomic<int> inside{0}, most{0}, turns{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      while (turns < 200) {
        auto lock = core::try_lock(dir / "lock", "", 0);
        if (!lock) continue;
        most = std::max(most.load(), ++inside);
        ++turns;
        std::this_thread::yield();
        --inside;
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK(most == 1);
}

TEST_CASE("waiting for a lock ends with it, with a timeout or with a cancellation") {
  const Scratch dir;
  core::Loop loop;
  core::VirtualClock clock(loop, 0);
  std::string outcome;
  const auto wait = [&](double timeout_s) {
    return core::lock(clock, dir / "lock", "me", timeout_s,
                      [&](auto result) { outcome = result ? "locked" : result.error().code; });
  };
  const auto run = [&] {
    outcome.clear();
    loop.run_until([&] { return !outcome.empty(); }, [&] { return clock.idle(); });
    return outcome;
  };
  auto held = core::try_lock(dir / "lock", "other", 0);
  wait(5);
  CHECK(run() == "timeout");
  CHECK(clock.monotonic_ns() >= 5'000'000'000);
  wait(0);
  CHECK(run() == "conflict");
  auto cancel = wait(5);
  cancel();
  CHECK(run() == "cancelled");
  cancel();
  wait(60);
  clock.call_after(7, [&] { (*held)->release(); });
  CHECK(run() == "locked");
}

TEST_CASE("temporary folders go with their owner") {
  std::string path;
  {
    core::TempDirs temp;
    path = temp.make_dir("unit").value();
    CHECK(core::stat_path(path).value().mode == 0700);
    CHECK(core::make_dirs(path + "/a/b").ok());
    CHECK(temp.make_dir("unit").value() != path);
    CHECK_FALSE(core::path_exists(temp.new_path("spill").value()));
  }
  CHECK_FALSE(core::path_exists(path));
  CHECK_FALSE(core::path_exists(core::parent_of(path)));
}

TEST_CASE("temporary folders of dead processes are swept, others stay") {
  const Scratch dir;
  const char* before = getenv("TMPDIR");
  const std::string saved = before ? before : "";
  setenv("TMPDIR", dir.path.c_str(), 1);
  const std::string dead = dir / "llmdbenchmark-999999999-123-abcdefgh-xxxx";
  const std::string alive =
      dir / ("llmdbenchmark-" + std::to_string(getpid()) + "-" + core::process_start(getpid()) + "-yyyy");
  const std::string reused = dir / ("llmdbenchmark-" + std::to_string(getpid()) + "-1-abcdefgh-zzzz");
  for (const auto& path : {dead, alive, reused, dir / "llmdbenchmark-other", dir / "unrelated"})
    REQUIRE(core::make_dirs(path + "/x").ok());
  {
    core::TempDirs temp;
    REQUIRE(temp.make_dir().ok());
  }
  before ? setenv("TMPDIR", saved.c_str(), 1) : unsetenv("TMPDIR");
  CHECK_FALSE(core::path_exists(dead));
  CHECK_FALSE(core::path_exists(reused));
  CHECK(core::path_exists(alive));
  CHECK(core::path_exists(dir / "llmdbenchmark-other"));
  CHECK(core::path_exists(dir / "unrelated"));
}
