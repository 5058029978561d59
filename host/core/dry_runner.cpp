#include <utility>

#include "core/runner.hpp"
#include "core/world.hpp"

namespace core {

namespace {

constexpr char kDryStart[] = "dry-run";

}  // namespace

DryRunner::DryRunner(World& world, std::shared_ptr<Runner> real, Note say)
    : world_(world), real_(std::move(real)), say_(std::move(say)) {}

void DryRunner::leave_out(const std::string& text) {
  left_out_.push_back(text);
  if (say_) say_(text);
}

Result<std::shared_ptr<Child>> DryRunner::start(Command command) {
  if (command.read) return start_read(std::move(command));
  std::string text = command_text(command.argv);
  if (!command.stdin_text.empty())
    text += "  # with " + std::to_string(command.stdin_text.size()) + " bytes on stdin";
  leave_out(text);
  return pretend(std::move(command));
}

Result<std::shared_ptr<Child>> DryRunner::start_read(Command command) {
  if (real_) {
    auto started = real_->start(command);
    if (started || !command.dry_stdout) return started;
  }
  if (command.dry_stdout) return pretend(std::move(command));
  const std::string text = command_text(command.argv);
  return Error{"not_found", "a dry run cannot ask " + text}.with("command", text);
}

std::shared_ptr<Child> DryRunner::pretend(Command command) {
  Finished result;
  result.dry = true;
  result.out.text = command.dry_stdout.value_or("");
  result.out.bytes = result.out.text.size();
  return make_canned_child(world_, std::move(command), std::move(result));
}

Result<std::string> DryRunner::which(const std::string& name) {
  if (real_) return real_->which(name);
  return Error{"not_found", "a dry run does not look for " + name}.with("program", name);
}

Result<Detached> DryRunner::start_detached(Command command, const std::string& log_file) {
  leave_out(command_text(command.argv) + "  # as a process of its own, output to " + log_file);
  return Detached{0, kDryStart};
}

std::vector<std::pair<Detached, std::string>> DryRunner::find_detached(const std::string& name) {
  if (!real_) return {};
  return real_->find_detached(name);
}

std::vector<Listener> DryRunner::listeners(int port) {
  if (!real_) return {};
  return real_->listeners(port);
}

Life DryRunner::life(const Detached& process) {
  if (process.start == kDryStart) return {true, std::nullopt};
  return real_ ? real_->life(process) : Life{};
}

Cancel DryRunner::stop(const Detached& process, double, Callback<bool> done) {
  const bool alive = life(process).alive;
  if (alive && process.pid > 0) leave_out("kill -- -" + std::to_string(process.pid));
  world_.loop.post([done = std::move(done), alive] { done(alive); });
  return {};
}

}  // namespace core
