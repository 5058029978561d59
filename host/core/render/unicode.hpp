// Characters as Python's str sees them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/render/unicode_tables.hpp"

namespace core::render::unicode {

/// The `Property` bits of a character.
std::uint16_t properties(char32_t code);
inline bool is_space(char32_t code) { return properties(code) & kSpace; }
/// `\w` of Python's regular expressions.
inline bool is_word(char32_t code) { return code == '_' || properties(code) & (kAlpha | kNumeric); }
inline bool is_cased(char32_t code) { return properties(code) & (kUpperCase | kLowerCase | kTitleCase); }
/// Value of a decimal digit of any script; -1 if it is none.
int decimal_value(char32_t code);

/// Appends what `map` makes of the character: one or several.
void append_mapped(std::string& out, char32_t code, const CaseMap& map);

std::string upper(std::string_view text);
std::string lower(std::string_view text);
std::string casefold(std::string_view text);
/// First character in title case, the others in lower case.
std::string capitalize(std::string_view text);
/// str.title: every letter behind a character without case.
std::string title(std::string_view text);
std::string swapcase(std::string_view text);

}  // namespace core::render::unicode
