#include "core/render/numerals.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "core/number.hpp"
#include "core/render/exception.hpp"
#include "core/render/operators.hpp"
#include "core/render/strings.hpp"
#include "core/render/unicode.hpp"

namespace core::render::numerals {

namespace {

// ASCII digits instead of those of other scripts, without white space around. Empty if a character is not
// ASCII.
std::string plain(std::string_view text) {
  std::string out;
  text = strings::strip(text);
  for (std::size_t at = 0; at < text.size(); at += char_size(text, at)) {
    const char32_t code = char_at(text, at);
    const int digit = unicode::decimal_value(code);
    if (digit < 0 && code > 0x7F) return {};
    out += digit >= 0 ? static_cast<char>('0' + digit) : static_cast<char>(code);
  }
  return out;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

int digit_value(char c) {
  if (is_digit(c)) return c - '0';
  const char low = static_cast<char>(c | 32);
  return low >= 'a' && low <= 'z' ? low - 'a' + 10 : 99;
}

int prefix_base(std::string_view text) {
  if (text.size() < 2 || text[0] != '0') return 0;
  const char mark = static_cast<char>(text[1] | 32);
  return mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 0;
}

std::optional<std::int64_t> parse_digits(std::string_view digits, int base, bool negative) {
  if (digits.empty()) return {};
  std::int64_t value = 0;
  bool overflow = false, digit_before = false;
  for (const char c : digits) {
    if (c == '_' && digit_before) {
      digit_before = false;
      continue;
    }
    const int digit = digit_value(c);
    if (digit >= base) return {};
    digit_before = true;
    overflow = overflow || __builtin_mul_overflow(value, base, &value) ||
               __builtin_sub_overflow(value, digit, &value);
  }
  if (!digit_before) return {};
  overflow = overflow || (!negative && value == INT64_MIN);
  if (overflow) raise("OverflowError", "the number is beyond 64 bits");
  return negative ? value : -value;
}

// `_` only between digits; the text without them, or empty.
std::string without_underscores(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_')
      out += text[i];
    else if (i == 0 || i + 1 == text.size() || !is_digit(text[i - 1]) || !is_digit(text[i + 1]))
      return {};
  }
  return out;
}

bool is_decimal_form(std::string_view text) {
  std::size_t at = !text.empty() && (text[0] == '+' || text[0] == '-') ? 1 : 0, digits = 0;
  while (at < text.size() && is_digit(text[at])) ++at, ++digits;
  if (at < text.size() && text[at] == '.') ++at;
  while (at < text.size() && is_digit(text[at])) ++at, ++digits;
  if (digits == 0) return false;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    const std::size_t start = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    if (at == start) return false;
  }
  return at == text.size();
}

std::optional<double> named_float(std::string text) {
  double sign = 1;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    if (text[0] == '-') sign = -1;
    text.erase(0, 1);
  }
  for (char& c : text) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  if (text == "inf" || text == "infinity") return sign * HUGE_VAL;
  if (text == "nan") return std::copysign(std::nan(""), sign);
  return {};
}

// round() to tens, hundreds, ...: `places` is positive.
double rounded_tens(double number, std::int64_t places) {
  if (places > 308) return std::copysign(0.0, number);
  std::string digits(400, '\0');
  digits.resize(static_cast<std::size_t>(
      std::snprintf(digits.data(), digits.size(), "%.0f", std::trunc(std::fabs(number)))));
  const auto cut = static_cast<std::size_t>(places);
  if (digits.size() < cut) return std::copysign(0.0, number);
  const std::string tail = digits.substr(digits.size() - cut);
  std::string head = "0" + digits.substr(0, digits.size() - cut);
  const std::string half = "5" + std::string(cut - 1, '0');
  const bool exact = std::trunc(number) == number;
  const bool up = tail > half || (tail == half && (!exact || (head.back() - '0') % 2 == 1));
  for (std::size_t i = head.size(); up && i-- > 0;) {
    if (head[i] != '9') {
      ++head[i];
      break;
    }
    head[i] = '0';
  }
  return std::copysign(parse_double(head + std::string(cut, '0')), number);
}

}  // namespace

std::optional<std::int64_t> parse_int(std::string_view text, int base) {
  if (base != 0 && (base < 2 || base > 36)) raise_value_error("int() base must be >= 2 and <= 36, or 0");
  const std::string all = plain(text);
  std::string_view rest = all;
  bool negative = false;
  if (!rest.empty() && (rest[0] == '+' || rest[0] == '-')) {
    negative = rest[0] == '-';
    rest.remove_prefix(1);
  }
  const int prefixed = prefix_base(rest);
  if (prefixed != 0 && (base == 0 || base == prefixed)) {
    rest.remove_prefix(2);
    if (!rest.empty() && rest[0] == '_') rest.remove_prefix(1);
    return parse_digits(rest, prefixed, negative);
  }
  if (base == 0 && rest.size() > 1 && rest[0] == '0' &&
      rest.find_first_not_of("0_") != std::string_view::npos)
    return {};
  return parse_digits(rest, base == 0 ? 10 : base, negative);
}

std::optional<double> parse_float(std::string_view text) {
  const std::string digits = without_underscores(plain(text));
  if (!is_decimal_form(digits)) return named_float(digits);
  return parse_double(digits[0] == '+' ? digits.substr(1) : digits);
}

std::int64_t truncated(double number) {
  if (!(std::fabs(number) < 9223372036854775808.0)) raise("OverflowError", "the number is beyond 64 bits");
  return static_cast<std::int64_t>(number);
}

double rounded(double number, std::int64_t digits) {
  if (!std::isfinite(number) || digits > 340) return number;
  if (digits < 0) return rounded_tens(number, -std::max<std::int64_t>(digits, -400));
  std::string text(800, '\0');
  text.resize(static_cast<std::size_t>(
      std::snprintf(text.data(), text.size(), "%.*f", static_cast<int>(digits), number)));
  return parse_double(text);
}

std::int64_t rounded(std::int64_t number, std::int64_t digits) {
  if (digits >= 0) return number;
  if (digits < -18) return 0;
  std::int64_t unit = 1;
  for (std::int64_t i = digits; i < 0; ++i) unit *= 10;
  std::int64_t rest = number % unit, whole = number - rest;
  if (rest < 0) rest += unit, whole -= unit;
  const bool up = rest > unit / 2 || (rest == unit / 2 && (whole / unit) % 2 != 0);
  std::int64_t result = 0;
  if (__builtin_add_overflow(whole, up ? unit : 0, &result))
    raise("OverflowError", "the number is beyond 64 bits");
  return result;
}

std::string in_base(std::int64_t number, int base, bool capitals) {
  const char* digits = capitals ? "0123456789ABCDEF" : "0123456789abcdef";
  std::string out;
  auto rest = number < 0 ? ~static_cast<std::uint64_t>(number) + 1 : static_cast<std::uint64_t>(number);
  do {
    out += digits[rest % static_cast<std::uint64_t>(base)];
    rest /= static_cast<std::uint64_t>(base);
  } while (rest > 0);
  if (number < 0) out += '-';
  std::reverse(out.begin(), out.end());
  return out;
}

}  // namespace core::render::numerals
