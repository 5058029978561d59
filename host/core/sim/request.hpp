// The body of a generation request, checked and understood.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/sim/api_error.hpp"
#include "core/sim/lengths.hpp"
#include "core/sim/models.hpp"
#include "core/sim/options.hpp"
#include "core/sim/tokenizer.hpp"
#include "core/value.hpp"

namespace core::sim {

struct Prompt {
  std::vector<Token> tokens;
  std::vector<Token> echo;  // what mode `echo` answers
};

/// A request of /v1/completions (one prompt or several) or /v1/chat/completions (one).
struct GenerationRequest {
  bool chat = false;
  Models::Found model;
  std::vector<Prompt> prompts;
  bool stream = false, include_usage = false, continuous_usage = false;
  LengthLimits limits;  // without `room`, which depends on the prompt
  std::vector<std::string> stop;
  bool remote_prefill = false, remote_decode = false;  // kv_transfer_params
};

/// Parses a JSON object. Throws ApiError 400.
Value parse_body(std::string_view body);

/// A value of a request for an error message: a text as it is, others as JSON, shortened.
std::string shown(const Value& value);

/// Reads a generation request. Unknown fields are ignored, as real servers do; fields that would change the
/// answer and cannot be honoured are refused. Throws ApiError: 400, 404 (unknown model).
GenerationRequest read_generation(const Value& body, bool chat, const Options& options, const Models& models);

/// The tokens of `prompt` (text) or `messages` (chat template applied). Throws ApiError.
std::vector<Token> read_tokenize(const Value& body);

/// The chat template: for each message `role: content` and a line end, then `assistant:`.
std::string apply_chat_template(const Value& messages);

}  // namespace core::sim
