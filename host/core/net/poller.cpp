// The only file of the network layer with Linux's own calls for waiting.
#include "core/net/poller.hpp"

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "core/net/monotonic.hpp"

namespace core::net {

namespace {

constexpr int kBatch = 512;  // sockets handed out by one wait

std::uint32_t to_epoll(unsigned what) {
  std::uint32_t events = 0;
  if (what & kRead) events |= EPOLLIN;
  if (what & kWrite) events |= EPOLLOUT;
  return events;
}

unsigned from_epoll(std::uint32_t events) {
  unsigned what = 0;
  if (events & EPOLLIN) what |= kRead;
  if (events & EPOLLOUT) what |= kWrite;
  if (events & (EPOLLERR | EPOLLHUP)) what |= kRead | kWrite;
  return what;
}

int require_fd(int fd, const char* what) {
  if (fd < 0) throw std::runtime_error(std::string("cannot create ") + what + ": " + std::strerror(errno));
  return fd;
}

}  // namespace

Poller::Poller() : armed_ns_(kNever) {
  ready_.reserve(kBatch);
  try {
    epoll_fd_ = require_fd(epoll_create1(EPOLL_CLOEXEC), "an epoll instance");
    timer_fd_ = require_fd(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), "a timer");
    wake_fd_ = require_fd(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "an event counter");
  } catch (...) {
    if (epoll_fd_ >= 0) close(epoll_fd_);
    if (timer_fd_ >= 0) close(timer_fd_);
    throw;
  }
  add(timer_fd_, kRead, &timer_fd_);
  add(wake_fd_, kRead, &wake_fd_);
}

Poller::~Poller() {
  close(wake_fd_);
  close(timer_fd_);
  close(epoll_fd_);
}

bool Poller::add(int fd, unsigned what, void* owner) {
  epoll_event event{};
  event.events = to_epoll(what);
  event.data.ptr = owner;
  return epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) == 0;
}

void Poller::change(int fd, unsigned what, void* owner) {
  epoll_event event{};
  event.events = to_epoll(what);
  event.data.ptr = owner;
  epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, fd, &event);
}

void Poller::remove(int fd, void* owner) {
  epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr);
  for (auto& ready : ready_) {
    if (ready.owner == owner) ready.owner = nullptr;
  }
}

void Poller::arm(std::int64_t deadline_ns) {
  if (deadline_ns == armed_ns_) return;
  armed_ns_ = deadline_ns;
  itimerspec at{};  // all zero disarms
  if (deadline_ns != kNever) {
    at.it_value.tv_sec = deadline_ns / 1'000'000'000;
    at.it_value.tv_nsec = deadline_ns % 1'000'000'000;
  }
  timerfd_settime(timer_fd_, TFD_TIMER_ABSTIME, &at, nullptr);
}

// Collects what is ready; returns how many descriptors the kernel reported, our own two included.
int Poller::poll_once(bool block) {
  epoll_event events[kBatch];
  const int count = epoll_wait(epoll_fd_, events, kBatch, block ? -1 : 0);
  for (int i = 0; i < count; ++i) {
    void* owner = events[i].data.ptr;
    if (owner == &timer_fd_) {
      armed_ns_ = kNever;
      std::uint64_t expirations = 0;
      [[maybe_unused]] const auto n = read(timer_fd_, &expirations, sizeof expirations);
    } else if (owner == &wake_fd_) {
      woken_ = true;
      std::uint64_t wakes = 0;
      [[maybe_unused]] const auto n = read(wake_fd_, &wakes, sizeof wakes);
    } else {
      ready_.push_back({owner, from_epoll(events[i].events)});
    }
  }
  return count;
}

std::span<Ready> Poller::wait(std::int64_t deadline_ns) {
  ready_.clear();
  woken_ = false;
  const std::int64_t sleep_until = deadline_ns == kNever ? kNever : deadline_ns - spin_ns_;
  if (now_ns() < sleep_until) {
    arm(sleep_until);
    poll_once(true);
  } else {
    poll_once(false);
  }
  while (spin_ns_ > 0 && ready_.empty() && !woken_ && deadline_ns != kNever) {
    const auto now = now_ns();
    if (now >= deadline_ns || now < sleep_until) break;
    poll_once(false);
  }
  return ready_;
}

void Poller::wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto n = write(wake_fd_, &one, sizeof one);
}

void sharpen_timers() { prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL); }

}  // namespace core::net
