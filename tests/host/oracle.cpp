#include "oracle.hpp"

#include <sys/wait.h>

#include <cstdio>

#include "catch.hpp"
#include "core/json.hpp"

namespace {

constexpr int kMissing = 77, kNoCommand = 127;

/// Output and exit code.
std::pair<std::string, int> run(const std::string& command) {
  std::string output;
  FILE* pipe = popen(command.c_str(), "r");
  REQUIRE(pipe);
  char block[1 << 16];
  while (const std::size_t size = std::fread(block, 1, sizeof block, pipe)) output.append(block, size);
  const int status = pclose(pipe);
  return {output, WIFEXITED(status) ? WEXITSTATUS(status) : -1};
}

}  // namespace

std::optional<core::Value> ask_oracle(const std::string& script, const std::string& arguments) {
  for (const char* python : {"python3", "/usr/bin/python3"}) {
    const auto [output, code] =
        run(std::string(python) + " '" TEST_SOURCE_DIR "/host/oracle/" + script + "' " + arguments);
    if (code == kMissing || code == kNoCommand) continue;
    REQUIRE(code == 0);
    auto value = core::decode_json(output, {.file = script, .nan = true});
    if (!value) FAIL(value.error().message);
    return std::move(*value);
  }
  WARN("skipped: " << script << " needs python3 and a module that is not installed");
  return {};
}
