#include <csignal>

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "as_user.hpp"
#include "catch.hpp"
#include "core/env.hpp"
#include "core/fd.hpp"
#include "core/fs.hpp"
#include "core/glob.hpp"
#include "core/log.hpp"
#include "core/redact.hpp"
#include "core/text.hpp"
#include "scratch.hpp"

using core::Level;

namespace {

std::int64_t fixed_time() { return 1'700'000'000'007'000'000; }

core::Environment environment(const std::string& lang = "C.UTF-8", const std::string& term = "xterm") {
  core::Environment env;
  for (const char* name : {"LC_ALL", "LC_CTYPE", "NO_COLOR"}) env.unset(name);
  env.set("LANG", lang);
  env.set("TERM", term);
  return env;
}

/// A terminal of 40 columns; `screen()` is what the program has sent to it.
struct Terminal {
  Terminal() : master(posix_openpt(O_RDWR | O_NOCTTY)) {
    grantpt(master.get());
    unlockpt(master.get());
    slave = core::Fd(open(ptsname(master.get()), O_RDWR | O_NOCTTY));
    termios raw{};
    tcgetattr(slave.get(), &raw);
    cfmakeraw(&raw);
    tcsetattr(slave.get(), TCSANOW, &raw);
    const winsize size{24, 40, 0, 0};
    ioctl(slave.get(), TIOCSWINSZ, &size);
  }
  std::string screen() {
    std::string seen;
    char buffer[4096];
    for (pollfd ready{master.get(), POLLIN, 0}; poll(&ready, 1, 100) > 0;) {
      const ssize_t got = read(master.get(), buffer, sizeof buffer);
      if (got <= 0) break;
      seen.append(buffer, static_cast<std::size_t>(got));
    }
    return seen;
  }
  core::Fd master, slave;
};

/// Two files in place of stdout and stderr.
struct Pipes {
  explicit Pipes(const Scratch& dir)
      : out(open((dir / "out").c_str(), O_WRONLY | O_CREAT, 0600)),
        err(open((dir / "err").c_str(), O_WRONLY | O_CREAT, 0600)) {}
  core::Fd out, err;
};

std::string without_time(const std::string& text) {
  return text.substr(std::min<std::size_t>(text.size(), 26));
}

}  // namespace

TEST_CASE("lines have time, level and text, and go to two streams") {
  const Scratch dir;
  const Pipes pipes(dir);
  core::Log log(environment(), fixed_time, pipes.out.get(), pipes.err.get());
  log.write(Level::kDebug, "hidden");
  log.write(Level::kInfo, "hello");
  log.write(Level::kWarning, "careful");
  log.write({Level::kInfo, "nested", "", "🚀", 2});
  log.write({Level::kInfo, "copy me", "", "🚀", 2, true});
  log.set_console_level(Level::kError);
  log.write(Level::kWarning, "hidden");
  log.write(Level::kError, "two\nlines\n");
  log.set_console_level(Level::kOff);
  log.write(Level::kError, "hidden");
  CHECK(dir.get("out").substr(0, 4) == "2023");
  CHECK(dir.get("out").substr(13, 10) == ":13:20,007");
  CHECK(without_time(dir.get("out")).substr(0, 16) == "INFO    - hello\n");
  CHECK(dir.get("out").find("INFO    -     |     | nested\ncopy me\n") != std::string::npos);
  CHECK(dir.get("err").find("WARNING - careful\n") != std::string::npos);
  CHECK(dir.get("err").find("ERROR   - two\n") != std::string::npos);
  CHECK(dir.get("err").find("ERROR   - lines\n") != std::string::npos);
  const auto err = dir.get("err");
  CHECK(std::count(err.begin(), err.end(), '\n') == 3);
  CHECK((dir.get("out") + dir.get("err")).find("hidden") == std::string::npos);
  CHECK((dir.get("out") + dir.get("err")).find('\x1b') == std::string::npos);
}

TEST_CASE("log files hold everything, plain, and a module has its own") {
  const Scratch dir;
  const Pipes pipes(dir);
  core::Log log(environment(), fixed_time, pipes.out.get(), pipes.err.get());
  log.set_console_level(Level::kOff);
  log.write(Level::kInfo, "before");
  REQUIRE(log.open_files(dir / "logs").ok());
  log.write({Level::kDebug, "detail", "stand up/../x"});
  log.write(Level::kError, "trouble");
  const auto own = core::glob(dir / "logs/stand-up-..-x-*.log");
  REQUIRE(own.size() == 2);
  CHECK(without_time(core::read_file(own[1]).value()) == "DEBUG   - detail\n");
  CHECK(core::read_file(own[0]).value().empty());
  CHECK(without_time(dir.get("logs/llmdbenchmark-stdout.log")) == "DEBUG   - detail\n");
  CHECK(without_time(dir.get("logs/llmdbenchmark-stderr.log")) == "ERROR   - trouble\n");
  CHECK(dir.get("out").empty());
  log.close_files();
  log.write(Level::kError, "after");
  CHECK(dir.get("logs/llmdbenchmark-stderr.log").find("after") == std::string::npos);
  dir.put("file", "");
  CHECK(log.open_files(dir / "file/logs").error().code == "invalid");
}

