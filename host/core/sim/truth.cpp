#include "core/sim/truth.hpp"

#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>

#include "core/net/quiet_thread.hpp"
#include "core/sim/render.hpp"

namespace core::sim {

namespace {

constexpr std::size_t kBatch = 1024;                 // records that are worth waking the writer at once
constexpr std::chrono::milliseconds kPatience{200};  // how long fewer may wait

// Written by hand, not through a tree: this shares the machine with what is being measured.
void append_number(std::string_view name, std::int64_t number, std::string& out) {
  char digits[24];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, number);
  out.append(name).append(digits, end);
}

void append_text(std::string_view name, const std::string& text, std::string& out) {
  out.append(name).append(json_text(text));
}

void append_list(std::string_view name, const std::vector<std::int64_t>& numbers, std::string& out) {
  out.append(name);
  std::string_view before = "[";
  for (const auto number : numbers) {
    append_number(before, number, out);
    before = ",";
  }
  out += numbers.empty() ? "[]" : "]";
}

}  // namespace

std::string truth_line(const TruthRecord& r) {
  std::string line;
  line.reserve(400 + 2 * r.sent_ns.size() * 16);
  append_text("{\"id\":", r.id, line);
  append_text(",\"request_id\":", r.request_id, line);
  append_number(",\"index\":", r.index, line);
  append_text(",\"endpoint\":", r.endpoint, line);
  append_text(",\"model\":", r.model, line);
  line += r.stream ? ",\"stream\":true" : ",\"stream\":false";
  append_number(",\"status\":", r.status, line);
  append_text(",\"outcome\":", r.outcome, line);
  append_number(",\"arrival_ns\":", r.arrival_ns, line);
  append_number(",\"admitted_ns\":", r.admitted_ns, line);
  append_number(",\"queue_ns\":", r.admitted_ns > 0 ? r.admitted_ns - r.arrival_ns : 0, line);
  append_number(",\"end_ns\":", r.end_ns, line);
  append_number(",\"prompt_tokens\":", r.prompt_tokens, line);
  append_number(",\"cached_tokens\":", r.cached_tokens, line);
  append_number(",\"completion_tokens\":", static_cast<std::int64_t>(r.sent_ns.size()), line);
  append_list(",\"intended_ns\":", r.intended_ns, line);
  append_list(",\"sent_ns\":", r.sent_ns, line);
  return line += "}\n";
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
