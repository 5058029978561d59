#include "core/render/format_spec.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "core/number.hpp"
#include "core/render/numerals.hpp"
#include "core/render/operators.hpp"
#include "core/render/strings.hpp"

namespace core::render {

namespace {

constexpr std::int64_t kMost = 1'000'000'000;

bool is_align(char32_t c) { return c == '<' || c == '>' || c == '^' || c == '='; }

std::int64_t read_number(std::string_view text, std::size_t& at) {
  if (at >= text.size() || text[at] < '0' || text[at] > '9') return -1;
  std::int64_t number = 0;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
    number = number * 10 + (text[at] - '0');
    if (number > kMost) raise_value_error("Too many decimal digits in format string");
  }
  return number;
}

[[noreturn]] void unknown_type(char type, const std::string& of) {
  raise_value_error("Unknown format code '" + std::string(1, type) + "' for object of type '" + of + "'");
}

// -- grouping --------------------------------------------------------------------------------------

std::string grouped(const std::string& digits, char separator, std::size_t size) {
  std::string out;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % size == 0) out += separator;
    out += digits[i];
  }
  return out;
}

/// Sign, whole digits with separators, and the rest, filled to the width.
std::string assembled(const std::string& sign, std::string whole, const std::string& rest,
                      const FormatSpec& spec) {
  if (spec.grouping) {
    const std::size_t size =
        spec.type == 'x' || spec.type == 'X' || spec.type == 'o' || spec.type == 'b' ? 4 : 3;
    const bool zeros = spec.fill == "0" && spec.align == '=';
    const auto used = static_cast<std::int64_t>(sign.size() + rest.size());
    if (zeros) {
      charge_bytes(static_cast<std::size_t>(std::max<std::int64_t>(spec.width, 0)));
      while (static_cast<std::int64_t>(whole.size() + (whole.size() - 1) / size) + used < spec.width)
        whole.insert(0, 1, '0');
    }
    whole = grouped(whole, spec.grouping, size);
  }
  return padded(sign + whole + rest, sign.size(), spec, '>');
}

std::string sign_of(bool negative, const FormatSpec& spec) {
  if (negative) return "-";
  return spec.sign == '-' ? "" : std::string(1, spec.sign);
}

// -- types -----------------------------------------------------------------------------------------

std::string format_text(const std::string& text, const FormatSpec& spec) {
  if (spec.type != 0 && spec.type != 's') unknown_type(spec.type, "str");
  if (spec.sign_given) raise_value_error("Sign not allowed in string format specifier");
  if (spec.alternate) raise_value_error("Alternate form (#) not allowed in string format specifier");
  if (spec.align == '=') raise_value_error("'=' alignment not allowed in string format specifier");
  if (spec.grouping) raise_value_error("Cannot specify ',' with 's'.");
  const auto kept = spec.precision < 0 ? std::string_view(text)
                                       : strings::head(text, static_cast<std::size_t>(spec.precision));
  return padded(std::string(kept), 0, spec, '<');
}

std::string plain_float(double number, std::int64_t precision, bool alternate) {
  if (precision < 0) return format_double(number);
  // Like 'g', but with a digit behind the point and an earlier change to exponents.
  const std::int64_t most = std::max<std::int64_t>(precision, 1);
  const std::string scientific = float_digits(number, 'e', most - 1, true);
  const std::size_t mark = scientific.find('e');
  const auto exponent = std::strtol(scientific.c_str() + mark + 1, nullptr, 10);
  const bool with_exponent = exponent < -4 || exponent >= most - 1;
  std::string text = with_exponent
                         ? scientific.substr(0, mark)
                         : float_digits(number, 'f', std::max<std::int64_t>(most - 1 - exponent, 0), true);
  if (!alternate) text.erase(text.find_last_not_of('0') + 1);
  if (!alternate && text.back() == '.') text.pop_back();
  if (with_exponent) return text + scientific.substr(mark);
  if (text.find('.') == std::string::npos) text += '.';
  return text.back() == '.' ? text + "0" : text;
}

std::string format_float(double number, const FormatSpec& spec) {
  const bool negative = std::signbit(number) && !std::isnan(number);
  const double size = std::fabs(number);
  std::string digits;
  if (!std::isfinite(number)) {
    const bool capital = spec.type == 'E' || spec.type == 'F' || spec.type == 'G';
    digits = std::isnan(number) ? (capital ? "NAN" : "nan") : (capital ? "INF" : "inf");
    if (spec.type == '%') digits += '%';
    FormatSpec bare = spec;
    bare.grouping = 0;
    return assembled(sign_of(negative, spec), digits, "", bare);
  }
  switch (spec.type) {
    case 0:
      digits = plain_float(size, spec.precision, spec.alternate);
      break;
    case '%':
      digits = float_digits(size * 100, 'f', spec.precision, spec.alternate) + "%";
      break;
    case 'n':
      digits = float_digits(size, 'g', spec.precision, spec.alternate);
      break;
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
      digits = float_digits(size, spec.type, spec.precision, spec.alternate);
      break;
    default:
      unknown_type(spec.type, "float");
  }
  const std::size_t end = digits.find_first_not_of("0123456789");
  const std::size_t whole = end == std::string::npos ? digits.size() : end;
  return assembled(sign_of(negative, spec), digits.substr(0, whole), digits.substr(whole), spec);
}

