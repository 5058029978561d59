// What the program tells: lines with levels on the console and in log files, a live status line. Registered
// secrets are hidden in all of it. spdlog is seen only in log.cpp. Thread safe.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "core/console.hpp"
#include "core/error.hpp"

namespace core {

enum class Level { kDebug, kInfo, kWarning, kError, kOff };

/// `debug`, `info`, `warning` (or `warn`), `error`, `off`; nothing for other words.
std::optional<Level> level_named(const std::string& name);
std::string level_name(Level level);

struct LogLine {
  Level level = Level::kInfo;
  std::string text;    ///< several lines are logged one by one
  std::string module;  ///< whose files get it besides the combined ones; "" none
  std::string emoji;   ///< instead of the level's own, on terminals that show them
  int indent = 0;      ///< depth of nesting, each level shown as `    | `
  bool plain = false;  ///< for copy and paste: no prefix, no indentation
};

/// Lines look like `2026-11-24 20:18:00,123 - INFO    - text`; debug and info go to stdout, warning and error
/// to stderr, of the console as of the files.
class Log {
 public:
  /// `wall_ns` is asked for the time of each line.
  Log(const Environment& env, std::function<std::int64_t()> wall_ns, int out_fd = 1, int err_fd = 2);
  ~Log();

  void write(const LogLine& line);
  void write(Level level, const std::string& text) { write(LogLine{level, text}); }

  /// Least level that the console shows, kOff for nothing at all; files get everything. kInfo at first.
  void set_console_level(Level level);
  Level console_level() const;

  /// From now on lines also go to `<folder>/llmdbenchmark-{stdout,stderr}.log`, and those of a module to
  /// `<folder>/<module>-<4 hex>-{stdout,stderr}.log` as well. Replaces earlier files.
  Result<Done> open_files(const std::string& folder);
  void close_files();

  /// A part of the live status line; "" removes it. Shown on a terminal only, never in files.
  void status(const std::string& key, const std::string& text);

  Console& console() { return console_; }

 private:
  struct Files;

  void write_one(const LogLine& line, const std::string& stamp);
  std::string console_text(const LogLine& line, const std::string& stamp, bool colour, bool emoji) const;
  void report_file_trouble(const std::string& what);

  Console console_;
  std::function<std::int64_t()> wall_ns_;
  mutable std::mutex mutex_;
  Level console_level_ = Level::kInfo;
  std::unique_ptr<Files> files_;
};

}  // namespace core
