// What a child process prints: bounded in memory, the rest in a file, readable from any place in it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "core/fd.hpp"

namespace core {

/// One captured stream, as given to scripts.
struct Output {
  std::string text;         ///< the first `memory_bytes` of it
  std::uint64_t bytes = 0;  ///< how long the stream was in all
  std::string file;         ///< where all of it is if `text` is not; "" otherwise
  std::string note;         ///< what is missing and why; "" if nothing
};

/// Stores a stream: up to `memory_bytes` in memory; once it grows beyond, the whole stream is in a file.
class Capture {
 public:
  /// Where the file may be made; asked at most once.
  using NewPath = std::function<Result<std::string>()>;

  /// At most `file_bytes` unreleased bytes are kept in the file; later ones are dropped, with a note.
  Capture(std::uint64_t memory_bytes, std::uint64_t file_bytes, NewPath new_path);

  void append(std::string_view data);
  /// Bytes that can be read.
  std::uint64_t size() const { return stored_; }
  /// Up to `most` bytes from `offset` on.
  std::string read(std::uint64_t offset, std::size_t most) const;
  /// Everything before `offset` will not be read again: its disk blocks are given back.
  void release(std::uint64_t offset);
  /// The last bytes, for error messages.
  std::string tail(std::size_t most) const;
  Output output() const;

 private:
  void open_file();
  void append_to_file(std::string_view data);

  std::uint64_t memory_bytes_, file_bytes_;
  NewPath new_path_;
  std::string head_;
  Fd file_;
  std::string file_path_, note_;
  std::uint64_t seen_ = 0, stored_ = 0, released_ = 0;
};

/// Takes lines off a Capture in order and releases what it has taken.
class LineReader {
 public:
  explicit LineReader(Capture& capture) : capture_(capture) {}

  /// The next line without its end (`\n` or `\r\n`). Nothing if it is not complete yet; with `ended` the rest
  /// counts as a line. A line of more than 1 MiB comes in pieces.
  std::optional<std::string> next(bool ended);

 private:
  std::string cut(std::size_t length, std::size_t with_end);

  Capture& capture_;
  std::uint64_t offset_ = 0;  // of the stream, after `pending_`
  std::string pending_;
  std::size_t from_ = 0;      // start of the next line in `pending_`
  std::size_t searched_ = 0;  // no line end before this place of `pending_`
};

}  // namespace core
