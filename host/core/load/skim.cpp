#include "core/load/skim.hpp"

#include <charconv>
#include <cstring>

namespace core::load {

namespace {

/// Walks the text once. Every function returns false for malformed input.
class Skimmer {
 public:
  Skimmer(std::string_view json, Answer& answer)
      : at_(json.data()), end_(json.data() + json.size()), answer_(answer) {}

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
    while (at_ < end_ && std::strchr(",]} \n\r\t", *at_) == nullptr) ++at_;
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
    return true;
  }

  bool finish() {
    std::string_view reason;
    if (!skip(&reason)) return false;
    if (reason == "null") return true;
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
};

}  // namespace

bool skim(std::string_view json, Answer& answer) { return Skimmer(json, answer).run(); }

}  // namespace core::load
