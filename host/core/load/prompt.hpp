// What is asked: prompts of known lengths, each a function of the seed and its number.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/load/distribution.hpp"
#include "core/load/fields.hpp"
#include "core/load/target.hpp"

namespace core::load {

/// Lengths of one prompt, in tokens.
struct PromptLengths {
  std::uint32_t input = 0;   // 0: not known
  std::uint32_t output = 0;  // to be generated at most (exactly, with ignore_eos)
};

/// Gives prompts by number. Thread safe: rendering does not change it.
class PromptSource {
 public:
  virtual ~PromptSource() = default;
  /// Does what takes long: reads files, makes prefixes. Once, before `append`; any thread.
  virtual Result<Done> prepare() { return Done(); }
  /// Appends the JSON field of prompt `index` (`"prompt":[1,2]`, `"prompt":"text"` or `"messages":[...]`).
  virtual PromptLengths append(std::uint64_t index, std::string& out) const = 0;
  /// How many prompts differ; 0: all.
  virtual std::uint64_t distinct() const { return 0; }
  /// Facts for the record of what was done: lengths, counts.
  virtual Value describe() const = 0;
};

/// Makes the source that `data` describes (docs/load.md, "Data"). Throws UsageError.
std::shared_ptr<PromptSource> make_prompt_source(Fields data, Api api, std::uint64_t seed);

/// The words of random text prompts when no others are given: short, lower case, one token each in most
/// vocabularies.
const std::vector<std::string>& default_words();

/// Writes tokens: numbers for token-id prompts, words for text. Used by the random sources.
class TokenWriter {
 public:
  /// Reads `prompt` (tokens or text), `vocab_min`, `vocab_max`, `words`, `first_words`.
  TokenWriter(Fields& data, Api api);

  /// Appends `count` random tokens without brackets or quotes; `first`: they begin the prompt.
  void append(Random& random, std::uint32_t count, bool first, std::string& out) const;
  /// What stands before and after the tokens of a prompt.
  const char* opening() const;
  const char* closing() const;

 private:
  bool ids_ = true;
  Api api_;
  std::uint32_t vocab_min_ = 1000, vocab_max_ = 30000;
  std::vector<std::string> words_, first_words_;
};

}  // namespace core::load
