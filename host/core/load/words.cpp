#include "core/load/prompt.hpp"

namespace core::load {

// Frequent English words of three to six letters.
const std::vector<std::string>& default_words() {
  static const std::vector<std::string> words = {
      "the",    "and",    "for",    "are",    "but",    "not",    "you",    "all",   "any",    "can",
      "had",    "her",    "was",    "one",    "our",    "out",    "day",    "get",   "has",    "him",
      "his",    "how",    "man",    "new",    "now",    "old",    "see",    "two",   "way",    "who",
      "did",    "its",    "let",    "put",    "say",    "she",    "too",    "use",   "that",   "with",
      "have",   "this",   "will",   "your",   "from",   "they",   "know",   "want",  "been",   "good",
      "much",   "some",   "time",   "very",   "when",   "come",   "here",   "just",  "like",   "long",
      "make",   "many",   "more",   "only",   "over",   "such",   "take",   "than",  "them",   "well",
      "were",   "what",   "year",   "back",   "call",   "city",   "data",   "down",  "each",   "even",
      "find",   "first",  "form",   "give",   "group",  "hand",   "head",   "help",  "high",   "home",
      "house",  "keep",   "kind",   "large",  "last",   "late",   "left",   "life",  "line",   "list",
      "local",  "look",   "made",   "main",   "money",  "month",  "most",   "move",  "must",   "name",
      "need",   "never",  "next",   "night",  "number", "often",  "open",   "order", "other",  "part",
      "people", "place",  "plan",   "point",  "power",  "public", "read",   "right", "room",   "same",
      "school", "second", "seem",   "set",    "show",   "side",   "small",  "state", "still",  "story",
      "study",  "system", "table",  "tell",   "term",   "test",   "then",   "there", "these",  "thing",
      "think",  "three",  "today",  "turn",   "under",  "until",  "water",  "week",  "where",  "which",
      "while",  "white",  "whole",  "word",   "work",   "world",  "would",  "write", "young",  "about",
      "above",  "after",  "again",  "along",  "always", "area",   "before", "began", "being",  "below",
      "best",   "better", "body",   "book",   "both",   "bring",  "build",  "case",  "change", "child",
      "class",  "close",  "could",  "course", "does",   "door",   "early",  "end",   "ever",   "every",
      "face",   "fact",   "family", "feel",   "field",  "food",   "force",  "found", "free",   "full",
      "game",   "girl",   "great",  "half",   "hard",   "heart",  "idea",   "into",  "land",   "law",
  };
  return words;
}

}  // namespace core::load
