// Splits a stream of server-sent events that arrives in arbitrary pieces.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace core::load {

/// One event. The view lives until the next call of the scanner and as long as its input.
struct SseEvent {
  std::string_view data;
  bool is_error = false;  // `event: error`, or an `error:` line instead of data
};

/// Feed: `while (scanner.next(input, event)) use(event);` takes complete events off the input and remembers
/// the rest. Lines end with LF or CRLF; a byte order mark before the first is skipped; several data lines are
/// joined with LF; comments and other fields are ignored. An event that comes in one piece is not copied.
class SseScanner {
 public:
  bool next(std::string_view& input, SseEvent& event);
  /// Call at the end of the stream: true if an event had begun and only its empty line is missing.
  bool finish(SseEvent& event);
  /// An event longer than 16 MiB; nothing more comes out.
  bool overflown() const { return overflown_; }
  void reset();

 private:
  bool take_line(std::string_view& input, std::string_view& line);
  void field(std::string_view line);
  bool whole_event(std::string_view& input, SseEvent& event);

  std::string partial_;  // the beginning of a line
  std::string data_;
  bool has_data_ = false, is_error_ = false, line_from_partial_ = false, delivered_ = false;
  bool overflown_ = false, is_first_line_ = true;
};

}  // namespace core::load
