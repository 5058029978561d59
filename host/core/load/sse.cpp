#include "core/load/sse.hpp"

#include <cstring>
#include <utility>

namespace core::load {

namespace {

constexpr std::size_t kLongestEvent = 16u << 20;

bool starts_with(std::string_view text, std::string_view start) {
  return text.size() >= start.size() && std::memcmp(text.data(), start.data(), start.size()) == 0;
}

std::string_view value_of(std::string_view line, std::size_t name_length) {
  line.remove_prefix(name_length);
  if (!line.empty() && line.front() == ' ') line.remove_prefix(1);
  return line;
}

}  // namespace

void SseScanner::reset() {
  partial_.clear();
  data_.clear();
  has_data_ = is_error_ = line_from_partial_ = delivered_ = overflown_ = false;
  is_first_line_ = true;
}

// The common case: one data line and the empty line after it, both in this piece.
bool SseScanner::whole_event(std::string_view& input, SseEvent& event) {
  if (has_data_ || is_error_ || !partial_.empty() || !starts_with(input, "data:")) return false;
  const auto* newline = static_cast<const char*>(std::memchr(input.data(), '\n', input.size()));
  if (!newline) return false;
  const auto length = static_cast<std::size_t>(newline - input.data());
  const auto rest = input.substr(length + 1);
  const std::size_t blank = starts_with(rest, "\n") ? 1 : starts_with(rest, "\r\n") ? 2 : 0;
  if (!blank) return false;
  auto line = input.substr(0, length);
  if (line.back() == '\r') line.remove_suffix(1);
  event = {value_of(line, 5), false};
  input = rest.substr(blank);
  return true;
}

bool SseScanner::take_line(std::string_view& input, std::string_view& line) {
  if (line_from_partial_) {
    partial_.clear();
    line_from_partial_ = false;
  }
  const auto newline = input.find('\n');
  if (newline == std::string_view::npos || !partial_.empty()) {
    const auto piece = input.substr(0, newline);
    overflown_ = overflown_ || partial_.size() + piece.size() > kLongestEvent;
    if (!overflown_) partial_.append(piece);
    if (newline == std::string_view::npos) {
      input = {};
      return false;
    }
    line = partial_;
    line_from_partial_ = true;
  } else {
    line = input.substr(0, newline);
  }
  input.remove_prefix(newline + 1);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return true;
}

void SseScanner::field(std::string_view line) {
  if (std::exchange(is_first_line_, false) && starts_with(line, "\xEF\xBB\xBF")) line.remove_prefix(3);
  const bool error_line = starts_with(line, "error:");
  if (starts_with(line, "data:") || error_line) {
    const auto value = value_of(line, error_line ? 6 : 5);
    overflown_ = overflown_ || data_.size() + value.size() > kLongestEvent;
    if (overflown_) return;
    if (has_data_) data_ += '\n';
    data_.append(value);
    has_data_ = true;
    is_error_ = is_error_ || error_line;
  } else if (starts_with(line, "event:")) {
    is_error_ = value_of(line, 6) == "error";
  }
}

bool SseScanner::next(std::string_view& input, SseEvent& event) {
  if (delivered_) {  // the data given out last time may go now
    data_.clear();
    has_data_ = is_error_ = delivered_ = false;
  }
  while (!input.empty() && !overflown_) {
    if (whole_event(input, event)) return true;
    std::string_view line;
    if (!take_line(input, line)) return false;
    if (!line.empty()) {
      field(line);
    } else if (has_data_) {
      event = {data_, is_error_};
      delivered_ = true;
      return true;
    } else {
      is_error_ = false;
    }
  }
  return false;
}

bool SseScanner::finish(SseEvent& event) {
  if (delivered_ || overflown_) return false;
  if (!partial_.empty() && !line_from_partial_) field(partial_);
  if (!has_data_) return false;
  event = {data_, is_error_};
  delivered_ = true;
  return true;
}

}  // namespace core::load
