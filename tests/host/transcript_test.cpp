#include "core/transcript.hpp"
#include "catch.hpp"
#include "core/fs.hpp"
#include "core/redact.hpp"
#include "core/yaml.hpp"
#include "run_command.hpp"
#include "scratch.hpp"

using core::World;

namespace {

constexpr const char* kTranscript = R"(
commands:
  - argv: [kubectl, get, pods]
    stdout: "a\nb"
    seconds: 5
  - argv: [kubectl, delete, "pod-*"]
    glob: true
    exit_code: 1
    stderr: not found
    repeat: true
  - argv: [helm, list]
    error: {code: timeout, message: helm hangs}
  - argv: [apply]
    stdin: text
)";

core::Transcript transcript(const std::string& yaml) {
  return core::read_transcript(core::decode_yaml(yaml).value().value, "t.yaml").value();
}

struct Replay : World {
  explicit Replay(const std::string& yaml) {
    clock = std::make_shared<core::VirtualClock>(loop, 0);
    player = std::make_shared<core::ReplayRunner>(*this, transcript(yaml));
    runner = player;
  }
  core::Result<core::Finished> ask(std::vector<std::string> words) {
    return run_command(*this, argv(std::move(words)));
  }
  std::shared_ptr<core::ReplayRunner> player;
};

}  // namespace

