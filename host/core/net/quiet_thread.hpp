// Threads that leave signals to the main thread.
#pragma once

#include <csignal>
#include <thread>
#include <utility>

namespace core::net {

/// Starts a thread that never runs a signal handler: signals sent to the process reach the thread that deals
/// with them.
template <class Body>
std::thread quiet_thread(Body body) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);  // a new thread inherits the mask of its creator
  std::thread thread(std::move(body));
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace core::net
