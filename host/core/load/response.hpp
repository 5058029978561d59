// Reads the answer to one request: HTTP, then SSE or JSON, into a record and its token times.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/load/record.hpp"
#include "core/load/sse.hpp"
#include "core/load/token_log.hpp"
#include "core/net/http_parser.hpp"

namespace core::load {

/// One per connection; `begin` for every request on it.
class ResponseReader {
 public:
  enum class State {
    kMore,   // the answer goes on
    kEnded,  // it is over: `failure` says how
  };

  ResponseReader() : parser_(net::HttpParser::Kind::kResponse) {}

  /// Prepares for the answer to a request that did (or did not) ask for a stream.
  void begin(bool streaming, TokenBlockPool& pool);
  /// The connection is new: nothing half read is left.
  void reset_connection() { parser_.reset(); }

  /// Takes bytes that arrived at `now_ns` (any monotonic origin).
  State feed(std::string_view bytes, std::int64_t now_ns);
  /// The connection has ended.
  State end();

  bool got_anything() const { return first_byte_ns_ >= 0; }
  /// True if the connection may carry another request.
  bool keep_alive() const { return keep_alive_; }
  Failure failure() const { return failure_; }
  /// What the failure looked like, shortened; empty for a success.
  const std::string& detail() const { return detail_; }
  /// Writes what was learnt into the record; times are made relative to `epoch_ns`. (Token times stay in
  /// `tokens`.)
  void fill(Record& record, std::int64_t epoch_ns) const;
  TokenLog& tokens() { return tokens_; }

 private:
  enum class Body { kUnknown, kEvents, kJson, kRefusal };

  State fail(Failure failure, std::string_view detail);
  State on_head();
  State on_body(std::string_view piece);
  State on_event(const SseEvent& event);
  State on_done();
  State judge_json();
  void note(const Answer& answer);
  bool says_events() const;
  std::string no_stream() const;

  net::HttpParser parser_;
  SseScanner events_;
  EventSkimmer skimmer_;
  TokenBlockPool* pool_ = nullptr;
  TokenLog tokens_;
  std::string body_;  // of a JSON answer or a refusal; the start of what may be no stream
  std::string detail_;
  Body kind_ = Body::kUnknown;
  bool streaming_ = true, done_ = false, keep_alive_ = false, has_events_ = false;
  Failure failure_ = Failure::kNone;
  Answer answer_;  // what the events said so far, taken together
  std::uint32_t status_ = 0;
  std::int64_t now_ns_ = 0, first_byte_ns_ = -1;
  std::uint64_t received_bytes_ = 0;
};

}  // namespace core::load
