#include <utility>

#include "core/fs.hpp"
#include "core/redact.hpp"
#include "core/transcript.hpp"
#include "core/world.hpp"
#include "core/yaml.hpp"

namespace core {

namespace {

/// The transcript under construction; entries keep the order in which commands were started.
class Recording {
 public:
  explicit Recording(std::string path) : path_(std::move(path)) {}

  std::size_t begin(const Command& command) {
    commands_.push_back({{"argv", redact_argv(command.argv)}});
    return commands_.size() - 1;
  }
  void add(std::size_t index, const std::string& key, Value value) {
    commands_[index][key] = std::move(value);
  }

  void add_result(std::size_t index, const Result<Finished>& result) {
    if (!result) return add_error(index, result.error());
    if (result->exit_code != 0) add(index, "exit_code", result->exit_code);
    if (!result->signal.empty()) add(index, "signal", result->signal);
    if (!result->out.text.empty()) add(index, "stdout", redact(result->out.text));
    if (!result->err.text.empty()) add(index, "stderr", redact(result->err.text));
    add(index, "seconds", static_cast<double>(static_cast<std::int64_t>(result->seconds * 1000)) / 1000);
    save();
  }

  void add_error(std::size_t index, const Error& given) {
    const Error error = redact(given);
    add(index, "error", {{"code", error.code}, {"message", error.message}, {"hint", error.hint}});
    save();
  }

  void save() const {
    YamlStyle style;
    style.literal_blocks = true;
    // A transcript that cannot be written must not stop what is being recorded.
    (void)write_file(path_, encode_yaml({{"commands", commands_}}, style)).ok();
  }

 private:
  std::string path_;
  Value commands_ = Value::array();
};

class RecordingRunner : public Runner {
 public:
  RecordingRunner(std::shared_ptr<Runner> inner, const std::string& path)
      : inner_(std::move(inner)), recording_(std::make_shared<Recording>(path)) {}

  Result<std::shared_ptr<Child>> start(Command command) override {
    const auto index = recording_->begin(command);
    auto child = inner_->start(std::move(command));
    if (!child) {
      recording_->add_error(index, child.error());
      return child;
    }
    (*child)->wait(
        [recording = recording_, index](Result<Finished> result) { recording->add_result(index, result); });
    return child;
  }

  Result<std::string> which(const std::string& name) override { return inner_->which(name); }

  Result<Detached> start_detached(Command command, const std::string& log_file) override {
    const auto index = recording_->begin(command);
    recording_->add(index, "detached", true);
    auto process = inner_->start_detached(std::move(command), log_file);
    if (process) {
      recording_->add(index, "pid", process->pid);
      recording_->save();
    } else {
      recording_->add_error(index, process.error());
    }
    return process;
  }

  Life life(const Detached& process) override { return inner_->life(process); }
  Cancel stop(const Detached& process, double grace_s, Callback<bool> done) override {
    return inner_->stop(process, grace_s, std::move(done));
  }

 private:
  std::shared_ptr<Runner> inner_;
  std::shared_ptr<Recording> recording_;
};

}  // namespace

std::unique_ptr<Runner> make_recording_runner(std::shared_ptr<Runner> inner, const std::string& path) {
  return std::make_unique<RecordingRunner>(std::move(inner), path);
}

}  // namespace core
