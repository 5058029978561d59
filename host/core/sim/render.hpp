// The JSON of answers: stream chunks, whole responses, usage.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/sim/metrics.hpp"

namespace core::sim {

/// Token counts of a response.
struct Usage {
  std::int64_t prompt_tokens = 0, completion_tokens = 0;
  std::int64_t cached_tokens = -1;  // -1: there is no prefix cache to speak of
};

/// Writes everything that one response consists of. The parts that do not change are made once.
class Renderer {
 public:
  /// `created_s`: Unix time. `include_usage`: chunks carry `"usage": null` until the last, as the API
  /// demands.
  Renderer(bool chat, std::string id, const std::string& model, std::int64_t created_s, bool include_usage);

  // Each appends one server-sent event to `out`.

  /// Chat only: the chunk that names the role.
  void role_event(std::int64_t index, std::string& out) const;
  /// A token. `usage` may be null.
  void token_event(std::int64_t index, std::string_view text, const Usage* usage, std::string& out) const;
  /// The end of a choice.
  void finish_event(std::int64_t index, Finish finish, const Usage* usage, const std::string& transfer,
                    std::string& out) const;
  /// The last chunk, without choices.
  void usage_event(const Usage& usage, std::string& out) const;

  /// One choice of a response that is not streamed; collect them separated by commas.
  void choice(std::int64_t index, const std::string& text, Finish finish, std::string& out) const;
  /// The response around the choices.
  std::string response(const std::string& choices, const Usage& usage, const std::string& transfer) const;

  const std::string& id() const { return id_; }

 private:
  void chunk(std::int64_t index, const std::string& delta, const char* finish, const Usage* usage,
             const std::string& transfer, std::string& out) const;

  bool chat_, include_usage_;
  std::string id_;
  std::string chunk_head_;     // `data: {"id":...,"choices":[`
  std::string response_head_;  // `{"id":...,"choices":[`
};

inline constexpr std::string_view kDoneEvent = "data: [DONE]\n\n";

/// `"text"` with everything JSON wants escaped.
std::string json_text(std::string_view text);

/// Appends `payload` as one chunk of a chunked HTTP body.
void append_http_chunk(std::string_view payload, std::string& out);
inline constexpr std::string_view kLastHttpChunk = "0\r\n\r\n";

}  // namespace core::sim
