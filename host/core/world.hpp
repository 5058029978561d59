// Everything through which the program reaches the outside, in one place: the seams of the host.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/loop.hpp"

namespace core {

class Environment;
class Log;
class TempDirs;
class Runner;
class Http;

/// What is alive and owned by a script: child processes, servers, open streams, tasks. A spec that
/// leaves one behind fails; the program ends them all on exit.
class Handles {
 public:
  /// Registers one live thing; `close` ends it at once. Returns its number.
  std::uint64_t add(std::string kind, std::string what, std::function<void()> close);
  void remove(std::uint64_t id);
  /// `kind: what` of everything alive, oldest first.
  std::vector<std::string> list() const;
  /// Ends everything, newest first.
  void close_all();

 private:
  struct Entry {
    std::string kind, what;
    std::function<void()> close;
  };
  std::uint64_t next_ = 1;
  std::map<std::uint64_t, Entry> live_;
};

/// The seams. Tests replace a face (`clock`, `runner`, `http`); nothing else in the program leaves the
/// process on its own.
struct World {
  World();
  ~World();

  Loop loop;
  Handles handles;
  std::shared_ptr<Clock> clock;
  std::shared_ptr<Environment> env;
  std::shared_ptr<Log> log;
  std::shared_ptr<TempDirs> temp;  ///< removed last of all
  std::shared_ptr<Runner> runner;
  std::shared_ptr<Http> http;
};

}  // namespace core
