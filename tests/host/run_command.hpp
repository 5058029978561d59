// Helpers for tests that run child processes.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "core/clock.hpp"
#include "core/runner.hpp"
#include "core/world.hpp"

/// Runs the loop until `start(callback)` has called back, and returns what it said.
template <class T, class Start>
core::Result<T> await(core::World& world, Start start) {
  std::optional<core::Result<T>> outcome;
  start([&](core::Result<T> result) { outcome = std::move(result); });
  world.loop.run_until([&] { return outcome.has_value(); }, [&] { return world.clock->idle(); });
  return std::move(*outcome);
}

inline core::Result<core::Finished> run_command(core::World& world, core::Command command) {
  return await<core::Finished>(world, [&](auto done) { core::run(*world.runner, std::move(command), done); });
}

/// `sh -c script`: tests may use a shell, the program never does.
inline core::Command shell(const std::string& script) {
  core::Command command;
  command.argv = {"sh", "-c", script};
  return command;
}

inline core::Command argv(std::vector<std::string> words) {
  core::Command command;
  command.argv = std::move(words);
  return command;
}

/// The next line of a child's stdout; nothing at the end.
inline core::Result<std::optional<std::string>> next_line(core::World& world, core::Child& child) {
  return await<std::optional<std::string>>(world,
                                           [&](auto done) { child.read_line(core::Stream::kStdout, done); });
}

/// Looks at `condition` for up to 20 s, a bound that only a hang reaches.
inline bool eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 2000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return condition();
}

inline std::size_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd"), end;
  return static_cast<std::size_t>(std::distance(all, end));
}