TEST_CASE("a log that cannot be written says so once and the program goes on") {
  const Scratch dir;
  const Pipes pipes(dir);
  std::filesystem::create_directory(dir / "disk");
  const SmallDisk disk(dir / "disk", 16);
  if (!disk.mounted) {
    WARN("skipped: only root can mount a small file system");
    return;
  }
  core::Log log(environment(), fixed_time, pipes.out.get(), pipes.err.get());
  REQUIRE(log.open_files(dir / "disk/logs").ok());
  for (int i = 0; i < 100; ++i) log.write(Level::kInfo, std::string(1000, 'x'));
  const auto err = dir.get("err");
  CHECK(err.find("No space left") != std::string::npos);
  CHECK(std::count(err.begin(), err.end(), '\n') == 1);
  const auto out = dir.get("out");
  CHECK(std::count(out.begin(), out.end(), '\n') == 100);
}

TEST_CASE("secrets reach no sink") {
  const Scratch dir;
  const Pipes pipes(dir);
  core::Log log(environment(), fixed_time, pipes.out.get(), pipes.err.get());
  REQUIRE(log.open_files(dir / "logs").ok());
  core::register_secret("canary-one\ncanary-two-is-long-enough");
  log.write({Level::kInfo, "key canary-one\ncanary-two-is-long-enough.", "m"});
  log.write({Level::kError, core::base64_encode("canary-one\ncanary-two-is-long-enough"), "m", "", 0, true});
  std::string all = dir.get("out") + dir.get("err");
  for (const auto& path : core::glob(dir / "logs/*")) all += core::read_file(path).value();
  CHECK(all.find("canary") == std::string::npos);
  CHECK(all.find("Y2FuYXJ5") == std::string::npos);
  CHECK(all.find("key ***.") != std::string::npos);
  core::forget_secrets();
}

TEST_CASE("a terminal gets colour and emoji, within its abilities") {
  Terminal terminal;
  const int fd = terminal.slave.get();
  const auto seen = [&](const core::Environment& env) {
    core::Log(env, fixed_time, fd, fd).write(Level::kError, "bad");
    std::string screen = terminal.screen();
    if (const auto at = screen.find("20"); at != std::string::npos) screen.erase(at, 26);
    return screen;
  };
  CHECK(seen(environment()) == "\x1b[31mERROR   - ❌ bad\x1b[0m\n");
  CHECK(seen(environment("C")) == "\x1b[31mERROR   - bad\x1b[0m\n");
  CHECK(seen(environment("C.UTF-8", "dumb")) == "ERROR   - bad\n");
  auto no_colour = environment();
  no_colour.set("NO_COLOR", "1");
  CHECK(seen(no_colour) == "ERROR   - ❌ bad\n");
}

TEST_CASE("the status line is redrawn below other lines, cut to the width, and never in files") {
  Terminal terminal;
  const Scratch dir;
  {
    core::Log log(environment(), fixed_time, terminal.slave.get(), terminal.slave.get());
    REQUIRE(log.open_files(dir / "logs").ok());
    log.status("a", "50 %");
    CHECK(terminal.screen() == "\r\x1b[2K50 %");
    log.status("a", "50 %");
    CHECK(terminal.screen().empty());
    log.write({Level::kInfo, "line", "", "", 0, true});
    CHECK(terminal.screen() == "\r\x1b[2Kline\n\r\x1b[2K50 %");
    log.status("b", "other");
    CHECK(terminal.screen() == "\r\x1b[2K\r\x1b[2K50 %  |  other");
    log.status("a", "");
    CHECK(terminal.screen() == "\r\x1b[2K\r\x1b[2Kother");
    log.status("b", std::string(100, 'x'));
    CHECK(terminal.screen() == "\r\x1b[2K\r\x1b[2K" + std::string(38, 'x') + "…");
  }
  CHECK(terminal.screen() == "\r\x1b[2K");
  CHECK(dir.get("logs/llmdbenchmark-stdout.log") == "line\n");
}

TEST_CASE("without a terminal, or with a dumb one, there is no status line") {
  const Scratch dir;
  const Pipes pipes(dir);
  core::Log log(environment(), fixed_time, pipes.out.get(), pipes.err.get());
  log.status("", "50 %");
  CHECK(dir.get("out").empty());
  Terminal terminal;
  core::Log dumb(environment("C.UTF-8", "dumb"), fixed_time, terminal.slave.get(), terminal.slave.get());
  dumb.status("", "50 %");
  dumb.write({Level::kInfo, "line", "", "", 0, true});
  CHECK(terminal.screen() == "line\n");
  CHECK(dumb.console().width() == 80);
}

TEST_CASE("a reader that has gone does not stop the program") {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  close(ends[0]);
  const auto before = signal(SIGPIPE, SIG_IGN);
  core::Log log(environment(), fixed_time, ends[1], ends[1]);
  for (int i = 0; i < 3; ++i) log.write(Level::kError, "nobody reads this");
  signal(SIGPIPE, before);
  close(ends[1]);
  SUCCEED();
}

TEST_CASE("texts are cut by columns") {
  CHECK(core::fit_columns("abc", 3) == "abc");
  CHECK(core::fit_columns("abcd", 3) == "ab…");
  CHECK(core::fit_columns("äöüß", 3) == "äö…");
  CHECK(core::fit_columns("🚀🚀🚀", 5) == "🚀🚀…");
  CHECK(core::fit_columns("a\tb\x1b[2K", 20) == "a b [2K");
  CHECK(core::fit_columns("\xff", 5) == "?");
  CHECK(core::fit_columns("abc", 0).empty());
}

TEST_CASE("levels have names") {
  CHECK(core::level_named("warn") == Level::kWarning);
  CHECK(core::level_named("error") == Level::kError);
  CHECK_FALSE(core::level_named("loud").has_value());
  CHECK(core::level_name(Level::kWarning) == "warning");
}
