// What a sequence will say: how many tokens, with which texts, and why it ends.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/sim/metrics.hpp"
#include "core/sim/request.hpp"

namespace core::sim {

/// The text of every token of a random answer: one entry in most vocabularies, so that clients that count
/// with a tokenizer of their own find as many tokens as were made.
inline constexpr const char* kTokenText = " the";

struct Answer {
  std::int64_t tokens = 0;         // at least 1
  std::vector<std::string> texts;  // one per token; empty: every token is kTokenText
  Finish finish = Finish::kStop;

  const std::string& text(std::int64_t token) const;
  /// The whole answer.
  std::string all() const;
  /// The ids of the answer, as they would be if it came back as part of a prompt.
  std::vector<Token> ids() const;
};

/// Decides the whole answer before it begins.
Answer plan_answer(const GenerationRequest& request, const Prompt& prompt, const Options& options,
                   Random& random);

}  // namespace core::sim