std::string format_character(std::int64_t code, const FormatSpec& spec) {
  if (spec.sign_given) raise_value_error("Sign not allowed with integer format specifier 'c'");
  if (code < 0 || code > 0x10FFFF) raise("OverflowError", "%c arg not in range(0x110000)");
  std::string out;
  append_char(out, static_cast<char32_t>(code));
  return padded(out, 0, spec, '<');
}

std::string format_int(std::int64_t number, const FormatSpec& spec, const std::string& of) {
  int base = 10;
  std::string prefix;
  switch (spec.type) {
    case 0:
    case 'd':
    case 'n':
      break;
    case 'b':
      base = 2, prefix = "0b";
      break;
    case 'o':
      base = 8, prefix = "0o";
      break;
    case 'x':
      base = 16, prefix = "0x";
      break;
    case 'X':
      base = 16, prefix = "0X";
      break;
    case 'c':
      return format_character(number, spec);
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
    case '%':
      return format_float(static_cast<double>(number), spec);
    default:
      unknown_type(spec.type, of);
  }
  if (spec.precision >= 0) raise_value_error("Precision not allowed in integer format specifier");
  if (base != 10 && spec.grouping == ',')
    raise_value_error("Cannot specify ',' with '" + std::string(1, spec.type) + "'.");
  std::string digits = numerals::in_base(number, base, spec.type == 'X');
  if (number < 0) digits.erase(0, 1);
  return assembled(sign_of(number < 0, spec) + (spec.alternate ? prefix : ""), digits, "", spec);
}

}  // namespace

std::string padded(const std::string& text, std::size_t sign_size, const FormatSpec& spec, char own_align) {
  const char align = spec.align ? spec.align : own_align;
  if (align == '=') {
    const auto width = spec.width - static_cast<std::int64_t>(sign_size);
    return text.substr(0, sign_size) +
           strings::pad(text.substr(sign_size), width, spec.fill, strings::Side::kRight);
  }
  if (align == '<') return strings::pad(text, spec.width, spec.fill, strings::Side::kLeft);
  if (align == '>') return strings::pad(text, spec.width, spec.fill, strings::Side::kRight);
  const auto missing = spec.width - static_cast<std::int64_t>(Text::count(text));
  if (missing <= 0) return text;
  const auto left_width = static_cast<std::int64_t>(Text::count(text)) + missing / 2;
  return strings::pad(strings::pad(text, left_width, spec.fill, strings::Side::kRight), spec.width, spec.fill,
                      strings::Side::kLeft);
}

std::string float_digits(double number, char type, std::int64_t precision, bool alternate) {
  if (precision < 0) precision = 6;
  if (precision > 2'000'000) raise_value_error("precision too big");
  charge_bytes(static_cast<std::size_t>(precision) + 400);
  std::string pattern = alternate ? "%#.*" : "%.*";
  pattern += type;
  std::string out(static_cast<std::size_t>(precision) + 400, '\0');
  out.resize(static_cast<std::size_t>(
      std::snprintf(out.data(), out.size(), pattern.c_str(), static_cast<int>(precision), number)));
  return out;
}

FormatSpec parse_format_spec(std::string_view text, const std::string& type) {
  FormatSpec spec;
  std::size_t at = 0;
  if (!text.empty()) {
    const std::size_t first = char_size(text, 0);
    if (first < text.size() && is_align(static_cast<unsigned char>(text[first]))) {
      spec.fill = std::string(text.substr(0, first));
      spec.align = text[first];
      at = first + 1;
    } else if (is_align(static_cast<unsigned char>(text[0]))) {
      spec.align = text[at++];
    }
  }
  const bool fill_given = at > 1;
  if (at < text.size() && (text[at] == '+' || text[at] == '-' || text[at] == ' ')) {
    spec.sign = text[at++];
    spec.sign_given = true;
  }
  if (at < text.size() && text[at] == '#') {
    spec.alternate = true;
    ++at;
  }
  if (at < text.size() && text[at] == '0') {
    if (!fill_given) spec.fill = "0";
    if (!spec.align && type != "str") spec.align = '=';
    ++at;
  }
  spec.width = read_number(text, at);
  if (at < text.size() && (text[at] == ',' || text[at] == '_')) spec.grouping = text[at++];
  if (at < text.size() && (text[at] == ',' || text[at] == '_'))
    raise_value_error(text[at] == spec.grouping
                          ? "Cannot specify '" + std::string(1, text[at]) + "' with '" + text[at] + "'."
                          : "Cannot specify both ',' and '_'.");
  if (at < text.size() && text[at] == '.') {
    ++at;
    spec.precision = read_number(text, at);
    if (spec.precision < 0) raise_value_error("Format specifier missing precision");
  }
  if (text.size() - at > 1)
    raise_value_error("Invalid format specifier '" + std::string(text) + "' for object of type '" + type +
                      "'");
  if (at < text.size()) spec.type = text[at];
  return spec;
}

std::string format_value(const Value& value, std::string_view spec) {
  if (spec.empty()) return str(value);
  const std::string type = type_name(value);
  if (value.is_string()) return format_text(value.as_string(), parse_format_spec(spec, "str"));
  if (value.is_integral()) return format_int(value.as_int(), parse_format_spec(spec, type), type);
  if (value.is_float()) return format_float(value.as_double(), parse_format_spec(spec, type));
  raise_type_error("unsupported format string passed to " + type + ".__format__");
}

}  // namespace core::render
