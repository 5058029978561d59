// Runs one stage of load, from its table to its results.
#pragma once

#include <memory>
#include <string>

#include "core/error.hpp"
#include "core/load/progress.hpp"
#include "core/load/stage_setup.hpp"
#include "core/load/verdict.hpp"
#include "core/loop.hpp"

namespace core::load {

/// A stage as asked for by a script, checked.
struct StageSpec {
  StageSetup setup;
  Limits limits;
  Value data;  // as given, for the record

  /// From the table described in docs/load.md. Throws UsageError.
  static StageSpec parse(const std::string& path, const Value& table);
};

/// A stage that runs in threads of its own.
class StageRun : public std::enable_shared_from_this<StageRun> {
 public:
  /// Prepares and runs the stage; `done` is called once, from `loop`, with what docs/metrics.md calls a stage
  /// result. Errors: `not_found` (host, files), `invalid` (prompt file, certificate, too few descriptors). A
  /// stage that was cancelled or whose requests all failed is a result, not an error.
  static std::shared_ptr<StageRun> start(Loop& loop, StageSpec spec, Callback<Value> done);
  ~StageRun();

  /// Ends the stage promptly; what is done is recorded and reported. Safe at any time, from any thread.
  void cancel();
  /// `cancel`, and returns when all threads have ended. Only from the loop's thread.
  void cancel_and_wait();
  /// Any thread, any time.
  Progress progress() const;

 private:
  struct State;
  explicit StageRun(StageSpec spec);

  std::unique_ptr<State> state_;
};

/// The plan of a stage without running it: arrival times (at most `limit` of them), their statistics and the
/// lengths of the first prompts. Errors as in `start`.
Result<Value> preview_stage(const StageSpec& spec, std::size_t limit);

/// Recomputes the result of a stage from its record file; the sections of a merged file count as one stage.
Result<Value> summarise_file(const std::string& path, const Limits& limits);

}  // namespace core::load
