#include "core/interrupt.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <utility>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read.hpp>

#include "core/loop.hpp"

namespace core {

namespace {

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};

std::array<std::atomic<pid_t>, 4096> guarded_groups{};
std::atomic<int> first_signal{0};
std::atomic<int> wake_fd{-1};
std::atomic<void (*)()> run_at_once{nullptr};

extern "C" void handle_signal(int number) {
  const int saved = errno;
  int none = 0;
  if (!first_signal.compare_exchange_strong(none, number)) {
    kill_guarded_groups();
    _exit(128 + number);
  }
  if (auto* hook = run_at_once.load()) hook();
  const auto byte = static_cast<unsigned char>(number);
  if (const int fd = wake_fd.load(); fd >= 0) [[maybe_unused]]
    const auto n = ::write(fd, &byte, 1);
  errno = saved;
}

}  // namespace

void guard_process_group(pid_t group) {
  for (auto& slot : guarded_groups) {
    pid_t empty = 0;
    if (slot.compare_exchange_strong(empty, group)) return;
  }
}

void release_process_group(pid_t group) {
  for (auto& slot : guarded_groups) {
    pid_t expected = group;
    if (slot.compare_exchange_strong(expected, 0)) return;
  }
}

void kill_guarded_groups() {
  for (auto& slot : guarded_groups) {
    if (const pid_t group = slot.load(); group > 1) ::kill(-group, SIGKILL);
  }
}

struct Interrupts::State {
  State(Loop& loop, std::function<void(int)> callback)
      : on_signal(std::move(callback)), reader(loop.context()) {}

  void listen() {
    reader.async_read_some(boost::asio::buffer(&byte, 1),
                           [this](const boost::system::error_code& ec, std::size_t) {
                             if (ec) return;
                             on_signal(byte);
                             listen();
                           });
  }

  std::function<void(int)> on_signal;
  boost::asio::posix::stream_descriptor reader;
  unsigned char byte = 0;
  int write_end = -1;
  struct sigaction before[std::size(kSignals)]{};
};

Interrupts::Interrupts(Loop& loop, void (*at_once)(), std::function<void(int)> on_signal)
    : state_(std::make_unique<State>(loop, std::move(on_signal))) {
  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error("no pipe for signals");
  for (const int end : ends) {
    ::fcntl(end, F_SETFD, FD_CLOEXEC);
    ::fcntl(end, F_SETFL, O_NONBLOCK);
  }
  state_->reader.assign(ends[0]);
  state_->write_end = ends[1];
  first_signal = 0;
  wake_fd = ends[1];
  run_at_once = at_once;
  struct sigaction action {};
  action.sa_handler = handle_signal;
  sigemptyset(&action.sa_mask);
  for (std::size_t i = 0; i < std::size(kSignals); ++i) {
    sigaction(kSignals[i], nullptr, &state_->before[i]);
    // `nohup` and shells' background jobs ask us to ignore a signal: respect it.
    if (state_->before[i].sa_handler != SIG_IGN) sigaction(kSignals[i], &action, nullptr);
  }
  std::signal(SIGPIPE, SIG_IGN);
  state_->listen();
}

Interrupts::~Interrupts() {
  for (std::size_t i = 0; i < std::size(kSignals); ++i) sigaction(kSignals[i], &state_->before[i], nullptr);
  run_at_once = nullptr;
  wake_fd = -1;
  ::close(state_->write_end);
}

void Interrupts::rearm() { first_signal = 0; }

int Interrupts::received() const { return first_signal.load(); }

}  // namespace core
