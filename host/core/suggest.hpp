// "Did you mean ...?": the one place that decides which word a typo stands for.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace core {

inline constexpr std::size_t kAnyDistance = static_cast<std::size_t>(-1);

/// Fewest insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`. Letter case
/// and the choice between `-` and `_` do not count. Once it is sure to be more than `limit`, any such number.
std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit = kAnyDistance);

/// The candidates that `word` may have been meant for, best first, at most `limit`. A candidate qualifies
/// by a small edit distance (1 for words up to 3 letters, 2 up to 6, else 3) or, from 4 letters on, by
/// containing the word or being contained in it.
std::vector<std::string> nearest_words(std::string_view word, const std::vector<std::string>& candidates,
                                       std::size_t limit = 3);

/// The best of `nearest_words`, or "" if nothing is close.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

/// ` (did you mean 'x'?)` with a leading blank, ready to append to a message; "" if nothing is close.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace core
