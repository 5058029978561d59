// What only the kernel can say or do about processes: starting them in a group of their own, their end,
// their identity. All calls that only Linux has are in process_linux.cpp.
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

/// Tells a process from a later one with the same pid: kernel start time and boot. "" if there is no such
/// process or only its remains (a zombie), unless `also_ended` asks for those too.
std::string process_start(int pid, bool also_ended = false);
/// True if `pid` runs and is the one that `start` was taken of.
bool process_alive(int pid, const std::string& start);

/// The variable that marks a detached process and all its descendants.
inline constexpr const char* kDetachedMark = "LLMDBENCH_DETACHED";

/// Living processes of the session that was opened by the process (`pid`, `start`). When the leader is gone
/// only those that carry `mark` in their environment count; when its pid belongs to another process, none.
std::vector<int> session_members(int pid, const std::string& start, const std::string& mark);

/// A session that was opened for a detached process which got a certain variable.
struct MarkedSession {
  int leader = 0;     ///< pid of the process that opened it, alive or not
  std::string start;  ///< `process_start` of the leader; "" if it is gone
  std::string mark;   ///< value of `kDetachedMark`
  std::string value;  ///< value of the variable
};

/// The sessions of detached processes in whose environment the variable `name` stands, as far as we may look.
std::vector<MarkedSession> marked_sessions(const std::string& name);

/// A process that listens on a TCP port of this machine.
struct Listener {
  std::int64_t uid = 0;  ///< of its user
  bool own = false;      ///< that is our user, too
  int pid = 0;           ///< 0 if it belongs to somebody into whose processes we may not look
  int session = 0;       ///< the session it lives in; 0 with `pid`
};

/// All listeners on `port`, at whatever address; a socket that several processes share gives several.
std::vector<Listener> tcp_listeners(int port);

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
