#include <cerrno>
#include <csignal>
#include <map>

#include <fcntl.h>

#include <boost/asio/io_context.hpp>

#include "core/fs.hpp"
#include "core/os_error.hpp"
#include "core/real_child.hpp"
#include "core/redact.hpp"
#include "core/sessions.hpp"
#include "core/text.hpp"

namespace core {

namespace {

constexpr double kPollS = 0.02;
constexpr double kKillWaitS = 10.0;  // after KILL; longer means it hangs in the kernel

void register_secret_changes(const EnvChanges& changes) {
  for (const auto& [name, value] : changes)
    if (value && holds_secret(name, *value)) register_secret(*value);
}

Result<Done> check_command(const Command& command) {
  if (command.argv.empty()) return Error{"invalid", "cannot run an empty argument list"};
  for (const auto& word : command.argv)
    if (word.find('\0') != std::string::npos)
      return Error{"invalid", "cannot run " + command.argv[0] + ": an argument has a NUL byte in it"};
  for (const auto& [name, value] : command.env)
    if (!is_env_name(name) || (value && value->find('\0') != std::string::npos))
      return Error{"invalid",
                   "cannot run " + command.argv[0] + ": '" + name + "' cannot stand in an environment"};
  return Done{};
}

/// The identity of a detached process is `<kernel start time>-<boot>-<mark>`.
std::string kernel_part(const std::string& start) { return start.substr(0, start.rfind('-')); }
std::string mark_part(const std::string& start) {
  const auto dash = start.rfind('-');
  return dash == std::string::npos ? "" : start.substr(dash + 1);
}

/// Ends a whole session step by step.
struct Stopping : std::enable_shared_from_this<Stopping> {
  std::shared_ptr<RealParts> parts;
  Detached process;
  double grace_s = 0;
  Callback<bool> done;
  std::int64_t since_ns = 0;
  bool killed = false;
  Cancel timer;

  std::vector<int> members() const {
    return session_members(process.pid, kernel_part(process.start), mark_part(process.start));
  }
  void send(const std::vector<int>& pids, int number) const {
    for (const int pid : pids) ::kill(pid, number);
  }
  double elapsed_s() const { return static_cast<double>(parts->clock->monotonic_ns() - since_ns) / 1e9; }

  void finish(Result<bool> result) {
    if (auto callback = std::exchange(done, {})) callback(std::move(result));
  }
  void begin() {
    since_ns = parts->clock->monotonic_ns();
    const auto pids = members();
    if (pids.empty()) return finish(false);
    send(pids, SIGTERM);
    send(pids, SIGCONT);
    again();
  }
  void again() {
    timer = parts->clock->call_after(kPollS, [self = shared_from_this()] { self->look(); });
  }
  void look() {
    const auto pids = members();
    if (pids.empty()) return finish(true);
    if (!killed && elapsed_s() >= grace_s) {
      killed = true;
      since_ns = parts->clock->monotonic_ns();
    }
    if (killed) send(pids, SIGKILL);  // each time: members may have started new ones
    if (killed && elapsed_s() >= kKillWaitS)
      return finish(Error{"timeout", "process " + std::to_string(pids.front()) + " survives SIGKILL",
                          "it hangs in the kernel or belongs to another user"}
                        .with("pid", pids.front()));
    again();
  }
};

/// A detached process that this very process started: reaped when it ends.
struct OwnProcess {
  OwnProcess(Loop& loop, int given_pid) : pid(given_pid), ended(loop.context()) {}

  void look() {
    if (exit_code) return;
    if (const auto status = reap(pid)) exit_code = status->code;
  }

  int pid;
  std::optional<int> exit_code;
  boost::asio::posix::stream_descriptor ended;
};

class RealRunner : public Runner {
 public:
  explicit RealRunner(World& world) : world_(world), parts_(std::make_shared<RealParts>(world)) {
    struct sigaction now {};
    if (::sigaction(SIGPIPE, nullptr, &now) == 0 && now.sa_handler == SIG_DFL) ::signal(SIGPIPE, SIG_IGN);
  }

