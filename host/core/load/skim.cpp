#include "core/load/skim.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace core::load {

namespace {

// What ends a number, true, false or null.
constexpr bool ends_scalar(char c) {
  return c == ',' || c == '}' || c == ']' || c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/// Walks the text once. Every function returns false for malformed input.
class Skimmer {
 public:
  Skimmer(std::string_view json, Answer& answer)
      : at_(json.data()), end_(json.data() + json.size()), answer_(answer) {}

  /// The text between the quotes of the only field with content, if there is exactly one and it is a string.
  std::string_view only_text() const { return content_fields_ == 1 ? text_ : std::string_view(); }

  bool run() {
    blanks();
    const char* start = at_;
    if (!object([this](std::string_view key) { return top_field(key); })) return false;
    if (error_object_ && answer_.error_text.empty())
      answer_.error_text = {start, static_cast<std::size_t>(at_ - start)};
    blanks();
    return at_ == end_;
  }

 private:
  void blanks() {
    while (at_ < end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }

  bool take(char c) {
    blanks();
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }

  // At the opening quote; the view is what stands between the quotes, escapes untouched.
  bool string(std::string_view& text) {
    if (at_ == end_ || *at_ != '"') return false;
    const char* start = ++at_;
    for (;;) {
      while (at_ < end_ && *at_ != '"' && *at_ != '\\') ++at_;
      if (at_ == end_) return false;
      if (*at_ == '"') break;
      at_ += 2;
      if (at_ > end_) return false;
    }
    text = {start, static_cast<std::size_t>(at_ - start)};
    ++at_;
    return true;
  }

  bool nested() {
    int depth = 0;
    std::string_view ignored;
    while (at_ < end_) {
      const char c = *at_;
      if (c == '"') {
        if (!string(ignored)) return false;
        continue;
      }
      ++at_;
      if (c == '{' || c == '[') ++depth;
      if ((c == '}' || c == ']') && --depth == 0) return true;
    }
    return false;
  }

  bool scalar(std::string_view& text) {
    const char* start = at_;
    while (at_ < end_ && !ends_scalar(*at_)) ++at_;
    text = {start, static_cast<std::size_t>(at_ - start)};
    const bool number = !text.empty() && (text[0] == '-' || (text[0] >= '0' && text[0] <= '9'));
    return number || text == "null" || text == "true" || text == "false";
  }

  bool skip(std::string_view* seen = nullptr) {
    blanks();
    const char* start = at_;
    std::string_view text;
    if (at_ == end_) return false;
    const bool good = *at_ == '"' ? string(text) : *at_ == '{' || *at_ == '[' ? nested() : scalar(text);
    if (seen) *seen = {start, static_cast<std::size_t>(at_ - start)};
    return good;
  }

  template <class OnField>
  bool object(OnField on_field) {
    if (!take('{')) return false;
    if (take('}')) return true;
    do {
      blanks();
      std::string_view key;
      if (!string(key) || !take(':')) return false;
      blanks();
      if (!on_field(key)) return false;
    } while (take(','));
    return take('}');
  }

  // Walks an object; any other value in its place (null, say) is skipped.
  template <class OnField>
  bool object_or_skip(OnField on_field) {
    return at_ < end_ && *at_ == '{' ? object(on_field) : skip();
  }

  bool top_field(std::string_view key) {
    if (key == "choices") return choices();
    if (key == "usage") return object_or_skip([this](std::string_view k) { return usage_field(k); });
    if (key == "timings") return object_or_skip([this](std::string_view k) { return timing_field(k); });
    if (key == "error") return error();
    if (key == "object") return object_kind();
    return skip();
  }

  bool error() {
    std::string_view text;
    if (!skip(&text)) return false;
    if (text != "null") {
      answer_.error = true;
      answer_.error_text = text;
    }
    return true;
  }

  bool object_kind() {
    std::string_view kind;
    if (!skip(&kind)) return false;
    if (kind == "\"error\"") answer_.error = error_object_ = true;
    return true;
  }

  bool choices() {
    if (at_ == end_ || *at_ != '[') return skip();
    ++at_;
    if (take(']')) return true;
    do {
      blanks();
      if (!object([this](std::string_view key) { return choice_field(key); })) return false;
    } while (take(','));
    return take(']');
  }

  bool choice_field(std::string_view key) {
    if (key == "text") return content();
    if (key == "delta" || key == "message")
      return object_or_skip([this](std::string_view k) { return delta_field(k); });
    if (key == "finish_reason") return finish();
    return skip();
  }

  bool delta_field(std::string_view key) {
    const bool for_the_reader = key == "content" || key == "reasoning_content" || key == "reasoning" ||
                                key == "tool_calls" || key == "refusal";
    return for_the_reader ? content() : skip();
  }

  bool content() {
    std::string_view text;
    if (!skip(&text)) return false;
    if (text != "null" && text != "\"\"" && text != "[]") answer_.content = true;
    if (text != "null") ++content_fields_;
    if (text.front() == '"') text_ = text.substr(1, text.size() - 2);
    return true;
  }

  bool finish() {
    std::string_view reason;
    if (!skip(&reason)) return false;
    if (reason == "null") return true;
    for (const char* broken_off : {"\"error\"", "\"abort\"", "\"aborted\"", "\"cancelled\""}) {
      if (reason != broken_off) continue;
      answer_.error = true;
      if (answer_.error_text.empty()) answer_.error_text = reason;
    }
    answer_.finish = reason == "\"stop\""     ? Finish::kStop
                     : reason == "\"length\"" ? Finish::kLength
                                              : Finish::kOther;
    return true;
  }

  template <class Number>
  bool number(Number& value) {
    std::string_view text;
    if (!skip(&text)) return false;
    Number parsed{};
    const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), parsed);
    if (bad == std::errc() && end == text.data() + text.size()) value = parsed;
    return true;
  }

  bool usage_field(std::string_view key) {
    if (key == "prompt_tokens") return number(answer_.prompt_tokens);
    if (key == "completion_tokens") return number(answer_.completion_tokens);
    if (key != "prompt_tokens_details") return skip();
    return object_or_skip(
        [this](std::string_view k) { return k == "cached_tokens" ? number(answer_.cached_tokens) : skip(); });
  }

  bool timing_field(std::string_view key) {
    if (key == "prompt_ms") return number(answer_.prompt_ms);
    if (key == "predicted_ms") return number(answer_.predicted_ms);
    return skip();
  }

  const char* at_;
  const char* end_;
  Answer& answer_;
  bool error_object_ = false;
  int content_fields_ = 0;
  std::string_view text_;
};

// The end of the string that begins at `at` (behind its quote): the place of the closing quote, or the end.
std::size_t string_end(std::string_view json, std::size_t at) {
  while (at < json.size() && json[at] != '"') at += json[at] == '\\' ? 2 : 1;
  return std::min(at, json.size());
}

bool equal_at(std::string_view text, std::size_t at, const std::string& part) {
  return std::memcmp(text.data() + at, part.data(), part.size()) == 0;
}

}  // namespace

bool skim(std::string_view json, Answer& answer) { return Skimmer(json, answer).run(); }

bool EventSkimmer::same_but_text(std::string_view json, bool& has_text) const {
  if (!known_ || json.size() < before_.size() + after_.size() || !equal_at(json, 0, before_)) return false;
  const std::size_t end = string_end(json, before_.size());
  if (json.size() - end != after_.size() || !equal_at(json, end, after_)) return false;
  has_text = end > before_.size();
  return true;
}

bool EventSkimmer::skim(std::string_view json, Answer& answer) {
  bool has_text = false;
  if (same_but_text(json, has_text)) {
    answer = answer_;
    answer.content = has_text;
    return true;
  }
  Skimmer skimmer(json, answer);
  known_ = skimmer.run();
  if (!known_) return false;
  const std::string_view text = skimmer.only_text();
  known_ = text.data() != nullptr && !answer.error;
  if (!known_) return true;
  const auto start = static_cast<std::size_t>(text.data() - json.data());
  before_ = json.substr(0, start);
  after_ = json.substr(start + text.size());
  answer_ = answer;
  return true;
}

}  // namespace core::load