TEST_CASE("a transcript answers in its order and takes its time") {
  Replay world(kTranscript);
  const auto pods = world.ask({"kubectl", "get", "pods"}).value();
  CHECK(pods.out.text == "a\nb");
  CHECK(pods.seconds == Approx(5));
  CHECK(world.clock->monotonic_ns() == 5'000'000'000);
  CHECK(world.ask({"kubectl", "delete", "pod-1"}).value().exit_code == 1);
  CHECK(world.ask({"kubectl", "delete", "pod-2"}).value().err.text == "not found");
  CHECK(world.player->unused() == std::vector<std::string>{"helm list", "apply"});
  CHECK(world.ask({"helm", "list"}).error().message == "helm hangs");
  auto apply = argv({"apply"});
  apply.stdin_text = "other";
  CHECK(run_command(world, apply).error().code == "invalid");
  apply.stdin_text = "text";
  CHECK(run_command(world, apply).ok());
  CHECK(world.player->unused().empty());
}

TEST_CASE("a command that was not recorded is answered with what was expected") {
  Replay world(kTranscript);
  const auto error = world.ask({"kubectl", "get", "pod"}).error();
  CHECK(error.code == "invalid");
  CHECK(error.message == "t.yaml has no answer for: kubectl get pod; next is #1 kubectl get pods");
  CHECK(error.facts["nearest"][0] == "#1 kubectl get pods");
  Replay empty("commands: []");
  CHECK(empty.ask({"x"}).error().message.find("no more answers") != std::string::npos);
}

TEST_CASE("without order any unused answer will do") {
  Replay world(
      "any_order: true\ncommands: [{argv: [a], stdout: '1'}, {argv: [b]}, {argv: [a], stdout: '2', repeat: "
      "true}]");
  CHECK(world.ask({"b"}).ok());
  CHECK(world.ask({"a"}).value().out.text == "1");
  CHECK(world.ask({"a"}).value().out.text == "2");
  CHECK(world.ask({"a"}).value().out.text == "2");
  CHECK(world.ask({"b"}).error().code == "invalid");
}

TEST_CASE("timeouts, cancellation and lines work on a replay") {
  Replay world(
      "commands: [{argv: [slow], seconds: 1000, stdout: \"x\\ny\\n\"}, {argv: [slow], seconds: 1000}]");
  auto command = argv({"slow"});
  command.timeout_s = 30;
  CHECK(run_command(world, command).error().code == "timeout");
  CHECK(world.clock->monotonic_ns() == 30'000'000'000);
  std::string outcome;
  const auto cancel =
      core::run(*world.runner, argv({"slow"}), [&](auto result) { outcome = result.error().code; });
  cancel();
  world.loop.run_until([&] { return !outcome.empty(); });
  CHECK(outcome == "cancelled");

  Replay lines("commands: [{argv: [x], stdout: \"one\\n\\nrest\"}]");
  auto child = lines.runner->start(argv({"x"})).value();
  for (const char* expected : {"one", "", "rest"}) CHECK(next_line(lines, *child).value() == expected);
  CHECK_FALSE(next_line(lines, *child).value().has_value());
}

TEST_CASE("detached processes are replayed") {
  Replay world(
      "commands: [{argv: [server], detached: true, pid: 77, dies_after_s: 10}, {argv: [server], detached: "
      "true}]");
  const auto first = world.runner->start_detached(argv({"server"}), "log").value();
  CHECK(first.pid == 77);
  CHECK(world.runner->life(first).alive);
  bool later = false;
  world.clock->call_after(11, [&] { later = true; });
  world.loop.run_until([&] { return later; }, [&] { return world.clock->idle(); });
  CHECK_FALSE(world.runner->life(first).alive);
  const auto second = world.runner->start_detached(argv({"server"}), "log").value();
  CHECK(await<bool>(world, [&](auto done) { world.runner->stop(second, 1, done); }).value());
  CHECK_FALSE(world.runner->life(second).alive);
  CHECK(world.runner->which("server").ok());
  CHECK(world.runner->which("sever").error().message.find("did you mean 'server'") != std::string::npos);
}

TEST_CASE("a bad transcript names the command and the key") {
  const auto error = [](const std::string& yaml) {
    return core::read_transcript(core::decode_yaml(yaml).value().value, "t.yaml").error().message;
  };
  CHECK(error("commands: [{argv: [a]}, {argv: [a], exitcode: 1}]") ==
        "t.yaml, command 2: unknown key 'exitcode' (did you mean 'exit_code'?)");
  CHECK(error("commands: [{stdout: x}]") == "t.yaml, command 1: argv is missing");
  CHECK(error("comands: []").find("did you mean 'commands'") != std::string::npos);
  CHECK(error("commands: [{argv: x}]").find("command 1") != std::string::npos);
  CHECK(core::load_transcript("/no/such/file").error().code == "not_found");
}

TEST_CASE("a recording plays back and holds no secret") {
  const Scratch dir;
  core::register_secret("canary-recorded");
  {
    World world;
    world.runner = core::make_recording_runner(world.runner, dir / "t.yaml");
    auto command = shell("cat; echo \"$0\" line; echo err >&2; exit 4");
    command.argv.push_back("canary-recorded");
    command.stdin_text = "canary-on-stdin-only\n";
    command.stdin_text = "harmless\n";
    CHECK(run_command(world, command).value().exit_code == 4);
    auto with_secret = shell("cat > /dev/null");
    with_secret.stdin_text = "canary-on-stdin-only\n";
    CHECK(run_command(world, with_secret).ok());
    CHECK_FALSE(run_command(world, argv({"no-such-program"})).ok());
  }
  CHECK(dir.get("t.yaml").find("canary") == std::string::npos);
  World world;
  world.runner = std::make_shared<core::ReplayRunner>(world, core::load_transcript(dir / "t.yaml").value());
  const auto result =
      run_command(world, argv({"sh", "-c", "cat; echo \"$0\" line; echo err >&2; exit 4", "***"})).value();
  CHECK(result.exit_code == 4);
  CHECK(result.out.text == "harmless\n*** line\n");
  CHECK(result.err.text == "err\n");
  CHECK(run_command(world, shell("cat > /dev/null")).ok());
  CHECK(run_command(world, argv({"no-such-program"})).error().code == "not_found");
  core::forget_secrets();
}

TEST_CASE("a dry run tells what it leaves out and reads for real") {
  const Scratch dir;
  World world;
  const auto real = world.runner;
  std::string last;
  const auto dry =
      std::make_shared<core::DryRunner>(world, real, [&](const std::string& text) { last = text; });
  world.runner = dry;
  const auto& said = dry->left_out();
  auto apply = argv({"kubectl", "apply", "-f", "-", "--token=abcdefgh"});
  apply.stdin_text = "canary: 1\n";
  apply.env["HF_TOKEN"] = "canary-environment";
  const auto result = run_command(world, apply).value();
  CHECK(result.dry);
  CHECK(result.exit_code == 0);
  CHECK(said == std::vector<std::string>{"kubectl apply -f - --token=***  # with 10 bytes on stdin"});
  CHECK(run_command(world, shell("touch " + dir / "x")).value().dry);
  CHECK(dir.get("x").empty());
  CHECK_FALSE(core::path_exists(dir / "x"));

  auto read = shell("echo real");
  read.read = true;
  CHECK(run_command(world, read).value().out.text == "real\n");
  CHECK(said.size() == 2);
  read.argv = {"no-such-program"};
  CHECK(run_command(world, read).error().code == "not_found");
  read.dry_stdout = "{}";
  CHECK(run_command(world, read).value().out.text == "{}");

  const auto process = world.runner->start_detached(argv({"server"}), dir / "log").value();
  CHECK(process.pid == 0);
  CHECK(world.runner->life(process).alive);
  CHECK(await<bool>(world, [&](auto done) { world.runner->stop(process, 1, done); }).value());
  CHECK(said.size() == 3);

  const auto living = real->start_detached(argv({"sleep", "1000"}), dir / "log").value();
  CHECK(await<bool>(world, [&](auto done) { world.runner->stop(living, 1, done); }).value());
  CHECK(last == said.back());
  CHECK(said.back() == "kill -- -" + std::to_string(living.pid));
  CHECK(real->life(living).alive);
  CHECK(await<bool>(world, [&](auto done) { real->stop(living, 5, done); }).value());
}
