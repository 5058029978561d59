// Numbers as text, the same on every machine and in every locale.
#pragma once

#include <string>
#include <string_view>

namespace core {

/// The shortest text that reads back as the same double, laid out as Python's `repr`: `1.0`, `0.1`,
/// `1e-05`, `1e+16`, `inf`, `-inf`, `nan`.
std::string format_double(double number);

/// Reads a decimal floating point number that spans the whole text. Too large gives an infinity, too
/// small gives zero. NaN when the text is not a number.
double parse_double(std::string_view text);

}  // namespace core
