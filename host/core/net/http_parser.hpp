// An incremental HTTP/1.1 parser that takes bytes as they come and allocates nothing per body byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace core::net {

/// The first line and the header fields of a message; views live until the next message begins.
struct HttpHead {
  std::string_view method, target;                                    // requests
  int status = 0;                                                     // responses
  std::string_view reason;                                            // responses
  int minor_version = 1;                                              // of HTTP/1.x
  std::vector<std::pair<std::string_view, std::string_view>> fields;  // in order, values trimmed

  bool keep_alive = true;         // what version and `Connection` add up to
  bool chunked = false;           // the body comes in chunks
  bool expects_continue = false;  // request with `Expect: 100-continue`
  std::optional<std::uint64_t> content_length;

  /// Value of the first field of that name (any case), or empty.
  std::string_view field(std::string_view name) const;
};

/// Feed: `while` the input lasts call `next`, which takes what it used off the front of the input.
///
///   std::string_view input = what_was_read;
///   for (;;) switch (parser.next(input)) {
///     case kNeedMore: return;                         // all input used; come back with more
///     case kHead:     look at parser.head(); break;
///     case kBody:     use parser.body(); break;       // a piece of the body, a view into the input
///     case kDone:     message complete; break;        // the next call begins the next message
///     case kBad:      parser.problem(), parser.status_for_problem(); close the connection
///   }
///
/// A message without a body still gives kHead, then kDone. Interim responses (100 to 199, except 101) are
/// skipped. Bodies that end with the connection (responses only) end with `finish`.
class HttpParser {
 public:
  enum class Kind { kRequest, kResponse };
  enum class Event { kNeedMore, kHead, kBody, kDone, kBad };

  struct Limits {
    std::size_t head_bytes = 64 * 1024;
    std::size_t fields = 128;
    std::uint64_t body_bytes = UINT64_MAX;
  };

  explicit HttpParser(Kind kind) : HttpParser(kind, Limits()) {}
  HttpParser(Kind kind, Limits limits) : kind_(kind), limits_(limits) {}

  Event next(std::string_view& input);
  /// Tells that the connection has ended: kDone if that completes the message, kNeedMore if no message had
  /// begun, kBad if it cuts one short.
  Event finish();
  /// Announces that the next response has no body whatever its head says (the request was HEAD).
  void expect_no_body() { no_body_ = true; }
  /// Forgets everything, for a new connection.
  void reset();

  const HttpHead& head() const { return head_; }
  std::string_view body() const { return body_; }
  /// True between the first byte of a message and its end.
  bool in_message() const { return state_ != State::kStart || !text_.empty(); }
  const std::string& problem() const { return problem_; }
  /// What a server should answer to kBad: 400, 413, 431, 501 or 505.
  int status_for_problem() const { return problem_status_; }

 private:
  enum class State {
    kStart,
    kFixed,
    kUntilClose,
    kChunkSize,
    kChunkData,
    kChunkEnd,
    kTrailer,
    kFinished,
    kBroken
  };

  Event bad(int status, std::string why);
  Event read_head(std::string_view& input);
  Event parse_head();
  bool parse_request_line(std::string_view line);
  bool parse_status_line(std::string_view line);
  bool parse_field(std::string_view line);
  bool interpret_field(std::string_view name, std::string_view value);
  Event choose_body();
  Event take_body(std::string_view& input, State after);
  Event read_chunk_size(std::string_view& input);
  Event read_chunk_end(std::string_view& input);
  Event read_trailer(std::string_view& input);
  bool take_line(std::string_view& input, std::size_t limit);
  void begin_message();

  Kind kind_;
  Limits limits_;
  State state_ = State::kStart;
  bool no_body_ = false;
  HttpHead head_;
  std::string text_;            // the head's bytes; fields point into it
  std::size_t line_start_ = 0;  // in text_, of the line being read
  std::string line_;            // a chunk-size or trailer line that came in pieces
  std::size_t trailer_bytes_ = 0;
  std::uint64_t left_ = 0;  // bytes of the body or of the chunk still to come
  std::uint64_t body_total_ = 0;
  std::string_view body_;
  std::string problem_;
  int problem_status_ = 400;
};

/// Case-insensitive comparison of header names and tokens (ASCII).
bool same_token(std::string_view a, std::string_view b);

}  // namespace core::net
