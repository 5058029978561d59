// The one event loop on which scripts and everything they wait for run.
#pragma once

#include <functional>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace core {

/// Owns the Asio io_context of the main thread. Not thread safe except where said.
class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  boost::asio::io_context& context();

  /// Runs `work` soon, on the loop's thread. Safe from any thread.
  void post(std::function<void()> work);

  /// Runs handlers until `done()` says true. `idle` is asked whenever nothing is ready; it returns true
  /// if it created work (a virtual clock moving on), false to block for the next event.
  void run_until(const std::function<bool()>& done, const std::function<bool()>& idle = {});

  /// To be held while something outside the program owes it an answer: a server, a child process. A virtual
  /// clock then gives it some real time before it jumps.
  std::shared_ptr<void> expect_outside();
  bool expects_outside() const;
  /// Runs one handler, waiting for it up to `seconds` of real time. False if none came.
  bool run_one_within(double seconds);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace core
