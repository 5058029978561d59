#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/os_error.hpp"
#include "core/process.hpp"

namespace core {

namespace {

constexpr int kGuardGraceMs = 5000, kGuardPollMs = 50;

enum class Stage : int { kFolder, kProgram };

struct Report {
  Stage stage;
  int number;
};

/// Marks every descriptor from `first` on as closed on exec. Safe between fork and exec.
void close_on_exec_from(unsigned first) {
  constexpr unsigned kCloseRangeCloexec = 1U << 2;
#ifdef SYS_close_range
  if (::syscall(SYS_close_range, first, ~0U, kCloseRangeCloexec) == 0) return;
#endif
  const long most = ::sysconf(_SC_OPEN_MAX);
  for (int fd = static_cast<int>(first); fd < most; ++fd) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
}

void default_signals() {
  struct sigaction plain {};
  plain.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) ::sigaction(number, &plain, nullptr);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

/// No signal handler of ours may run in a child that still shares our descriptors.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> list;
  for (const auto& text : texts) list.push_back(const_cast<char*>(text.c_str()));
  list.push_back(nullptr);
  return list;
}

[[noreturn]] void fail_child(int report_fd, Stage stage) {
  const Report report{stage, errno};
  [[maybe_unused]] const auto ignored = ::write(report_fd, &report, sizeof report);
  ::_exit(127);
}

/// The child's side between fork and exec: only calls that are safe there.
[[noreturn]] void become(const SpawnRequest& request, char* const* argv, char* const* env, int report_fd) {
  request.new_session ? static_cast<void>(::setsid()) : static_cast<void>(::setpgid(0, 0));
  const std::int32_t group = ::getpid();
  if (request.guard_fd >= 0) {
    [[maybe_unused]] const auto ignored = ::write(request.guard_fd, &group, sizeof group);
  }
  const std::array<int, 3> standard{request.stdin_fd, request.stdout_fd, request.stderr_fd};
  for (int target = 0; target < 3; ++target) {
    const int given = standard[static_cast<std::size_t>(target)];
    const int source = given >= 0 ? given : ::open("/dev/null", target == 0 ? O_RDONLY : O_WRONLY);
    if (source != target) ::dup2(source, target);
  }
  close_on_exec_from(3);
  if (!request.cwd.empty() && ::chdir(request.cwd.c_str()) != 0) fail_child(report_fd, Stage::kFolder);
  default_signals();
  ::execve(request.program.c_str(), argv, env);
  fail_child(report_fd, Stage::kProgram);
}

Error explain(const SpawnRequest& request, const Report& report) {
  if (report.stage == Stage::kFolder)
    return os_error(report.number, "start " + request.argv[0] + " in", request.cwd);
  Error error = os_error(report.number, "start", request.program);
  if (report.number == ENOENT) error.hint = "the interpreter named in its first line (#!) does not exist";
  return error;
}

bool read_exactly(int fd, void* into, std::size_t size) {
  auto* at = static_cast<char*>(into);
  while (size > 0) {
    const ssize_t got = ::read(fd, at, size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    at += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

Fd above_standard(int fd) {
  if (fd > 2) return Fd(fd);
  Fd moved(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
  ::close(fd);
  return moved;
}

}  // namespace

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return os_error(errno, "make", "a pipe");
  Pipe pipe{above_standard(ends[0]), above_standard(ends[1])};
  return pipe;
}

Result<int> spawn(const SpawnRequest& request) {
  auto report_pipe = make_pipe();
  if (!report_pipe) return report_pipe.error();
  const auto argv = pointers(request.argv), env = pointers(request.env);
  pid_t pid = -1;
  {
    const SignalsBlocked blocked;
    pid = ::fork();
    if (pid == 0) become(request, argv.data(), env.data(), report_pipe->write.get());
  }
  if (pid < 0) return os_error(errno, "start", request.program);
  report_pipe->write.reset();
  Report report{};
  if (!read_exactly(report_pipe->read.get(), &report, sizeof report)) return static_cast<int>(pid);
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  return explain(request, report);
}

Fd open_pidfd(int pid) { return Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))); }

namespace {

bool wait_info(int pid, int flags, siginfo_t& info) {
  info = {};
  while (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | flags) != 0)
    if (errno != EINTR) return false;
  return info.si_pid == pid;
}

}  // namespace

bool has_ended(int pid) {
  siginfo_t info;
  return wait_info(pid, WNOWAIT, info);
}

std::optional<ExitStatus> reap(int pid) {
  siginfo_t info;
  if (!wait_info(pid, 0, info)) return std::nullopt;
  if (info.si_code == CLD_EXITED) return ExitStatus{info.si_status, 0};
  return ExitStatus{128 + info.si_status, info.si_status};
}

