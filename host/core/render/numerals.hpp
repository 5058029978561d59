// Python's conversions between numbers and text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace core::render::numerals {

/// `int(text, base)`: white space around, a sign, `0x`-like prefixes where they fit, `_` between digits,
/// digits of any script. Nothing if it is no such number; raises OverflowError beyond 64 bits. `base`: 0 or 2
/// to 36.
std::optional<std::int64_t> parse_int(std::string_view text, int base = 10);
/// `float(text)`: also `inf`, `nan`, `1_000.5`.
std::optional<double> parse_float(std::string_view text);
/// `int(number)` of a finite number, cut towards zero; raises OverflowError beyond 64 bits.
std::int64_t truncated(double number);
/// `round(number, digits)`: the nearest decimal, halves to even, judged by the exact value.
double rounded(double number, std::int64_t digits);
std::int64_t rounded(std::int64_t number, std::int64_t digits);
/// Digits in a base, with a sign.
std::string in_base(std::int64_t number, int base, bool capitals = false);

}  // namespace core::render::numerals
