// UTF-8: checking, reading and writing code points.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace core {

/// What stands at one offset of a text.
struct Utf8Char {
  char32_t code = 0;
  /// Bytes it takes; 0 when the bytes at this offset are not UTF-8 (overlong forms and surrogates included).
  std::size_t size = 0;
};

/// Decodes the character at `offset`, which must be below `text.size()`.
Utf8Char utf8_at(std::string_view text, std::size_t offset);

/// Offset of the first byte that is not part of valid UTF-8, or `npos`.
std::size_t find_invalid_utf8(std::string_view text);

/// Appends one code point; `code` must be a Unicode scalar value.
void append_utf8(std::string& out, char32_t code);

/// The code points of `text`; each invalid byte becomes U+FFFD.
std::u32string to_utf32(std::string_view text);

/// At most the first `limit` bytes, not cut inside a character, with `...` behind them if something was cut.
std::string shortened(std::string_view text, std::size_t limit);

}  // namespace core
