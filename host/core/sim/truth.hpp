// The truth log: what the simulator intended and what it really did, one JSON line per sequence.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/error.hpp"

namespace core::sim {

/// Everything about one sequence (a request with a list of prompts has several). All times are nanoseconds of
/// CLOCK_MONOTONIC, the same clock for every process of the machine; 0 means "never happened".
struct TruthRecord {
  std::string id;          // of the response, e.g. `cmpl-12-ab...`
  std::string request_id;  // X-Request-Id of the client; may be empty
  std::int64_t index = 0;  // of the choice in the response
  std::string endpoint, model;
  bool stream = false;
  std::int64_t arrival_ns = 0;   // the whole request was there
  std::int64_t admitted_ns = 0;  // the sequence left the queue (equals arrival_ns if it did not wait)
  std::int64_t prompt_tokens = 0, cached_tokens = 0;
  std::vector<std::int64_t> intended_ns;  // per token: its absolute deadline
  std::vector<std::int64_t> sent_ns;      // per token: just before the write that carried it
  std::string
      outcome;  // stop, length, remote_decode, cancelled (client left), stopped (server stopped), rejected
  int status = 200;
  std::int64_t end_ns = 0;
};

/// Writes records from a thread of its own. `add` only queues.
class TruthLog {
 public:
  /// Creates or truncates the file. Errors: `denied`, `not_found`.
  static Result<std::unique_ptr<TruthLog>> open(const std::string& path);
  /// Writes what is queued, then closes.
  ~TruthLog();

  void add(TruthRecord record);
  /// Returns when everything added before is in the file.
  void flush();
  /// Why writing failed (the disk is full, ...); empty while all is well. Later records are dropped.
  std::string problem() const;

 private:
  explicit TruthLog(std::FILE* file);
  void run();
  void write(const std::vector<TruthRecord>& records);

  std::FILE* file_;
  mutable std::mutex mutex_;
  std::condition_variable wake_, written_;
  std::vector<TruthRecord> queue_;
  std::uint64_t added_ = 0, done_ = 0;
  bool stopping_ = false;
  std::string problem_;
  std::thread thread_;
};

/// The line of one record, with its newline.
std::string truth_line(const TruthRecord& record);

}  // namespace core::sim
