// Opens the Lua state and hands over to lua/bench/main.lua; everything a user sees is decided there.
#include <poll.h>
#include <unistd.h>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <string>
#include <vector>

#include "core/executable.hpp"
#include "core/log.hpp"
#include "core/world.hpp"
#include "exit_codes.hpp"
#include "script/state.hpp"

namespace {

namespace fs = std::filesystem;

bool is_home(const fs::path& folder) { return fs::exists(folder / "lua" / "bench" / "main.lua"); }

// LLMDBENCH_HOME, else the share folder of the prefix we are installed in, else the source tree around
// the build folder.
std::string find_home() {
  if (const char* given = std::getenv("LLMDBENCH_HOME"); given && *given) return given;
  const fs::path self = core::executable_path();
  const fs::path installed = self.parent_path().parent_path() / "share" / "llmdbenchmark";
  if (is_home(installed)) return installed.string();
  for (fs::path folder = self.parent_path(); folder != folder.root_path(); folder = folder.parent_path()) {
    if (is_home(folder)) return folder.string();
  }
  return {};
}

// What was printed and could not be written is a failure; a reader that left early is not.
int with_output_checked(int code, const core::Console& console) {
  const bool lost = std::fflush(stdout) != 0 || std::ferror(stdout) != 0;
  pollfd reader{STDOUT_FILENO, POLLOUT, 0};
  const bool left = ::poll(&reader, 1, 0) == 1 && (reader.revents & POLLERR) != 0;
  if (!console.lost_output() && (!lost || left)) return code;
  std::fprintf(stderr, "llmdbenchmark: not all of the output could be written (is the disk full?)\n");
  return code == exit_codes::kSuccess ? exit_codes::kFailed : code;
}

// Relative paths, and much that asks for the working folder, would fail one by one.
bool has_working_folder() {
  std::error_code error;
  if (!fs::current_path(error).empty()) return true;
  std::fprintf(stderr,
               "llmdbenchmark: the working folder cannot be found: %s\n  hint: cd to a folder that exists\n",
               error.message().c_str());
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (!has_working_folder()) return exit_codes::kFailed;
    const std::string home = find_home();
    if (home.empty() || !is_home(home)) {
      std::fprintf(stderr,
                   "llmdbenchmark: cannot find its Lua files (looked next to %s)\n"
                   "  install it again with install.sh, or set LLMDBENCH_HOME to the folder that holds "
                   "lua, scripts, config and workload\n",
                   core::executable_path().c_str());
      return exit_codes::kFailed;
    }
    core::World world;
    script::State state(world, home);
    const int code = state.run("bench.main", std::vector<std::string>(argv + 1, argv + argc));
    return with_output_checked(code, world.log->console());
  } catch (const std::exception& e) {
    std::fprintf(stderr, "llmdbenchmark: %s\n", e.what());
    return exit_codes::kFailed;
  }
}
