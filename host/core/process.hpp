// What only the kernel can do about processes: starting them in a group of their own, and their end. All
// calls that only Linux has are in process_linux.cpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "core/fd.hpp"

namespace core {

/// A pipe whose ends are closed on exec and lie above the standard three.
struct Pipe {
  Fd read, write;
};
Result<Pipe> make_pipe();

struct SpawnRequest {
  std::string program;            ///< path of the executable
  std::vector<std::string> argv;  ///< argv[0] is the name the program sees
  std::vector<std::string> env;   ///< NAME=value
  std::string cwd;                ///< "" stays where we are
  int stdin_fd = -1;              ///< -1: /dev/null
  int stdout_fd = -1;
  int stderr_fd = -1;
  bool new_session = false;  ///< a session of its own; else only a process group
  int guard_fd = -1;         ///< `Guard::fd()` if the group must die with this process
};

/// Starts a program as leader of its own process group and returns its pid once it really runs. Signals are
/// reset, no descriptor but the three is handed on. Fails if folder or program cannot be used.
Result<int> spawn(const SpawnRequest& request);

/// A descriptor that becomes readable when `pid` ends; empty if there is no such process.
Fd open_pidfd(int pid);

struct ExitStatus {
  int code = 0;    ///< exit code; 128 + signal number if a signal ended it
  int signal = 0;  ///< 0 if none
};

/// The exit status of our child `pid` if it has ended; takes it off the process table.
std::optional<ExitStatus> reap(int pid);
/// True if our child `pid` has ended and waits to be reaped.
bool has_ended(int pid);

/// `TERM` for 15 and so on; the number as text for unusual ones.
std::string signal_name(int number);
/// 15 for `TERM`, `SIGTERM` or `15`; 0 if there is no such signal.
int signal_number(const std::string& name);

/// Gives the disk blocks of a part of a file back; reading it gives zeros afterwards. May do nothing.
void release_file_range(int fd, std::uint64_t from, std::uint64_t length);

/// A tiny process beside ours that does nothing until we are gone, however that happened; then it ends the
/// process groups that are still registered: TERM, 5 s of grace, KILL.
class Guard {
 public:
  Guard() = default;
  ~Guard();
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

  /// Starts the guard if needed. The descriptor goes to `SpawnRequest::guard_fd`; -1 if none could start.
  int fd();
  /// Takes the group off the list, once it is gone.
  void forget(int group);

 private:
  Fd pipe_;
  int pid_ = -1;
};

}  // namespace core