  Result<std::shared_ptr<Child>> start(Command command) override {
    auto program = prepare(command);
    if (!program) return program.error();
    auto child = std::make_shared<RealChild>(parts_, std::move(command));
    if (auto started = child->start(*program); !started) return started.error();
    return std::shared_ptr<Child>(std::move(child));
  }

  Result<std::string> which(const std::string& name) override { return find_program(name, search_path({})); }

  Result<Detached> start_detached(Command command, const std::string& log_file) override {
    auto program = prepare(command);
    if (!program) return program.error();
    const Fd log(::open(log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    if (!log) return os_error(errno, "write", log_file);
    const std::string mark = random_id(8);
    command.env[kDetachedMark] = mark;
    SpawnRequest request{*program, command.argv, environment_block(*world_.env, command.env), command.cwd};
    request.stdout_fd = request.stderr_fd = log.get();
    request.new_session = true;
    auto pid = spawn(request);
    if (!pid) return redact(std::move(pid.error()).with("command", command_text(command.argv)));
    const Detached process{*pid, process_start(*pid, true) + "-" + mark};
    watch(process);
    return process;
  }

  Life life(const Detached& process) override {
    const auto own = own_.find(process.start);
    const bool is_own = own != own_.end() && own->second->pid == process.pid;
    if (is_own) own->second->look();
    Life life{process_alive(process.pid, kernel_part(process.start)), std::nullopt};
    if (is_own) life.exit_code = own->second->exit_code;
    return life;
  }

  std::vector<std::pair<Detached, std::string>> find_detached(const std::string& name) override {
    std::vector<std::pair<Detached, std::string>> found;
    for (const auto& session : marked_sessions(name))
      found.push_back({{session.leader, session.start + "-" + session.mark}, session.value});
    return found;
  }

  std::vector<Listener> listeners(int port) override { return tcp_listeners(port); }

  Cancel stop(const Detached& process, double grace_s, Callback<bool> done) override {
    auto stopping = std::make_shared<Stopping>();
    stopping->parts = parts_;
    stopping->process = process;
    stopping->grace_s = grace_s;
    stopping->done = std::move(done);
    stopping->timer = parts_->clock->call_after(0, [stopping] { stopping->begin(); });
    return [stopping] {
      if (stopping->timer) stopping->timer();
      stopping->timer = stopping->parts->clock->call_after(0, [stopping] {
        stopping->finish(Error{"cancelled", "stopping process " + std::to_string(stopping->process.pid) +
                                                " was cancelled; it may still run"});
      });
    };
  }

 private:
  /// Checks the command, registers its secrets, and finds its program.
  Result<std::string> prepare(const Command& command) const {
    if (auto fine = check_command(command); !fine) return fine.error();
    register_secret_changes(command.env);
    auto program = find_program(command.argv[0], search_path(command.env));
    if (!program) return redact(std::move(program.error()).with("command", command_text(command.argv)));
    return std::filesystem::absolute(*program).string();
  }

  std::string search_path(const EnvChanges& changes) const {
    const auto changed = changes.find("PATH");
    const auto path = changed == changes.end() ? world_.env->get("PATH") : changed->second;
    return path.value_or("/usr/local/bin:/usr/bin:/bin");
  }

  void watch(const Detached& process) {
    auto own = std::make_shared<OwnProcess>(world_.loop, process.pid);
    own_[process.start] = own;
    Fd fd = open_pidfd(process.pid);
    if (!fd) return;
    own->ended.assign(fd.release());
    own->ended.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                          [weak = std::weak_ptr(own)](const boost::system::error_code& ec) {
                            const auto kept = weak.lock();
                            if (!ec && kept) kept->look();
                          });
  }

  World& world_;
  std::shared_ptr<RealParts> parts_;
  std::map<std::string, std::shared_ptr<OwnProcess>> own_;
};

}  // namespace

std::unique_ptr<Runner> make_real_runner(World& world) { return std::make_unique<RealRunner>(world); }

}  // namespace core
