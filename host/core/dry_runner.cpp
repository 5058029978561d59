#include <utility>

#include "core/runner.hpp"
#include "core/world.hpp"

namespace core {

namespace {

constexpr char kDryStart[] = "dry-run";

Output text_output(const std::string& text) { return Output{text, text.size(), "", ""}; }

class DryRunner : public Runner {
 public:
  DryRunner(World& world, std::shared_ptr<Runner> real, DryNote say)
      : world_(world), real_(std::move(real)), say_(std::move(say)) {}

  Result<std::shared_ptr<Child>> start(Command command) override {
    if (command.read) return start_read(std::move(command));
    std::string text = command_text(command.argv);
    if (!command.stdin_text.empty())
      text += "  # with " + std::to_string(command.stdin_text.size()) + " bytes on stdin";
    say_(text);
    return pretend(std::move(command));
  }

  Result<std::string> which(const std::string& name) override {
    if (real_) return real_->which(name);
    return Error{"not_found", "a dry run does not look for " + name}.with("program", name);
  }

  Result<Detached> start_detached(Command command, const std::string& log_file) override {
    say_(command_text(command.argv) + "  # as a process of its own, output to " + log_file);
    return Detached{0, kDryStart};
  }

  Life life(const Detached& process) override {
    if (process.start == kDryStart) return {true, std::nullopt};
    return real_ ? real_->life(process) : Life{};
  }

  Cancel stop(const Detached& process, double, Callback<bool> done) override {
    const bool alive = life(process).alive;
    if (alive && process.pid > 0) say_("kill -- -" + std::to_string(process.pid));
    world_.loop.post([done = std::move(done), alive] { done(alive); });
    return {};
  }

 private:
  Result<std::shared_ptr<Child>> start_read(Command command) {
    if (real_) {
      auto started = real_->start(command);
      if (started || !command.dry_stdout) return started;
    }
    if (command.dry_stdout) return pretend(std::move(command));
    const std::string text = command_text(command.argv);
    return Error{"not_found", "a dry run cannot ask " + text}.with("command", text);
  }

  std::shared_ptr<Child> pretend(Command command) {
    Finished result;
    result.dry = true;
    result.out = text_output(command.dry_stdout.value_or(""));
    return make_canned_child(world_, std::move(command), std::move(result));
  }

  World& world_;
  std::shared_ptr<Runner> real_;
  DryNote say_;
};

}  // namespace

std::unique_ptr<Runner> make_dry_runner(World& world, std::shared_ptr<Runner> real, DryNote say) {
  return std::make_unique<DryRunner>(world, std::move(real), std::move(say));
}

}  // namespace core
