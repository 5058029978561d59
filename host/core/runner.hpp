// The seam for child processes. Faces: real, dry, replay (transcript.hpp), and a recorder around any.
// Programs are started with an argument vector, never through a shell.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/capture.hpp"
#include "core/env.hpp"
#include "core/error.hpp"
#include "core/sessions.hpp"
#include "core/value.hpp"

namespace core {

class Clock;
struct World;

/// A program to run and how.
struct Command {
  std::vector<std::string> argv;
  std::string stdin_text;                  ///< given to it, then its stdin is closed
  bool keep_stdin = false;                 ///< leave stdin open for `Child::write`
  EnvChanges env;                          ///< on top of the world's environment
  std::string cwd;                         ///< "": where we are
  double timeout_s = 600;                  ///< its whole life; then its group is ended
  double grace_s = 5;                      ///< between TERM and KILL
  std::uint64_t capture_bytes = 8 << 20;   ///< of stdout and stderr each, in memory; more goes to a file
  std::uint64_t spill_bytes = 4ULL << 30;  ///< most bytes of that file that nobody has read
  bool merge_stderr = false;               ///< stderr arrives in stdout, in order
  bool read = false;                       ///< it changes nothing: a dry run may really run it
  std::optional<std::string> dry_stdout;   ///< what a dry run lets it answer
};

/// How a program ended.
struct Finished {
  int exit_code = 0;   ///< 128 + number if a signal ended it
  std::string signal;  ///< e.g. "KILL"; "" if it ended by itself
  Output out, err;
  double seconds = 0;
  bool dry = false;  ///< it was not run at all
};

enum class Stream { kStdout, kStderr };

/// A running program. It lives on without its handle; the world's handles end it when the program exits.
class Child {
 public:
  virtual ~Child() = default;
  virtual int pid() const = 0;  ///< 0 if there is no real process
  virtual bool running() const = 0;
  /// The time it lives in: real for a real process, the world's for a pretended one.
  virtual Clock& clock() = 0;
  /// Its end: `Finished`, or `timeout` / `cancelled` if that is why it was ended (facts `command`, `after_s`,
  /// `stdout_tail`, `stderr_tail`). Any number of waits. Cancelling ends the wait, not the program.
  virtual Cancel wait(Callback<Finished> done) = 0;
  /// The next line of a stream; nothing at its end. One at a time per stream.
  virtual Cancel read_line(Stream stream, Callback<std::optional<std::string>> done) = 0;
  /// Writes to its stdin (`keep_stdin`); `conflict` once nobody reads it any more.
  virtual Cancel write(std::string data, Callback<Done> done) = 0;
  virtual void close_stdin() = 0;
  /// Sends a signal to its whole group.
  virtual void signal(int number) = 0;
  /// TERM to its group, KILL after `grace_s`. With `cancelled` its end is reported as that error.
  virtual void end(double grace_s, bool cancelled) = 0;
};

/// A process that survives us: its pid, and a text that tells it from a later process with that pid.
struct Detached {
  int pid = 0;
  std::string start;
};

/// What became of a detached process.
struct Life {
  bool alive = false;
  std::optional<int> exit_code;  ///< only if it was a child of this very process
};

class Runner {
 public:
  virtual ~Runner() = default;

  /// Starts a program. `not_found` (with a suggestion) or `denied` if it cannot be started.
  virtual Result<std::shared_ptr<Child>> start(Command command) = 0;
  /// Where a program is found on PATH.
  virtual Result<std::string> which(const std::string& name) = 0;
  /// Starts a program in a session of its own, with both outputs appended to `log_file`. Only argv, env and
  /// cwd of the command count.
  virtual Result<Detached> start_detached(Command command, const std::string& log_file) = 0;
  virtual Life life(const Detached& process) = 0;
  /// Detached processes that were started, by whatever program, with the variable `name` in their
  /// environment, each with its value.
  virtual std::vector<std::pair<Detached, std::string>> find_detached(const std::string& name) {
    (void)name;
    return {};
  }
  /// The processes that listen on a TCP port of this machine, see `tcp_listeners`.
  virtual std::vector<Listener> listeners(int port) {
    (void)port;
    return {};
  }
  /// Ends a detached process and everything in its session: TERM, KILL after `grace_s`. True if something
  /// had to be ended, false if nothing was left. `timeout` if it survives even that.
  virtual Cancel stop(const Detached& process, double grace_s, Callback<bool> done) = 0;
};

/// Runs a program to its end. Cancelling ends its whole group first; then `done` gets `cancelled`.
Cancel run(Runner& runner, Command command, Callback<Finished> done);

/// `argv` as text to paste into a shell, quoted where needed, secrets hidden.
std::string command_text(const std::vector<std::string>& argv);
/// One word, quoted for a shell if it needs that.
std::string shell_quote(const std::string& word);

/// Where `name` is on `path` (the value of PATH); a name with a slash is taken as it is. `not_found` with the
/// nearest program name, `denied` for a file that may not be executed.
Result<std::string> find_program(const std::string& name, const std::string& path);

/// Processes of this machine, registered with the world's handles and ended with it.
std::unique_ptr<Runner> make_real_runner(World& world);

/// Runs nothing that changes anything. Commands marked `read` go to `real` if that can start them; otherwise
/// they answer `dry_stdout`, or `not_found` if they have none.
class DryRunner : public Runner {
 public:
  /// Called for each command that is left out, with its text.
  using Note = std::function<void(const std::string& text)>;

  /// `real` may be null: then nothing is run at all.
  DryRunner(World& world, std::shared_ptr<Runner> real, Note say);

  Result<std::shared_ptr<Child>> start(Command command) override;
  Result<std::string> which(const std::string& name) override;
  Result<Detached> start_detached(Command command, const std::string& log_file) override;
  std::vector<std::pair<Detached, std::string>> find_detached(const std::string& name) override;
  std::vector<Listener> listeners(int port) override;
  Life life(const Detached& process) override;
  Cancel stop(const Detached& process, double grace_s, Callback<bool> done) override;

  /// The texts of all commands left out so far.
  const std::vector<std::string>& left_out() const { return left_out_; }

 private:
  void leave_out(const std::string& text);
  Result<std::shared_ptr<Child>> start_read(Command command);
  std::shared_ptr<Child> pretend(Command command);

  World& world_;
  std::shared_ptr<Runner> real_;
  Note say_;
  std::vector<std::string> left_out_;
};

/// A program that only pretends: it ends after `seconds` of the world's clock with the given result, or with
/// `error`. Timeouts and `end` work as with a real one.
std::shared_ptr<Child> make_canned_child(World& world, Command command, Finished result,
                                         std::optional<Error> error = std::nullopt);

}  // namespace core
