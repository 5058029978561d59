// Damaged texts for the tests that feed parsers with them.
#pragma once

#include <cstddef>
#include <random>
#include <string>
#include <utility>
#include <vector>

/// Damages texts: drops, repeats, swaps and inserts pieces, some of them from `spice`.
class Mutator {
 public:
  Mutator(unsigned seed, std::vector<std::string> seeds, std::vector<std::string> spice)
      : random_(seed), seeds_(std::move(seeds)), spice_(std::move(spice)) {}

  std::string next() {
    if (random_() % 20 == 0) return noise();
    std::string text = pick(seeds_);
    for (auto n = random_() % 6; n > 0; --n) damage(text);
    return text;
  }

 private:
  const std::string& pick(const std::vector<std::string>& from) { return from[random_() % from.size()]; }
  std::size_t place(const std::string& text) { return text.empty() ? 0 : random_() % text.size(); }

  std::string noise() {
    std::string text(random_() % 64, '\0');
    for (char& c : text) c = static_cast<char>(random_());
    return text;
  }

  void damage(std::string& text) {
    const auto at = place(text), length = std::size_t{random_() % 12};
    switch (random_() % 6) {
      case 0:
        text.erase(at, length);
        break;
      case 1:
        text.insert(at, text.substr(place(text), length));
        break;
      case 2:
        text.insert(at, pick(spice_));
        break;
      case 3:
        text.insert(at, 1, static_cast<char>(random_()));
        break;
      case 4:
        if (!text.empty()) text[at] = static_cast<char>(random_());
        break;
      default:
        text.resize(at);
    }
  }

  std::mt19937 random_;
  std::vector<std::string> seeds_, spice_;
};
