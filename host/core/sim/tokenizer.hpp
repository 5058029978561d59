// The simulator's own tokenizer: deterministic, without a vocabulary file, and reversible.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace core::sim {

using Token = std::uint32_t;

/// How text becomes tokens, from left to right:
///  * a word part: an optional blank, then 1 to 6 letters a-z of which the first may be a capital; longer
///  words
///    continue in further parts; an inner capital begins a new part;
///  * a run of 1 to 3 decimal digits;
///  * any other byte, alone.
/// So ` the` is one token, ` benchmark` is two (` benchm`, `ark`), `é` is two (its bytes), and English prose
/// has about 1.3 tokens per word. The text of the tokens, put together, is always the original text.
///
/// Ids are dense: bytes 0-255, then digit runs, then word parts by (blank, capital, length, letters). All ids
/// below `kVocabularySize` (about 1.3e9, fits a signed 32-bit integer) have a text.
void tokenize(std::string_view text, std::vector<Token>& tokens);

/// Appends the text of one token; false if the id is not in the vocabulary.
bool append_token_text(Token token, std::string& text);

/// The text of a list of tokens; empty optional if one of them is not in the vocabulary.
std::optional<std::string> detokenize(std::span<const Token> tokens);

/// One more than the largest id.
extern const Token kVocabularySize;

}  // namespace core::sim
