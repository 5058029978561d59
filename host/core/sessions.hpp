// What the kernel tells of processes that run: their identity, the sessions that detached ones opened, their
// ports. All of it is read from /proc, which only Linux has, in sessions_linux.cpp.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace core {

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

}  // namespace core
