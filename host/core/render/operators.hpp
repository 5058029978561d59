// Python's operators and conversions. All raise as Python does: TypeError, ZeroDivisionError, ...
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/render/value.hpp"

namespace core::render {

/// Python's class name: 'int', 'NoneType', 'str', 'Undefined', ...
std::string type_name(const Value& value);

/// `str(value)`; an undefined value gives "" or raises, as its kind says.
std::string str(const Value& value);
/// Appends `str(value)`.
void append_str(std::string& out, const Value& value);
/// `repr(value)`.
std::string repr(const Value& value);
void append_repr(std::string& out, const Value& value);
/// `repr` of a string: the choice of quotes and the escapes.
void append_quoted(std::string& out, std::string_view text);

bool truth(const Value& value);

/// `==`. Numbers compare across types; values of different kinds are unequal.
bool equals(const Value& a, const Value& b);
/// `<`, `<=`, `>`, `>=`. Raise TypeError "'<' not supported between instances of 'int' and 'str'".
bool less(const Value& a, const Value& b);
bool less_equal(const Value& a, const Value& b);
bool greater(const Value& a, const Value& b);
bool greater_equal(const Value& a, const Value& b);
/// `item in container`.
bool contains(const Value& container, const Value& item);
/// Raises TypeError "unhashable type: 'list'".
std::size_t hash(const Value& value);

Value add(const Value& a, const Value& b);
Value subtract(const Value& a, const Value& b);
Value multiply(const Value& a, const Value& b);
Value divide(const Value& a, const Value& b);
Value floor_divide(const Value& a, const Value& b);
/// Also formats: a string on the left.
Value modulo(const Value& a, const Value& b);
Value power(const Value& a, const Value& b);
Value negate(const Value& value);
Value plus(const Value& value);
/// Jinja2's `~`: both as text; markup wins and escapes the other.
Value concat(const Value& a, const Value& b);

/// `len(value)`. Raises TypeError "object of type 'int' has no len()".
std::size_t length(const Value& value);
/// `iter(value)`. Raises TypeError "'int' object is not iterable". Dicts give keys, strings characters.
IteratorPtr iterate(const Value& value);
/// `list(value)`'s items.
Values to_values(const Value& value);
bool is_callable(const Value& value);

/// `value[begin:end:step]`; missing or None for what is left out.
Value slice(const Value& value, const Value& begin, const Value& end, const Value& step);
/// `int(value)` of a whole number used as an index. Raises TypeError.
std::int64_t to_index(const Value& value);

// -- text ------------------------------------------------------------------------------------------

/// Bytes of the character that begins at `at` (1 for a byte that is no UTF-8).
std::size_t char_size(std::string_view text, std::size_t at);
/// The code point at byte `at`; a byte that is no UTF-8 gives 0xDC00 + byte, as Python's surrogateescape.
char32_t char_at(std::string_view text, std::size_t at);
void append_char(std::string& out, char32_t code);
/// Byte offset of character number `index`; the size of the text if there are fewer.
std::size_t char_offset(const Text& text, std::size_t index);
/// Whether Python's `repr` shows the character as it is.
bool is_printable(char32_t code);

/// markupsafe.escape: & < > ' ".
std::string escape_html(std::string_view text);
/// The text of a value, escaped unless it is markup; the result is markup.
Value escape(const Value& value);

}  // namespace core::render
