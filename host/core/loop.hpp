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

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace core
