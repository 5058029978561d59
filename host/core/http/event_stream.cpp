#include "core/http/event_stream.hpp"

#include <charconv>
#include <utility>

namespace core {

namespace {

constexpr std::size_t kLargest = 16u << 20;

}  // namespace

Result<Done> EventStream::add(std::string_view piece) {
  text_.erase(0, std::exchange(at_, 0));
  text_ += piece;
  if (!begun_ && text_.size() >= 3) {
    begun_ = true;
    if (text_.compare(0, 3, "\xEF\xBB\xBF") == 0) at_ = 3;
  }
  if (text_.size() + event_.data.size() <= kLargest) return Done{};
  return Error{"invalid", "a server-sent event is larger than " + std::to_string(kLargest) + " bytes",
               "is this a stream of events?"}
      .with("reason", "too_large");
}

std::optional<std::string_view> EventStream::take_line() {
  if (after_cr_ && at_ < text_.size()) {
    if (text_[at_] == '\n') ++at_;
    after_cr_ = false;
  }
  const auto end = text_.find_first_of("\r\n", at_);
  if (end == std::string::npos) return {};
  const auto line = std::string_view(text_).substr(at_, end - at_);
  after_cr_ = text_[end] == '\r';
  at_ = end + 1;
  return line;
}

void EventStream::take_field(std::string_view line) {
  const auto colon = line.find(':');
  const auto name = line.substr(0, colon);
  auto value = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
  if (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  if (name == "data") {
    if (std::exchange(has_data_, true)) event_.data += '\n';
    event_.data += value;
  } else if (name == "event") {
    event_.event = value;
  } else if (name == "id") {
    event_.id = value;
  } else if (name == "retry") {
    int milliseconds = 0;
    const auto [stop, error] = std::from_chars(value.data(), value.data() + value.size(), milliseconds);
    if (error == std::errc() && stop == value.data() + value.size()) event_.retry_s = milliseconds * 1e-3;
  }
}

std::optional<ServerEvent> EventStream::next() {
  while (const auto line = take_line()) {
    if (!line->empty()) {
      take_field(*line);
      continue;
    }
    const std::string id = event_.id;
    ServerEvent event = std::exchange(event_, {});
    event_.id = id;
    if (event.event.empty()) event.event = "message";
    if (std::exchange(has_data_, false)) return event;
  }
  return {};
}

}  // namespace core
