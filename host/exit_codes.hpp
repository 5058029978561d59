// The one list of exit codes. Scripts read it as `host.info.exit_codes`; docs/exit-codes.md explains it.
#pragma once

namespace exit_codes {

struct Code {
  int number;
  const char* name;
  const char* meaning;
};

inline constexpr int kSuccess = 0;
inline constexpr int kFailed = 1;
inline constexpr int kInterrupted = 130;
inline constexpr int kTerminated = 143;

inline constexpr Code kAll[] = {
    {kSuccess, "success", "everything that was asked for was done"},
    {kFailed, "failed", "a step, a command or every treatment failed, or the input was bad"},
    {2, "usage", "the command line itself was wrong"},
    {3, "partial", "some treatments of an experiment failed and some succeeded"},
    {4, "not_valid", "the load ran, but a stage's verdict says that its numbers must not be used"},
    {kInterrupted, "interrupted", "stopped by Ctrl-C, after cleaning up"},
    {kTerminated, "terminated", "stopped by SIGTERM or SIGHUP, after cleaning up"},
};

}  // namespace exit_codes
