// What is known about one request, and its compact encoding (docs/records.md).
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/load/skim.hpp"
#include "core/load/token_log.hpp"
#include "core/value.hpp"

namespace core::load {

/// Why a request did not succeed.
enum class Failure : std::uint8_t {
  kNone,
  kConnect,
  kTls,
  kTimeout,
  kHttp4xx,
  kHttp429,
  kHttp5xx,
  kProtocol,   // not HTTP, not SSE, not JSON, or not what was asked for
  kTruncated,  // the connection or the stream ended before the answer did
  kInBand,     // an error inside a 200 answer
  kCancelled,  // by us: the stage or the run ended first
};
inline constexpr std::size_t kFailureCount = 11;
/// `none`, `connect`, `tls`, `timeout`, `http_4xx`, `http_429`, `http_5xx`, `protocol`, `truncated`,
/// `in_band`, `cancelled`.
const char* failure_name(Failure failure);

/// Bits of `Record::flags`.
enum RecordFlag : std::uint32_t {
  kWarmup = 1,         // before the measured window
  kNewConnection = 2,  // went out on a connection opened for it
  kRetried = 4,        // a kept-alive connection turned out to be dead; sent once more on a fresh one
  kInFlight = 8,       // was still running when the stage ended
  kNotSent = 16,       // never left: the stage ended first
};

/// One request. Times are nanoseconds from the start of the stage; -1 when it never came to that. Counts that
/// the server did not give are -1.
struct Record {
  std::uint64_t index = 0;       // position in the plan
  std::int64_t planned_ns = 0;   // when it should have been sent
  std::int64_t cap_wait_ns = 0;  // of the time since then, spent waiting for the concurrency cap
  std::int64_t started_ns = -1;  // the client took it up
  std::int64_t sent_ns = -1;     // its first byte was written
  std::int64_t first_byte_ns = -1;
  std::int64_t first_token_ns = -1;
  std::int64_t end_ns = -1;
  Failure failure = Failure::kNone;
  Finish finish = Finish::kNone;
  std::uint32_t flags = 0;
  std::uint32_t status = 0;  // HTTP; 0: no answer
  std::uint32_t requested_input = 0, requested_output = 0;
  std::uint32_t counted_tokens = 0, chunks = 0;                                 // as they arrived
  std::int64_t prompt_tokens = -1, completion_tokens = -1, cached_tokens = -1;  // `usage`
  std::int64_t server_prompt_us = -1, server_predicted_us = -1;                 // llama.cpp's `timings`
  std::uint64_t sent_bytes = 0, received_bytes = 0;

  bool measured() const { return !(flags & kWarmup); }
  bool succeeded() const { return failure == Failure::kNone; }
  /// The server's count of generated tokens if it gave one, else what was counted.
  std::int64_t output_tokens() const { return completion_tokens >= 0 ? completion_tokens : counted_tokens; }
  /// The server's count of prompt tokens if it gave one, else what was asked for.
  std::int64_t input_tokens() const { return prompt_tokens >= 0 ? prompt_tokens : requested_input; }
};

/// A decoded record with its token entries still encoded.
struct RecordView {
  Record record;
  std::span<const std::uint8_t> tokens;
  std::span<const std::uint8_t> encoded;  // all of it
};

/// Walks the token entries of one record.
class TokenReader {
 public:
  explicit TokenReader(const RecordView& view) : rest_(view.tokens), at_ns_(view.record.first_token_ns) {}
  /// The next chunk: when it came and how many tokens it carried. False at the end.
  bool next(std::int64_t& at_ns, std::uint32_t& tokens);

 private:
  std::span<const std::uint8_t> rest_;
  std::int64_t at_ns_;
};

/// Appends encoded records to slabs; used by one thread while it works, read by another afterwards.
class RecordStore {
 public:
  /// Adds a record with the tokens of `log`; `chunks`, `counted_tokens` and `first_token_ns` are taken from
  /// `log`, whose times have their origin at `epoch_ns`.
  void add(Record record, const TokenLog& log, std::int64_t epoch_ns);
  /// The encoded records, in the order they were added. Valid as long as the store.
  const std::deque<std::span<const std::uint8_t>>& records() const { return records_; }

 private:
  std::uint8_t* reserve(std::size_t bytes);

  static constexpr std::size_t kSlabBytes = 1u << 20;
  std::vector<std::unique_ptr<std::uint8_t[]>> slabs_;
  std::size_t used_ = kSlabBytes;
  std::deque<std::span<const std::uint8_t>> records_;
};

/// Decodes one record (without its length prefix); empty if the bytes are damaged.
std::optional<RecordView> decode_record(std::span<const std::uint8_t> bytes);

/// A record as a table with seconds, for JSONL and scripts; token times, if wanted, are
/// `tokens = { {at_s, count}, ... }`.
Value to_value(const RecordView& view, bool with_tokens = true);

}  // namespace core::load
