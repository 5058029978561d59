// Ctrl-C: the first asks politely, the second leaves at once and takes the child processes along.
#pragma once

#include <sys/types.h>
#include <functional>
#include <memory>

namespace core {

class Loop;

/// SIGINT, SIGTERM and SIGHUP of the process. One instance per program; while it lives, SIGPIPE is ignored.
class Interrupts {
 public:
  /// `at_once` runs inside the signal handler and must be async-signal-safe; `on_signal(number)` runs on
  /// the loop soon after. A second signal before `rearm` kills the guarded process groups and exits
  /// with 128 + its number.
  Interrupts(Loop& loop, void (*at_once)(), std::function<void(int)> on_signal);
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  /// The interruption was dealt with and the program goes on: the next signal is a first one again.
  void rearm();
  /// The signal that was received first since the last `rearm`, or 0.
  int received() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Child process groups that must not survive us: the hard exit kills them. Async-signal-safe inside;
/// groups beyond the first 4,096 are not guarded.
void guard_process_group(pid_t group);
void release_process_group(pid_t group);
/// Sends SIGKILL to every guarded group.
void kill_guarded_groups();

}  // namespace core
