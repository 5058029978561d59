// The two output streams of the program as a user sees them: a terminal with a live status line, or a pipe.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace core {

class Environment;

/// Lines for stdout and stderr, and below them, on a terminal, one status line that is redrawn when something
/// changes and hidden while other lines are printed. Thread safe.
class Console {
 public:
  /// Both descriptors stay the caller's. Decoration follows TERM, NO_COLOR and the locale in `env`.
  Console(const Environment& env, int out_fd = 1, int err_fd = 2);
  ~Console();
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  enum class Stream { kOut, kErr };

  /// Prints `line` and a line end. Once a stream's reader has gone it stays silent.
  void print(Stream stream, std::string_view line);

  /// Sets the part of the status line that belongs to `key`; "" removes it. Does nothing without a terminal.
  void status(const std::string& key, const std::string& text);

  /// True if something could not be written for another reason than that the reader went: a full disk.
  bool lost_output() const;

  bool has_colour(Stream stream) const { return side(stream).colour; }
  bool has_emoji(Stream stream) const { return side(stream).emoji; }
  /// True if `status` shows anything.
  bool has_status() const { return status_fd_ >= 0; }
  /// Columns of the terminal; 80 if there is none.
  int width() const;

 private:
  struct Side {
    int fd;
    bool terminal = false, colour = false, emoji = false, broken = false, lost = false;
  };
  const Side& side(Stream stream) const { return stream == Stream::kOut ? out_ : err_; }
  Side& side(Stream stream) { return stream == Stream::kOut ? out_ : err_; }
  void write(Side& side, std::string_view data);
  void hide_status();
  void draw_status();

  mutable std::mutex mutex_;
  Side out_, err_;
  int status_fd_ = -1;
  std::vector<std::pair<std::string, std::string>> parts_;  // key and text, in order of appearance
  bool drawn_ = false;
};

/// The beginning of `text` that fits `columns`, with `…` if something was cut. Control characters become
/// blanks; each code point counts as one column, wide ones (emoji, CJK) as two.
std::string fit_columns(std::string_view text, int columns);

}  // namespace core
