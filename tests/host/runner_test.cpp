#include <csignal>
#include <fstream>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "as_user.hpp"
#include "catch.hpp"
#include "core/fs.hpp"
#include "core/process.hpp"
#include "core/redact.hpp"
#include "core/sessions.hpp"
#include "core/temp.hpp"
#include "run_command.hpp"
#include "scratch.hpp"

using core::Command;
using core::World;

namespace {

bool is_gone(int pid) { return core::process_start(pid).empty(); }

int read_pid(const Scratch& dir, const std::string& name) {
  std::string text;
  REQUIRE(eventually([&] { return !(text = dir.get(name)).empty() && text.back() == '\n'; }));
  return std::stoi(text);
}

/// Our child processes, zombies included, as the kernel lists them.
std::string children() {
  std::ifstream in("/proc/self/task/" + std::to_string(getpid()) + "/children");
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

long peak_memory_kib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

}  // namespace

TEST_CASE("a command gives its exit code and both outputs") {
  World world;
  const auto result = run_command(world, shell("echo out; echo err >&2; exit 3")).value();
  CHECK(result.exit_code == 3);
  CHECK(result.signal.empty());
  CHECK(result.out.text == "out\n");
  CHECK(result.err.text == "err\n");
  CHECK(result.seconds >= 0);
  CHECK_FALSE(result.dry);
}

TEST_CASE("arguments arrive as they are, without a shell in between") {
  World world;
  const std::vector<std::string> words{"printf", "%s|", "$HOME", "a b", "*", "'\"", "", "ü\n"};
  CHECK(run_command(world, argv(words)).value().out.text == "$HOME|a b|*|'\"||ü\n|");
}

TEST_CASE("stdin, environment and folder reach the command") {
  World world;
  const Scratch dir;
  world.env->set("BENCH_A", "1");
  world.env->set("BENCH_B", "2");
  auto command = shell("cat; echo $BENCH_A:$BENCH_B:$BENCH_C; pwd");
  command.stdin_text = "from stdin\n";
  command.env = {{"BENCH_B", std::nullopt}, {"BENCH_C", "3"}};
  command.cwd = dir.path;
  CHECK(run_command(world, command).value().out.text == "from stdin\n1::3\n" + dir.path + "\n");
  CHECK(run_command(world, shell("cat")).value().out.text.empty());  // no stdin: /dev/null
}

TEST_CASE("a large stdin goes through while output comes back") {
  World world;
  auto command = argv({"cat"});
  command.stdin_text = std::string(3 << 20, 'x');
  CHECK(run_command(world, command).value().out.text.size() == 3 << 20);
  command.argv = {"true"};  // does not read it
  CHECK(run_command(world, command).value().exit_code == 0);
}

TEST_CASE("outputs can be merged in order") {
  World world;
  auto command = shell("echo 1; echo 2 >&2; echo 3; echo 4 >&2");
  command.merge_stderr = true;
  const auto result = run_command(world, command).value();
  CHECK(result.out.text == "1\n2\n3\n4\n");
  CHECK(result.err.text.empty());
}

TEST_CASE("a command that cannot start says why and what to do") {
  World world;
  const Scratch dir;
  const auto error = [&](Command command) { return run_command(world, std::move(command)).error(); };
  const auto missing = error(argv({"pritnf", "x"}));
  CHECK(missing.code == "not_found");
  CHECK(missing.message.find("did you mean 'printf'?") != std::string::npos);
  CHECK(missing.facts["command"] == "pritnf x");
  CHECK_FALSE(missing.hint.empty());
  dir.put("plain", "data");
  CHECK(error(argv({dir / "plain"})).code == "denied");
  CHECK(error(argv({dir / "none"})).code == "not_found");
  CHECK(error(argv({dir.path})).code == "invalid");
  CHECK(error(argv({""})).code == "invalid");
  CHECK(error(argv({})).code == "invalid");
  CHECK(error(argv({"echo", std::string("a\0b", 3)})).code == "invalid");
  dir.put("script", "#!/no/such/interpreter\n");
  dir.put("garbage", "neither a script nor a program");
  for (const char* name : {"script", "garbage"})
    std::filesystem::permissions(dir / name, std::filesystem::perms(0755));
  CHECK(error(argv({dir / "script"})).hint.find("interpreter") != std::string::npos);
  CHECK(error(argv({dir / "garbage"})).code == "invalid");
  auto elsewhere = argv({"true"});
  elsewhere.cwd = dir / "no/such/folder";
  CHECK(error(elsewhere).code == "not_found");
  CHECK(error(elsewhere).message.find("no/such/folder") != std::string::npos);
  auto bad_env = argv({"true"});
  bad_env.env["A=B"] = "x";
  CHECK(error(bad_env).code == "invalid");
  CHECK(error(argv({"true", std::string(10 << 20, 'x')})).facts["errno"] == "E2BIG");
  CHECK(world.handles.list().empty());
}

TEST_CASE("programs are found on the PATH that the command will have") {
  World world;
  const Scratch dir;
  dir.put("bin/tool", "#!/bin/sh\necho mine\n");
  std::filesystem::permissions(dir / "bin/tool", std::filesystem::perms(0755));
  auto command = argv({"tool"});
  command.env["PATH"] = dir / "bin";
  CHECK(run_command(world, command).value().out.text == "mine\n");
  CHECK(world.runner->which("tool").error().code == "not_found");
  world.env->set("PATH", dir / "bin");
  CHECK(world.runner->which("tool").value() == dir / "bin/tool");
  std::filesystem::permissions(dir / "bin/tool", std::filesystem::perms(0644));
  CHECK(world.runner->which("tool").error().code == "denied");
}

TEST_CASE("a timeout ends the whole group and tells what was said so far") {
  World world;
  const Scratch dir;
  auto command = shell("echo $$ > " + dir / "parent" + "; (echo $(sh -c 'echo $PPID') > " +
                       dir / "grandchild" + "; exec sleep 1000) & echo waiting for it >&2; wait");
  command.timeout_s = 0.5;
  const auto error = run_command(world, command).error();
  CHECK(error.code == "timeout");
  CHECK(error.facts["stderr_tail"] == "waiting for it\n");
  CHECK(error.facts["after_s"] >= 0.4);
  CHECK(error.message.find("0.5 s") != std::string::npos);
  CHECK(eventually([&] { return is_gone(read_pid(dir, "parent")) && is_gone(read_pid(dir, "grandchild")); }));
  CHECK(world.handles.list().empty());
}

TEST_CASE("who ignores TERM is killed after the grace, grandchildren too") {
  World world;
  const Scratch dir;
  auto command = shell("trap '' TERM; (trap '' TERM; echo $(sh -c 'echo $PPID') > " + dir / "grandchild" +
                       "; while :; do sleep 1000; done) & echo ready; while :; do sleep 1000; done");
  command.grace_s = 0.2;
  auto child = world.runner->start(command).value();
  REQUIRE(next_line(world, *child).value() == "ready");
  child->end(0.2, false);
  const auto result = await<core::Finished>(world, [&](auto done) { child->wait(done); }).value();
  CHECK(result.signal == "KILL");
  CHECK(result.exit_code == 137);
  CHECK(eventually([&] { return is_gone(read_pid(dir, "grandchild")); }));
}

TEST_CASE("who obeys TERM may clean up") {
  World world;
  auto child =
      world.runner->start(shell("trap 'echo cleaned; exit 5' TERM; echo ready; sleep 1000 & wait")).value();
  REQUIRE(next_line(world, *child).value() == "ready");
  child->end(15, false);
  const auto result = await<core::Finished>(world, [&](auto done) { child->wait(done); }).value();
  CHECK(result.exit_code == 5);
  CHECK(result.out.text == "ready\ncleaned\n");
}

TEST_CASE("a stopped command can be ended") {
  World world;
  auto child = world.runner->start(shell("echo ready; exec sleep 1000")).value();
  REQUIRE(next_line(world, *child).value() == "ready");
  child->signal(SIGSTOP);
  child->end(15, false);
  CHECK(await<core::Finished>(world, [&](auto done) { child->wait(done); }).value().signal == "TERM");
}

TEST_CASE("cancelling a run ends the group before it reports") {
  World world;
  const Scratch dir;
  std::optional<core::Result<core::Finished>> outcome;
  const auto cancel = core::run(*world.runner, shell("echo $$ > " + dir / "pid" + "; exec sleep 1000"),
                                [&](auto result) { outcome = std::move(result); });
  const int pid = read_pid(dir, "pid");
  cancel();
  cancel();
  world.loop.run_until([&] { return outcome.has_value(); });
  CHECK(outcome->error().code == "cancelled");
  CHECK(is_gone(pid));
  cancel();
}

TEST_CASE("what a command leaves in its group is ended with it") {
  World world;
  const Scratch dir;
  const auto result =
      run_command(world, shell("sleep 1000 >/dev/null 2>&1 & echo $! > " + dir / "quiet" + "; echo done"))
          .value();
  CHECK(result.out.text == "done\n");
  CHECK(eventually([&] { return is_gone(read_pid(dir, "quiet")); }));
  const auto noisy =
      run_command(world, shell("sleep 1000 & echo $! > " + dir / "noisy" + "; echo done")).value();
  CHECK(noisy.out.text == "done\n");
  CHECK(eventually([&] { return is_gone(read_pid(dir, "noisy")); }));
}

TEST_CASE("a pipe held outside of the group does not hold the result") {
  World world;
  const Scratch dir;
  const auto result =
      run_command(world, shell("setsid sh -c 'echo $$ > " + dir / "pid" + "; exec sleep 1000' & echo done"))
          .value();
  CHECK(result.out.text == "done\n");
  kill(read_pid(dir, "pid"), SIGKILL);
}

TEST_CASE("100 MB of output are kept without holding them in memory") {
  World world;
  const long before = peak_memory_kib();
  const auto result =
      run_command(world, shell("head -c 100000000 /dev/zero | tr '\\0' x; echo end >&2")).value();
  CHECK(result.out.bytes == 100'000'000);
  CHECK(result.out.text.size() == 8 << 20);
  CHECK(core::stat_path(result.out.file).value().size_bytes == 100'000'000);
  CHECK(result.err.file.empty());
  CHECK(peak_memory_kib() - before < 64 * 1024);
  const std::string file = result.out.file;
  world.temp->remove_all();
  CHECK_FALSE(core::path_exists(file));
}

TEST_CASE("lines come while the command runs, and after it slowly or not at all") {
  World world;
  auto child = world.runner->start(shell("echo one; echo two; printf three; read go; echo four")).value();
  CHECK(next_line(world, *child).value() == "one");
  CHECK(child->running());
  CHECK(next_line(world, *child).value() == "two");
  auto refused = await<core::Done>(world, [&](auto done) { child->write("go\n", done); });
  CHECK(refused.error().code == "conflict");
  CHECK(next_line(world, *child).value() == "threefour");
  CHECK_FALSE(next_line(world, *child).value().has_value());
  CHECK_FALSE(next_line(world, *child).value().has_value());
  const auto result = await<core::Finished>(world, [&](auto done) { child->wait(done); }).value();
  CHECK(result.exit_code == 0);
}

TEST_CASE("stdin can be a conversation") {
  World world;
  auto command = shell("while read x; do echo \"got $x\"; done; echo bye");
  command.keep_stdin = true;
  auto child = world.runner->start(command).value();
  CHECK(await<core::Done>(world, [&](auto done) { child->write("a\n", done); }).ok());
  CHECK(next_line(world, *child).value() == "got a");
  CHECK(await<core::Done>(world, [&](auto done) { child->write("b\n", done); }).ok());
  child->close_stdin();
  CHECK(next_line(world, *child).value() == "got b");
  CHECK(next_line(world, *child).value() == "bye");
  CHECK(await<core::Finished>(world, [&](auto done) { child->wait(done); }).ok());
  CHECK(await<core::Done>(world, [&](auto done) { child->write("c\n", done); }).error().code == "conflict");
}

TEST_CASE("writing to a command that closed its stdin is an error, not a signal") {
  World world;
  auto command = shell("exec <&-; echo closed; sleep 1000");
  command.keep_stdin = true;
  auto child = world.runner->start(command).value();
  REQUIRE(next_line(world, *child).value() == "closed");
  const auto written =
      await<core::Done>(world, [&](auto done) { child->write(std::string(1 << 20, 'x'), done); });
  CHECK(written.error().code == "conflict");
  child->end(1, false);
  CHECK(await<core::Finished>(world, [&](auto done) { child->wait(done); }).ok());
}

TEST_CASE("waits and reads can be cancelled without touching the command") {
  World world;
  auto child = world.runner->start(shell("sleep 0.3; echo late")).value();
  std::string waited, read;
  const auto stop_wait = child->wait([&](auto result) { waited = result ? "ended" : result.error().code; });
  const auto stop_read = child->read_line(core::Stream::kStdout,
                                          [&](auto result) { read = result ? "line" : result.error().code; });
  CHECK_THROWS_AS(child->read_line(core::Stream::kStdout, [](auto) {}), core::UsageError);
  stop_wait();
  stop_read();
  world.loop.run_until([&] { return !waited.empty() && !read.empty(); });
  CHECK(waited == "cancelled");
  CHECK(read == "cancelled");
  CHECK(next_line(world, *child).value() == "late");
  CHECK(await<core::Finished>(world, [&](auto done) { child->wait(done); }).value().exit_code == 0);
}

TEST_CASE("many commands leave neither zombies nor descriptors behind") {
  const std::string children_before = children();
  {
    World world;
    REQUIRE(run_command(world, argv({"true"})).ok());  // starts the guard
    const auto before = open_descriptors();
    int ended = 0;
    for (int i = 0; i < 40; ++i) core::run(*world.runner, shell("echo x; exit 1"), [&](auto) { ++ended; });
    world.loop.run_until([&] { return ended == 40; });
    for (int i = 0; i < 5; ++i) (void)run_command(world, argv({"no-such-program-at-all"})).ok();
    CHECK(open_descriptors() == before);
    CHECK(world.handles.list().empty());
  }
  CHECK(children() == children_before);
}

TEST_CASE("a command inherits no descriptor and no signal setting") {
  World world;
  const int leaked = dup(1);  // without close-on-exec, as careless libraries open them
  signal(SIGHUP, SIG_IGN);
  const auto result =
      run_command(world, shell("ls /proc/self/fd | wc -l; grep SigIgn /proc/self/status")).value();
  signal(SIGHUP, SIG_DFL);
  close(leaked);
  CHECK(result.out.text.substr(0, 1) == "4");  // 0, 1, 2 and the folder that ls reads
  CHECK(result.out.text.find("0000000000000000") != std::string::npos);
}

TEST_CASE("ending the world kills at once what still runs") {
  const Scratch dir;
  const std::string children_before = children();
  {
    World world;
    auto child =
        world.runner
            ->start(shell("trap '' TERM; echo $$ > " + dir / "pid" + "; while :; do sleep 1000; done"))
            .value();
    CHECK(world.handles.list().size() == 1);
    read_pid(dir, "pid");
  }
  CHECK(is_gone(read_pid(dir, "pid")));
  CHECK(children() == children_before);
}

TEST_CASE("when we are killed the guard ends our commands, also those that ignore TERM") {
  const Scratch dir;
  const pid_t program = fork();
  if (program == 0) {
    World world;
    const std::string stubborn = "trap '' TERM; (trap '' TERM; echo $(sh -c 'echo $PPID') > " + dir / "b" +
                                 "; while :; do sleep 1000; done) & ";
    auto child =
        world.runner->start(shell(stubborn + "echo $$ > " + dir / "a" + "; while :; do sleep 1000; done"));
    world.loop.run_until([] { return false; });
  }
  const int leader = read_pid(dir, "a"), grandchild = read_pid(dir, "b");
  CHECK_FALSE(is_gone(leader));
  kill(program, SIGKILL);
  waitpid(program, nullptr, 0);
  CHECK(eventually([&] { return is_gone(leader) && is_gone(grandchild); }));
}

TEST_CASE("secrets do not reach command texts and errors") {
  World world;
  auto command = shell("cat >&2; echo $HF_TOKEN >&2; sleep 1000");
  command.argv.push_back("--token=canary-in-argument");
  command.argv.push_back("canary-registered");
  core::register_secret("canary-registered");
  core::register_secret("canary-stdin");
  command.stdin_text = "canary-stdin\n";
  command.env["HF_TOKEN"] = "canary-environment";
  command.timeout_s = 0.3;
  const auto error = run_command(world, command).error();
  CHECK(error.code == "timeout");
  const std::string all = error.message + error.hint + error.facts.dump();
  INFO(all);
  CHECK(all.find("canary") == std::string::npos);
  CHECK(all.find("***") != std::string::npos);
  core::forget_secrets();
}

TEST_CASE("output that fills the disk is noted and does not block the command") {
  const Scratch dir;
  const SmallDisk disk(dir.path, 256);
  if (!disk.mounted) {
    WARN("skipped: only root can mount a small file system");
    return;
  }
  const char* before = getenv("TMPDIR");
  const std::string saved = before ? before : "";
  setenv("TMPDIR", dir.path.c_str(), 1);
  {
    World world;
    auto command = shell("head -c 5000000 /dev/zero; echo done >&2");
    command.capture_bytes = 1000;
    const auto result = run_command(world, command).value();
    CHECK(result.out.bytes == 5'000'000);
    CHECK(result.out.note.find("no space left") != std::string::npos);
    CHECK(result.err.text == "done\n");
  }
  before ? setenv("TMPDIR", saved.c_str(), 1) : unsetenv("TMPDIR");
}

TEST_CASE("command texts can be pasted into a shell") {
  CHECK(core::command_text({"echo", "a b", "it's", "", "x=1", "$y", "a*"}) ==
        "echo 'a b' 'it'\\''s' '' x=1 '$y' 'a*'");
  CHECK(core::command_text({"tool", "--token", "abcdefgh"}) == "tool --token ***");
}

TEST_CASE("signals have names and numbers") {
  CHECK(core::signal_name(15) == "TERM");
  CHECK(core::signal_number("KILL") == 9);
  CHECK(core::signal_number("SIGINT") == 2);
  CHECK(core::signal_number("15") == 15);
  CHECK(core::signal_number("NONSENSE") == 0);
  CHECK(core::signal_name(99) == "99");
}
