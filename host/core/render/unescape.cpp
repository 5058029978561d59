// String literals: Python's `unicode-escape`.
#include "core/render/operators.hpp"
#include "core/render/parser.hpp"

namespace core::render {

namespace {

int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 16;
}

/// Reads up to `most` digits of a base at `at` and moves behind them.
char32_t read_digits(std::string_view text, std::size_t& at, int most, int base, int& read) {
  char32_t code = 0;
  for (read = 0; read < most && at < text.size() && digit_value(text[at]) < base; ++read, ++at)
    code = code * static_cast<char32_t>(base) + static_cast<char32_t>(digit_value(text[at]));
  return code;
}

bool unescape_hex(std::string_view inner, std::size_t& at, char kind, std::string& out,
                  std::string& problem) {
  const int digits = kind == 'x' ? 2 : kind == 'u' ? 4 : 8;
  int read = 0;
  const char32_t code = read_digits(inner, at, digits, 16, read);
  if (read < digits) {
    problem =
        std::string("truncated \\") + kind + std::string(static_cast<std::size_t>(digits), 'X') + " escape";
    return false;
  }
  if (code > 0x10FFFF) {
    problem = "illegal Unicode character";
    return false;
  }
  append_char(out, code >= 0xDC80 && code <= 0xDCFF ? char32_t{0xFFFD} : code);
  return true;
}

/// The one-letter escapes; 0 if `c` is none.
char plain_escape(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 't':
      return '\t';
    case 'r':
      return '\r';
    case 'a':
      return '\a';
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'v':
      return '\v';
    case '\\':
    case '\'':
    case '"':
      return c;
    default:
      return 0;
  }
}

bool unescape_one(std::string_view inner, std::size_t& at, std::string& out, std::string& problem) {
  const char c = inner[at];
  if (const char plain = plain_escape(c)) {
    out += plain;
    ++at;
  } else if (c == '\n') {
    ++at;
  } else if (c >= '0' && c <= '7') {
    int read = 0;
    append_char(out, read_digits(inner, at, 3, 8, read));
  } else if (c == 'x' || c == 'u' || c == 'U') {
    return unescape_hex(inner, ++at, c, out, problem);
  } else if (c == 'N') {
    problem =
        inner.substr(at, 2) == "N{" ? "unknown Unicode character name" : "malformed \\N character escape";
    return false;
  } else {
    out += '\\';
  }
  return true;
}

}  // namespace

bool unescape(std::string_view literal, std::string& out, std::string& problem) {
  const std::string_view inner = literal.substr(1, literal.size() - 2);
  for (std::size_t at = 0; at < inner.size();) {
    const auto backslash = std::min(inner.find('\\', at), inner.size());
    out.append(inner, at, backslash - at);
    at = backslash + 1;
    if (at < inner.size() && !unescape_one(inner, at, out, problem)) return false;
  }
  return true;
}

}  // namespace core::render
