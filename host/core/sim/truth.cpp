#include "core/sim/truth.hpp"

#include <cerrno>
#include <chrono>
#include <cstring>

#include "core/net/quiet_thread.hpp"
#include "core/value.hpp"

namespace core::sim {

namespace {

constexpr std::size_t kBatch = 1024;                 // records that are worth waking the writer at once
constexpr std::chrono::milliseconds kPatience{200};  // how long fewer may wait

}  // namespace

std::string truth_line(const TruthRecord& r) {
  const Value line = {{"id", r.id},
                      {"request_id", r.request_id},
                      {"index", r.index},
                      {"endpoint", r.endpoint},
                      {"model", r.model},
                      {"stream", r.stream},
                      {"status", r.status},
                      {"outcome", r.outcome},
                      {"arrival_ns", r.arrival_ns},
                      {"admitted_ns", r.admitted_ns},
                      {"queue_ns", r.admitted_ns > 0 ? r.admitted_ns - r.arrival_ns : 0},
                      {"end_ns", r.end_ns},
                      {"prompt_tokens", r.prompt_tokens},
                      {"cached_tokens", r.cached_tokens},
                      {"completion_tokens", r.sent_ns.size()},
                      {"intended_ns", r.intended_ns},
                      {"sent_ns", r.sent_ns}};
  return line.dump(-1, ' ', false, Value::error_handler_t::replace) + '\n';
}

Result<std::unique_ptr<TruthLog>> TruthLog::open(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "we");
  if (!file) {
    const int reason = errno;
    return Error{reason == ENOENT ? "not_found" : "denied",
                 "cannot write the truth log '" + path + "': " + std::strerror(reason),
                 "give a file in a directory that exists and is writable"}
        .with("file", path);
  }
  return std::unique_ptr<TruthLog>(new TruthLog(file));
}

TruthLog::TruthLog(std::FILE* file) : file_(file), thread_(net::quiet_thread([this] { run(); })) {}

TruthLog::~TruthLog() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
  std::fclose(file_);
}

void TruthLog::add(TruthRecord record) {
  bool many = false;
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(record));
    ++added_;
    many = queue_.size() == kBatch;
  }
  if (many) wake_.notify_one();
}

void TruthLog::flush() {
  std::unique_lock lock(mutex_);
  const auto target = added_;
  wake_.notify_one();
  written_.wait(lock, [&] { return done_ >= target; });
}

std::string TruthLog::problem() const {
  const std::lock_guard lock(mutex_);
  return problem_;
}

void TruthLog::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait_for(lock, kPatience);
    std::vector<TruthRecord> batch;
    batch.swap(queue_);
    const bool last = stopping_;
    const bool broken = !problem_.empty();
    lock.unlock();
    if (!broken && !batch.empty()) write(batch);
    lock.lock();
    done_ += batch.size();
    written_.notify_all();
    if (last && queue_.empty()) return;
  }
}

void TruthLog::write(const std::vector<TruthRecord>& records) {
  std::string text;
  for (const auto& record : records) text += truth_line(record);
  if (std::fwrite(text.data(), 1, text.size(), file_) == text.size() && std::fflush(file_) == 0) return;
  const std::string reason = std::strerror(errno);
  const std::lock_guard lock(mutex_);
  problem_ = "the truth log cannot be written any more: " + reason;
}

}  // namespace core::sim
