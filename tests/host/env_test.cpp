#include <cstdlib>

#include <unistd.h>

#include "catch.hpp"
#include "core/clock.hpp"
#include "core/env.hpp"
#include "core/redact.hpp"

TEST_CASE("the environment is a copy that children get and this process keeps apart") {
  setenv("BENCH_TEST_VALUE", "one", 1);
  core::Environment env;
  CHECK(env.get("BENCH_TEST_VALUE") == "one");
  env.set("BENCH_TEST_VALUE", "two");
  CHECK(std::string(getenv("BENCH_TEST_VALUE")) == "one");
  const auto block = core::environment_block(env, {{"BENCH_TEST_OTHER", "x=y"}, {"PATH", std::nullopt}});
  const auto has = [&](const std::string& line) { return std::count(block.begin(), block.end(), line) == 1; };
  CHECK(has("BENCH_TEST_VALUE=two"));
  CHECK(has("BENCH_TEST_OTHER=x=y"));
  CHECK(
      std::none_of(block.begin(), block.end(), [](const auto& line) { return line.rfind("PATH=", 0) == 0; }));
  env.unset("BENCH_TEST_VALUE");
  CHECK_FALSE(env.get("BENCH_TEST_VALUE").has_value());
  unsetenv("BENCH_TEST_VALUE");
}

TEST_CASE("values of secret variables are registered when seen") {
  setenv("BENCH_TEST_TOKEN", "canary-from-environ", 1);
  core::Environment env;
  CHECK(core::redact("x canary-from-environ") == "x ***");
  env.set("BENCH_TEST_PASSWORD", "canary-from-script");
  CHECK(core::redact("x canary-from-script") == "x ***");
  env.set("BENCH_TEST_NAME", "harmless-value");
  CHECK(core::redact("x harmless-value") == "x harmless-value");
  unsetenv("BENCH_TEST_TOKEN");
  core::forget_secrets();
}

TEST_CASE("a leading tilde stands for a home folder") {
  core::Environment env;
  env.set("HOME", "/home/somebody");
  CHECK(core::expand_home(env, "~") == "/home/somebody");
  CHECK(core::expand_home(env, "~/data") == "/home/somebody/data");
  CHECK(core::expand_home(env, "~root/x") == "/root/x");
  CHECK(core::expand_home(env, "~no-such-user-here/x") == "~no-such-user-here/x");
  CHECK(core::expand_home(env, "a/~") == "a/~");
  CHECK(core::expand_home(env, "") == "");
  env.unset("HOME");
  CHECK_FALSE(core::home_dir(env).empty());
}

TEST_CASE("user and machine have names") {
  CHECK_FALSE(core::user_name().empty());
  CHECK_FALSE(core::host_name().empty());
  CHECK(core::cpu_count() >= 1);
  CHECK(core::is_env_name("A_B"));
  CHECK_FALSE(core::is_env_name(""));
  CHECK_FALSE(core::is_env_name("A=B"));
}

TEST_CASE("stamps for folders and log lines use local time") {
  const char* before = getenv("TZ");
  const std::string saved = before ? before : "";
  setenv("TZ", "UTC-2", 1);
  tzset();
  CHECK(core::compact_stamp(1'700'000'000'123'000'000) == "20231115-001320-123");
  CHECK(core::log_stamp(1'700'000'000'007'000'000) == "2023-11-15 00:13:20,007");
  CHECK(core::rfc3339(1'700'000'000'123'000'000) == "2023-11-14T22:13:20.123Z");
  before ? setenv("TZ", saved.c_str(), 1) : unsetenv("TZ");
  tzset();
}
