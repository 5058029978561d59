// Readiness of many sockets on one thread, with wake-ups at absolute times and from other threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace core::net {

/// What a socket is waited for; bits.
inline constexpr unsigned kRead = 1, kWrite = 2;

/// One ready socket. `owner` is what was given to `Poller::add`.
struct Ready {
  void* owner;
  unsigned
      what;  // kRead | kWrite; an error or a hang-up sets both, so that the next call on the socket meets it
};

/// Level triggered, used by one thread (only `wake` may be called from others). Everything Linux-only
/// about waiting is in poller.cpp: epoll for sockets, a timerfd for deadlines, an eventfd for `wake`.
class Poller {
 public:
  /// Throws std::runtime_error when the kernel refuses (no file descriptors left).
  Poller();
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  /// Watches `fd`. False when the kernel refuses; `errno` says why.
  bool add(int fd, unsigned what, void* owner);
  /// Changes what a watched `fd` is waited for.
  void change(int fd, unsigned what, void* owner);
  /// Stops watching. Events of `owner` that `wait` has already handed out but the caller has not reached
  /// yet get a null owner: skip those. Call it before the descriptor is closed.
  void remove(int fd, void* owner);

  /// Blocks until a socket is ready, `wake` is called, or the monotonic clock reaches `deadline_ns`
  /// (kNever: no deadline; a deadline in the past only looks). The result is valid until the next call
  /// and may be empty.
  std::span<Ready> wait(std::int64_t deadline_ns);

  /// Makes the running or the next `wait` return soon. Safe from any thread and from signal handlers.
  void wake();

  /// Nanoseconds before a deadline in which `wait` polls instead of sleeping (default 0). It buys about
  /// 50 us of punctuality for a busy core.
  void set_spin_ns(std::int64_t spin_ns) { spin_ns_ = spin_ns; }

 private:
  int poll_once(bool block);
  void arm(std::int64_t deadline_ns);

  int epoll_fd_ = -1, timer_fd_ = -1, wake_fd_ = -1;
  std::int64_t armed_ns_;  // what the timerfd is set to; kNever when disarmed
  std::int64_t spin_ns_ = 0;
  bool woken_ = false;
  std::vector<Ready> ready_;
};

/// Asks the kernel to fire this thread's timers without its usual 50 us of slack. Call it once on each
/// thread that owns a Poller and cares about punctuality.
void sharpen_timers();

}  // namespace core::net
