#include "core/suggest.hpp"

#include <algorithm>
#include <tuple>

namespace core {

namespace {

char fold(char c) {
  if (c >= 'A' && c <= 'Z') return static_cast<char>(c - 'A' + 'a');
  return c == '-' ? '_' : c;
}

std::string folded(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), fold);
  return out;
}

std::size_t allowed_distance(std::size_t length) { return length <= 3 ? 1 : length <= 6 ? 2 : 3; }

bool contains_either_way(const std::string& a, const std::string& b) {
  if (std::min(a.size(), b.size()) < 4) return false;
  return a.find(b) != std::string::npos || b.find(a) != std::string::npos;
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit) {
  std::size_t least_above = 0;  // in a row, from which the later ones are made
  std::vector<std::size_t> before(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) above[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = fold(a[i - 1]) == fold(b[j - 1]);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (same ? 0 : 1)});
      const bool swapped =
          i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) && fold(a[i - 2]) == fold(b[j - 1]);
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    const std::size_t least = *std::min_element(row.begin(), row.end());
    if (least > limit && least_above > limit) return least;
    least_above = least;
    std::swap(before, above);
    std::swap(above, row);
  }
  return above[b.size()];
}

std::vector<std::string> nearest_words(std::string_view word, const std::vector<std::string>& candidates,
                                       std::size_t limit) {
  using Ranked = std::tuple<int, std::size_t, std::string>;  // kind of likeness, distance, candidate
  std::vector<Ranked> ranked;
  const std::string wanted = folded(word);
  const std::size_t allowed = allowed_distance(word.size());
  for (const auto& candidate : candidates) {
    const std::size_t longer = std::max(word.size(), candidate.size());
    const bool contained = contains_either_way(wanted, folded(candidate));
    // The difference of the lengths is the least distance; most words are ruled out by that alone.
    if (!contained && longer - std::min(word.size(), candidate.size()) > allowed) continue;
    const std::size_t distance = edit_distance(word, candidate, contained ? kAnyDistance : allowed);
    // A candidate no longer than the distance would share no letter with the word.
    if (distance <= allowed && distance < longer)
      ranked.emplace_back(0, distance, candidate);
    else if (contained)
      ranked.emplace_back(1, distance, candidate);
  }
  std::sort(ranked.begin(), ranked.end());
  std::vector<std::string> words;
  for (const auto& [kind, distance, candidate] : ranked) {
    if (words.size() == limit) break;
    if (words.empty() || words.back() != candidate) words.push_back(candidate);
  }
  return words;
}

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  const auto words = nearest_words(word, candidates, 1);
  return words.empty() ? "" : words.front();
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates) {
  const std::string best = nearest(word, candidates);
  return best.empty() ? "" : " (did you mean '" + best + "'?)";
}

}  // namespace core
