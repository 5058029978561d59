// Requests as bytes, ready to be sent.
#pragma once

#include <memory>
#include <string>

#include "core/load/prompt.hpp"
#include "core/load/target.hpp"

namespace core::load {

/// Renders request `index` of a stage: head and body of an HTTP POST. Thread safe.
class RequestRenderer {
 public:
  /// `id_prefix` begins the `X-Request-Id` header; the index ends it.
  RequestRenderer(const Target& target, std::shared_ptr<const PromptSource> prompts, std::string id_prefix);

  /// Appends the request to `out`; `scratch` is a buffer to reuse.
  PromptLengths render(std::uint64_t index, std::string& out, std::string& scratch) const;

 private:
  std::shared_ptr<const PromptSource> prompts_;
  std::string head_;         // up to the request id
  std::string body_start_;   // `{"model":"...",`
  std::string body_middle_;  // between prompt and max_tokens
  std::string body_end_;
};

}  // namespace core::load
