// Recorded child processes: written by a recorder around a real runner, played back in tests.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/runner.hpp"

namespace core {

/// One recorded command and its answer. In a file:
///
///     commands:
///       - argv: [kubectl, get, pods, -o, json]
///         stdout: '{"items": []}'
///         seconds: 0.2
///       - argv: [kubectl, delete, pod, "*"]   # with `glob`, * and ? match inside an argument
///         glob: true
///         exit_code: 1
///         stderr: not found
///         repeat: true                        # may be asked again until the next one is asked
///
/// Other keys: `signal`, `stdin` (must then be equal), `error` (code, message, hint: could not be started or
/// was ended), and for detached processes `detached: true`, `pid`, `dies_after_s`. Top level: `any_order`,
/// and `requests` for HTTP (see http/replay_http.hpp).
struct Recorded {
  std::vector<std::string> argv;
  bool glob = false, repeat = false, detached = false;
  std::optional<std::string> stdin_text;
  Finished result;
  std::optional<Error> error;
  int pid = 0;
  double dies_after_s = -1;
};

struct Transcript {
  std::string name;  ///< for messages: mostly the file
  bool any_order = false;
  std::vector<Recorded> commands;
};

/// Reads the structure above; unknown keys and wrong types are `invalid`, with the nearest known key.
Result<Transcript> read_transcript(const Value& tree, const std::string& name);
/// From a YAML or JSON file.
Result<Transcript> load_transcript(const std::string& path);

/// Plays a transcript back: each command must be the next recorded one (or any unused one with `any_order`).
/// Another command cannot be started: `invalid`, with what was expected and the nearest recorded commands.
/// Answers take their `seconds` of the world's clock.
class ReplayRunner : public Runner {
 public:
  ReplayRunner(World& world, Transcript transcript);

  Result<std::shared_ptr<Child>> start(Command command) override;
  /// `/replay/<name>` for a program that the transcript runs.
  Result<std::string> which(const std::string& name) override;
  Result<Detached> start_detached(Command command, const std::string& log_file) override;
  Life life(const Detached& process) override;
  Cancel stop(const Detached& process, double grace_s, Callback<bool> done) override;

  /// Recorded commands that nobody asked for.
  std::vector<std::string> unused() const;

 private:
  struct Process {
    Detached id;
    std::int64_t dies_at_ns;
    bool stopped = false;
  };

  Recorded* find(const Command& command, bool detached);
  Error mismatch(const Command& command) const;

  World& world_;
  Transcript transcript_;
  std::vector<int> uses_;
  std::size_t next_ = 0;
  std::vector<Process> processes_;
};

/// Passes everything to `inner` and writes what was asked and answered to the YAML file `path`, rewritten
/// after each command. Outputs are redacted; stdin and environment are not recorded.
std::unique_ptr<Runner> make_recording_runner(std::shared_ptr<Runner> inner, const std::string& path);

}  // namespace core
