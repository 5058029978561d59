// How long an answer becomes.
#pragma once

#include <cstdint>
#include <optional>

#include "core/sim/random.hpp"

namespace core::sim {

/// What a request says about the length of its answer.
struct LengthLimits {
  std::optional<std::int64_t> max_tokens;
  std::int64_t min_tokens = 0;
  bool ignore_eos = false;
  std::int64_t room = 0;  // tokens left in the context window, at least 1
};

/// Number of output tokens, at least 1 and at most `room`.
///  * `ignore_eos`: exactly `max_tokens` (all the room if there is none);
///  * with `max_tokens`: one of six ranges with probability 20, 30, 20, 5, 10, 15 %, uniform within; up to
///  120 tokens
///    the ranges are equally wide, above that each has 20 tokens and the fourth takes the rest;
///  * without: normal with mean 40 and deviation 20, within the room.
/// The result is never below `min_tokens`.
std::int64_t draw_output_length(const LengthLimits& limits, Random& random);

}  // namespace core::sim
