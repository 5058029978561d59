#include "core/sim/tokenizer.hpp"

#include <algorithm>

namespace core::sim {

namespace {

constexpr std::size_t kMaxLetters = 6, kMaxDigits = 3;

constexpr Token power(Token base, std::size_t exponent) {
  Token result = 1;
  for (; exponent > 0; --exponent) result *= base;
  return result;
}

// How many texts of 1 to `length` symbols there are.
constexpr Token texts_up_to(Token base, std::size_t length) {
  Token sum = 0;
  for (std::size_t n = 1; n <= length; ++n) sum += power(base, n);
  return sum;
}

constexpr Token kDigitBase = 256;
constexpr Token kWordBase = kDigitBase + texts_up_to(10, kMaxDigits);
constexpr Token kWords = texts_up_to(26, kMaxLetters);  // of one combination of blank and capital

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Position of a text among all shorter ones and those of its length in order.
Token rank(std::string_view symbols, Token base, char first) {
  Token number = 0;
  for (const char c : symbols)
    number = number * base + static_cast<Token>((c | (base == 26 ? 0x20 : 0)) - first);
  return texts_up_to(base, symbols.size() - 1) + number;
}

void append_ranked(Token number, Token base, char first, std::string& text) {
  std::size_t length = 1;
  while (number >= power(base, length)) number -= power(base, length++);
  const auto start = text.size();
  text.append(length, first);
  for (std::size_t i = length; i-- > 0; number /= base) {
    text[start + i] = static_cast<char>(first + static_cast<char>(number % base));
  }
}

// Length of the word part at the front of `text`, its blank included; 0 if there is none.
std::size_t word_length(std::string_view text) {
  const std::size_t start = text.front() == ' ' ? 1 : 0;
  std::size_t at = start;
  if (at < text.size() && is_upper(text[at])) ++at;
  while (at < text.size() && at - start < kMaxLetters && is_lower(text[at])) ++at;
  return at == start ? 0 : at;
}

std::size_t digit_length(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size() && at < kMaxDigits && is_digit(text[at])) ++at;
  return at;
}

Token word_token(std::string_view word) {
  const bool blank = word.front() == ' ';
  if (blank) word.remove_prefix(1);
  const bool capital = is_upper(word.front());
  return kWordBase + static_cast<Token>((blank ? 2 : 0) + (capital ? 1 : 0)) * kWords + rank(word, 26, 'a');
}

}  // namespace

const Token kVocabularySize = kWordBase + 4 * kWords;

void tokenize(std::string_view text, std::vector<Token>& tokens) {
  while (!text.empty()) {
    std::size_t length = word_length(text);
    if (length > 0) {
      tokens.push_back(word_token(text.substr(0, length)));
    } else if ((length = digit_length(text)) > 0) {
      tokens.push_back(kDigitBase + rank(text.substr(0, length), 10, '0'));
    } else {
      length = 1;
      tokens.push_back(static_cast<unsigned char>(text.front()));
    }
    text.remove_prefix(length);
  }
}

bool append_token_text(Token token, std::string& text) {
  if (token >= kVocabularySize) return false;
  if (token < kDigitBase) {
    text += static_cast<char>(token);
  } else if (token < kWordBase) {
    append_ranked(token - kDigitBase, 10, '0', text);
  } else {
    const Token kind = (token - kWordBase) / kWords;
    if (kind & 2) text += ' ';
    const auto start = text.size();
    append_ranked((token - kWordBase) % kWords, 26, 'a', text);
    if (kind & 1) text[start] = static_cast<char>(text[start] - 32);
  }
  return true;
}

std::optional<std::string> detokenize(std::span<const Token> tokens) {
  std::string text;
  for (const Token token : tokens) {
    if (!append_token_text(token, text)) return std::nullopt;
  }
  return text;
}

}  // namespace core::sim
