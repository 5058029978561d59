// Template text to tokens.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/render/options.hpp"

namespace core::render {

enum class TokenType : std::uint8_t {
  kData,
  kVariableBegin,
  kVariableEnd,
  kBlockBegin,
  kBlockEnd,
  kName,
  kString,
  kInteger,
  kFloat,
  kAdd,
  kSub,
  kDiv,
  kFloorDiv,
  kMul,
  kMod,
  kPow,
  kTilde,
  kLeftBracket,
  kRightBracket,
  kLeftParen,
  kRightParen,
  kLeftBrace,
  kRightBrace,
  kEqual,
  kNotEqual,
  kGreater,
  kGreaterEqual,
  kLess,
  kLessEqual,
  kAssign,
  kDot,
  kColon,
  kPipe,
  kComma,
  kSemicolon,
  kEnd,
  kError
};

struct Token {
  TokenType type = TokenType::kEnd;
  int line = 1;
  /// A piece of the source: data, a name, a number, a string with its quotes. The message of an error.
  std::string_view text;
};

/// The tokens of a text, and the messages that error tokens point at.
struct Tokens {
  std::vector<Token> list;
  std::vector<std::unique_ptr<std::string>> messages;
};

/// What Jinja2 calls the token in messages: "end of print statement", "+", "name".
std::string describe_type(TokenType type);

/// The text as the lexer wants it: line ends as "\n", one final line end dropped unless it is to be kept.
std::string normalise_source(std::string_view text, const Options& options);

/// Splits a normalised text, which must outlive the tokens. What is wrong with it becomes a `kError` token as
/// the last but one, so that the parser meets errors in the order of the text.
Tokens tokenize(std::string_view source, const Options& options);

/// Whether the character at `at` is white space to Python, and its size in bytes.
std::size_t space_size(std::string_view text, std::size_t at);

}  // namespace core::render