namespace {

struct SignalRow {
  int number;
  const char* name;
};

constexpr SignalRow kSignals[] = {
    {SIGHUP, "HUP"},   {SIGINT, "INT"},   {SIGQUIT, "QUIT"}, {SIGILL, "ILL"},   {SIGTRAP, "TRAP"},
    {SIGABRT, "ABRT"}, {SIGBUS, "BUS"},   {SIGFPE, "FPE"},   {SIGKILL, "KILL"}, {SIGUSR1, "USR1"},
    {SIGSEGV, "SEGV"}, {SIGUSR2, "USR2"}, {SIGPIPE, "PIPE"}, {SIGALRM, "ALRM"}, {SIGTERM, "TERM"},
    {SIGCONT, "CONT"}, {SIGSTOP, "STOP"}, {SIGTSTP, "TSTP"}, {SIGXCPU, "XCPU"}, {SIGXFSZ, "XFSZ"},
    {SIGSYS, "SYS"},
};

}  // namespace

std::string signal_name(int number) {
  for (const auto& row : kSignals)
    if (row.number == number) return row.name;
  return std::to_string(number);
}

int signal_number(const std::string& given) {
  const std::string name = given.rfind("SIG", 0) == 0 ? given.substr(3) : given;
  for (const auto& row : kSignals)
    if (name == row.name || name == std::to_string(row.number)) return row.number;
  return 0;
}

void release_file_range(int fd, std::uint64_t from, std::uint64_t length) {
  constexpr int kMode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
  [[maybe_unused]] const int ignored =
      ::fallocate(fd, kMode, static_cast<off_t>(from), static_cast<off_t>(length));
}

namespace {

/// The groups that the guard watches, and their end. Everything here is safe after a fork.
struct Watched {
  static constexpr int kMost = 4096;
  std::array<std::int32_t, kMost> groups{};
  int count = 0;

  void take(std::int32_t message) {
    if (message > 0 && count < kMost) groups[static_cast<std::size_t>(count++)] = message;
    for (int i = 0; message < 0 && i < count; ++i)
      if (groups[static_cast<std::size_t>(i)] == -message) {
        groups[static_cast<std::size_t>(i)] = groups[static_cast<std::size_t>(--count)];
        return;
      }
  }
  int signal_all(int number) const {
    int reached = 0;
    for (int i = 0; i < count; ++i) reached += ::kill(-groups[static_cast<std::size_t>(i)], number) == 0;
    return reached;
  }
};

[[noreturn]] void stand_guard(int pipe_fd) {
  ::setsid();
  ::prctl(PR_SET_NAME, "llmdbench-guard");
  default_signals();
  ::signal(SIGINT, SIG_IGN);
  ::signal(SIGTERM, SIG_IGN);
  ::signal(SIGHUP, SIG_IGN);
  const int null_fd = ::open("/dev/null", O_RDWR);
  for (int fd = 0; fd < 3; ++fd) ::dup2(null_fd, fd);
  ::dup2(pipe_fd, 3);
  for (long fd = 4, most = ::syscall(SYS_close_range, 4U, ~0U, 0) == 0 ? 0 : ::sysconf(_SC_OPEN_MAX);
       fd < most; ++fd)
    ::close(static_cast<int>(fd));
  [[maybe_unused]] const int ignored = ::chdir("/");
  static Watched watched;
  for (std::int32_t message = 0; read_exactly(3, &message, sizeof message);) watched.take(message);
  watched.signal_all(SIGTERM);
  watched.signal_all(SIGCONT);
  for (int waited_ms = 0; waited_ms < kGuardGraceMs && watched.signal_all(0) > 0; waited_ms += kGuardPollMs)
    ::usleep(kGuardPollMs * 1000);
  watched.signal_all(SIGKILL);
  ::_exit(0);
}

}  // namespace

int Guard::fd() {
  if (pipe_) return pipe_.get();
  auto pipe = make_pipe();
  if (!pipe) return -1;
  const SignalsBlocked blocked;
  pid_ = ::fork();
  if (pid_ == 0) stand_guard(pipe->read.get());
  if (pid_ > 0) pipe_ = std::move(pipe->write);
  return pipe_.get();
}

void Guard::forget(int group) {
  const std::int32_t message = -group;
  if (!pipe_) return;
  [[maybe_unused]] const auto ignored = ::write(pipe_.get(), &message, sizeof message);
}

Guard::~Guard() {
  if (!pipe_) return;
  pipe_.reset();
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace core
