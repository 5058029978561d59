// Picks the few facts a benchmark needs out of an OpenAI-style JSON answer without building a tree.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace core::load {

/// Why a generation ended.
enum class Finish : std::uint8_t { kNone, kStop, kLength, kOther };

/// What one stream event, or one whole body, says. Counts that are absent are -1.
struct Answer {
  bool content = false;  // text for the reader: text, content, reasoning, refusal or tool calls, not empty
  Finish finish = Finish::kNone;
  bool error = false;           // an `error` object, `"object": "error"`, or a finish reason that says so
  std::string_view error_text;  // the error as JSON, a view into the input
  std::int64_t prompt_tokens = -1, completion_tokens = -1, cached_tokens = -1;  // usage
  double prompt_ms = -1, predicted_ms = -1;                                     // llama.cpp's timings
};

/// Reads one JSON object. Fills what it finds and leaves the rest of `answer` as it is; false if `json` is
/// not one complete object. Structure is checked as far as it is walked; literals and numbers are not.
bool skim(std::string_view json, Answer& answer);

/// Skims the events of one stream after the other. They mostly differ in the text of one content field; such
/// an event is compared with the one before instead of being walked again, with the same outcome.
class EventSkimmer {
 public:
  /// As the function `skim`, into an empty answer.
  bool skim(std::string_view json, Answer& answer);

 private:
  bool same_but_text(std::string_view json, bool& has_text) const;

  std::string before_,
      after_;      // of an event: up to its content's opening quote, and from the closing quote on
  Answer answer_;  // what such an event says, its text apart
  bool known_ = false;
};

}  // namespace core::load
