#include <algorithm>
#include <csignal>
#include <filesystem>

#include <sys/wait.h>
#include <unistd.h>

#include "catch.hpp"
#include "core/fs.hpp"
#include "core/sessions.hpp"
#include "run_command.hpp"
#include "scratch.hpp"

using core::Detached;
using core::World;

namespace {

core::Result<bool> stop(World& world, const Detached& process, double grace_s) {
  return await<bool>(world, [&](auto done) { world.runner->stop(process, grace_s, done); });
}

int read_pid(const Scratch& dir, const std::string& name) {
  std::string text;
  REQUIRE(eventually([&] { return !(text = dir.get(name)).empty() && text.back() == '\n'; }));
  return std::stoi(text);
}

}  // namespace

TEST_CASE("a detached process survives the program that started it and can be found and stopped by another") {
  const Scratch dir;
  const pid_t program = fork();
  if (program == 0) {
    World world;
    const auto started =
        world.runner->start_detached(shell("echo $HELLO; echo oops >&2; exec sleep 1000"), dir / "log");
    dir.put("id", std::to_string(started->pid) + " " + started->start + "\n");
    _exit(0);
  }
  waitpid(program, nullptr, 0);
  const std::string id = dir.get("id");
  const Detached process{std::stoi(id), id.substr(id.find(' ') + 1, id.size() - id.find(' ') - 2)};
  World world;
  CHECK(world.runner->life(process).alive);
  CHECK(eventually([&] { return dir.get("log") == "\noops\n"; }));
  CHECK(getsid(process.pid) == process.pid);
  CHECK(stop(world, process, 10).value());
  CHECK_FALSE(world.runner->life(process).alive);
  CHECK_FALSE(stop(world, process, 10).value());
}

TEST_CASE("a detached process that dies is reaped and its exit code known") {
  const Scratch dir;
  World world;
  const auto process = world.runner->start_detached(shell("exit 7"), dir / "log").value();
  CHECK(eventually([&] { return !world.runner->life(process).alive; }));
  CHECK(eventually([&] { return world.runner->life(process).exit_code == 7; }));
  CHECK(core::process_start(process.pid, true).empty());
  CHECK_FALSE(stop(world, process, 1).value());
}

TEST_CASE("a reused pid is not taken for the old process and not stopped") {
  const Scratch dir;
  World world;
  const auto stranger = world.runner->start_detached(argv({"sleep", "1000"}), dir / "log").value();
  const Detached earlier{stranger.pid, "1-abcdefgh-xxxxxxxx"};
  CHECK_FALSE(world.runner->life(earlier).alive);
  CHECK_FALSE(stop(world, earlier, 0.1).value());
  CHECK(world.runner->life(stranger).alive);
  for (const Detached& nonsense :
       {Detached{0, ""}, Detached{-1, "1-2-3"}, Detached{1, ""}, Detached{getpid(), "x"}}) {
    CHECK_FALSE(world.runner->life(nonsense).alive);
    CHECK_FALSE(stop(world, nonsense, 0.1).value());
  }
  CHECK(stop(world, stranger, 10).value());
}

TEST_CASE("stopping ends the whole session, also who ignores TERM or moved to another group") {
  const Scratch dir;
  World world;
  const std::string script = "trap '' TERM; (trap '' TERM; echo $(sh -c 'echo $PPID') > " + dir / "a" +
                             "; while :; do sleep 1000; done) & " + "set -m; sh -c 'echo $$ > " + dir / "b" +
                             "; exec sleep 1000' & wait";
  const auto process = world.runner->start_detached(argv({"bash", "-c", script}), dir / "log").value();
  const int same_group = read_pid(dir, "a"), other_group = read_pid(dir, "b");
  REQUIRE(getpgid(other_group) != process.pid);
  CHECK(stop(world, process, 0.3).value());
  CHECK(core::process_start(same_group).empty());
  CHECK(core::process_start(other_group).empty());
  CHECK_FALSE(world.runner->life(process).alive);
}

TEST_CASE("workers that outlive the detached leader are found by their mark") {
  const Scratch dir;
  World world;
  const auto process =
      world.runner
          ->start_detached(shell("sleep 1000 & echo $! > " + dir / "worker" + "; exit 0"), dir / "log")
          .value();
  const int worker = read_pid(dir, "worker");
  REQUIRE(eventually([&] { return !world.runner->life(process).alive; }));
  CHECK_FALSE(stop(world, Detached{process.pid, "1-abcdefgh-othermark"}, 0.1).value());
  CHECK_FALSE(core::process_start(worker).empty());
  CHECK(stop(world, process, 10).value());
  CHECK(core::process_start(worker).empty());
}

TEST_CASE("workers of a detached process whose leader is gone are found by a variable and stopped") {
  const Scratch dir;
  World world;
  core::Command command = shell("sleep 1000 & exit 0");
  command.env["LLMDBENCH_TEST_FIND"] = dir.path;
  const auto started = world.runner->start_detached(command, dir / "log").value();
  REQUIRE(eventually([&] { return !world.runner->life(started).alive; }));
  const auto mine = [&] {
    std::vector<Detached> found;
    for (const auto& [process, value] : world.runner->find_detached("LLMDBENCH_TEST_FIND"))
      if (value == dir.path) found.push_back(process);
    return found;
  };
  REQUIRE(mine().size() == 1);
  CHECK(mine()[0].pid == started.pid);
  CHECK_FALSE(world.runner->life(mine()[0]).alive);
  CHECK(stop(world, mine()[0], 1).value());
  CHECK(mine().empty());
}

TEST_CASE("a detached process is found by its variable also while it replaces its program") {
  const Scratch dir;
  World world;
  dir.put("again", "#!/bin/sh\nexec \"$0\"\n");
  std::filesystem::permissions(dir / "again", std::filesystem::perms::owner_all);
  core::Command command = argv({dir / "again"});
  command.env["LLMDBENCH_TEST_FIND"] = dir.path;
  const auto process = world.runner->start_detached(command, dir / "log").value();
  int missed = 0;
  for (int look = 0; look < 300; ++look) {
    const auto all = world.runner->find_detached("LLMDBENCH_TEST_FIND");
    missed += std::none_of(all.begin(), all.end(), [&](const auto& one) { return one.second == dir.path; });
  }
  CHECK(missed == 0);
  CHECK(stop(world, process, 0).value());
}

TEST_CASE("a detached process that cannot start is an error") {
  const Scratch dir;
  World world;
  CHECK(world.runner->start_detached(argv({"no-such-program"}), dir / "log").error().code == "not_found");
  CHECK(world.runner->start_detached(argv({"true"}), dir / "no/such/log").error().code == "not_found");
}

TEST_CASE("a cancelled stop says so") {
  const Scratch dir;
  World world;
  const auto process =
      world.runner->start_detached(shell("trap '' TERM; echo up; while :; do sleep 1000; done"), dir / "log")
          .value();
  REQUIRE(eventually([&] { return dir.get("log") == "up\n"; }));
  std::string outcome;
  const auto cancel = world.runner->stop(
      process, 1000, [&](auto result) { outcome = result ? "ended" : result.error().code; });
  cancel();
  world.loop.run_until([&] { return !outcome.empty(); });
  CHECK(outcome == "cancelled");
  CHECK(stop(world, process, 0).value());
}
