#include <charconv>
#include <cstdint>
#include <limits>

#include "core/fs.hpp"
#include "core/json.hpp"
#include "core/number.hpp"
#include "core/object_builder.hpp"
#include "core/source.hpp"
#include "core/utf8.hpp"

namespace core {

namespace {

constexpr int kDeepest = 1000;

/// What is wrong and where; thrown inside this file only.
struct SyntaxError {
  std::size_t offset;
  std::string what, hint;
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

class Parser {
 public:
  Parser(std::string_view text, const JsonReading& reading) : text_(text), reading_(reading) {}

  Value whole() {
    if (text_.substr(0, 3) == "\xEF\xBB\xBF") at_ = 3;
    skip_space();
    if (end()) fail("the text is empty; a JSON value was expected");
    Value value = parse_value();
    skip_space();
    if (!end()) fail("more text behind the end of the value: " + here());
    return value;
  }

 private:
  bool end() const { return at_ >= text_.size(); }
  char peek() const { return end() ? '\0' : text_[at_]; }

  [[noreturn]] void fail(std::string what, std::string hint = "") const { fail_at(at_, what, hint); }
  [[noreturn]] static void fail_at(std::size_t offset, std::string what, std::string hint = "") {
    throw SyntaxError{offset, std::move(what), std::move(hint)};
  }

  /// What stands here, for a message.
  std::string here() const {
    if (end()) return "the text ends";
    const auto c = utf8_at(text_, at_);
    if (c.size == 0 || c.code < 0x20) return "a control character";
    if (!is_word(peek())) return "'" + std::string(text_.substr(at_, c.size)) + "'";
    std::size_t stop = at_;
    while (stop < text_.size() && is_word(text_[stop]) && stop - at_ < 30) ++stop;
    return "'" + std::string(text_.substr(at_, stop - at_)) + "'";
  }

  void skip_space() {
    while (!end() && (peek() == ' ' || peek() == '\n' || peek() == '\t' || peek() == '\r')) ++at_;
  }

  bool accept(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    const std::size_t next = at_ + word.size();
    if (is_word(word.back()) && next < text_.size() && is_word(text_[next])) return false;
    at_ = next;
    return true;
  }

  Value parse_value() {
    switch (peek()) {
      case '{':
        return parse_object();
      case '[':
        return parse_array();
      case '"':
        return parse_string();
      default:
        return parse_scalar();
    }
  }

  Value parse_scalar() {
    if (peek() == '-' || is_digit(peek())) return parse_number();
    if (accept("true")) return true;
    if (accept("false")) return false;
    if (accept("null")) return nullptr;
    if (accept("NaN")) return not_finite(3, std::numeric_limits<double>::quiet_NaN());
    if (accept("Infinity")) return not_finite(8, std::numeric_limits<double>::infinity());
    if (peek() == '\'')
      fail("a value was expected, but found a single quote", "JSON strings use double quotes");
    if (end()) fail("a value was expected, but the text ends", "the text may be cut off");
    const bool python = here() == "'True'" || here() == "'False'" || here() == "'None'";
    fail("a value was expected, but found " + here(),
         python ? "this is Python's spelling; JSON writes true, false and null" : "");
  }

  Value not_finite(std::size_t size, double number) {
    if (!reading_.nan)
      fail_at(at_ - size, "JSON has no NaN and no Infinity", "pass nan = true to accept what Python writes");
    return number;
  }

  void enter() {
    if (++depth_ > kDeepest) fail("nested deeper than " + std::to_string(kDeepest) + " levels");
  }

  Value parse_array() {
    enter();
    const std::size_t opened = at_++;
    Value list = Value::array();
    skip_space();
    while (peek() != ']' || end()) {
      list.push_back(parse_value());
      next_member(']', "list", opened);
    }
    ++at_;
    --depth_;
    return list;
  }

  Value parse_object() {
    enter();
    const std::size_t opened = at_++;
    ObjectBuilder object;
    skip_space();
    while (peek() != '}' || end()) {
      if (end()) unclosed("object", opened);
      if (peek() != '"') fail("a key in double quotes was expected, but found " + here());
      std::string key = parse_string();
      skip_space();
      if (peek() != ':') fail("':' was expected after the key, but " + found());
      ++at_;
      skip_space();
      object.add(std::move(key), parse_value());
      next_member('}', "object", opened);
    }
    ++at_;
    --depth_;
    return std::move(object).finish();
  }

  std::string found() const { return end() ? here() : "found " + here(); }

  [[noreturn]] void unclosed(const char* what, std::size_t opened) const {
    const auto place = place_of(text_, opened);
    fail("the text ends inside the " + std::string(what) + " opened at line " + std::to_string(place.line) +
             ":" + std::to_string(place.column),
         "the text may be cut off");
  }

  /// Steps over the comma behind a member, or up to the closing bracket.
  void next_member(char close, const char* what, std::size_t opened) {
    skip_space();
    if (end()) unclosed(what, opened);
    if (peek() == close) return;
    if (peek() != ',') fail(std::string("',' or '") + close + "' was expected, but found " + here());
    const std::size_t comma = at_++;
    skip_space();
    if (peek() == close) fail_at(comma, "JSON allows no comma behind the last member", "remove the comma");
    if (end()) unclosed(what, opened);
  }

  void digits(const char* where) {
    if (!is_digit(peek())) fail(std::string("a digit was expected ") + where + ", but " + found());
    while (is_digit(peek())) ++at_;
  }

  Value parse_number() {
    const std::size_t start = at_;
    bool integer = true;
    if (peek() == '-') {
      ++at_;
      if (accept("Infinity")) return not_finite(9, -std::numeric_limits<double>::infinity());
    }
    const std::size_t first = at_;
    digits("in the number");
    if (text_[first] == '0' && at_ - first > 1) fail_at(first, "a number must not start with 0");
    if (peek() == '.') {
      integer = false;
      ++at_;
      digits("behind the decimal point");
    }
    if (peek() == 'e' || peek() == 'E') {
      integer = false;
      ++at_;
      if (peek() == '+' || peek() == '-') ++at_;
      digits("in the exponent");
    }
    if (is_word(peek())) fail("found " + here() + " inside a number");
    return number(text_.substr(start, at_ - start), integer);
  }

  static Value number(std::string_view digits, bool integer) {
    const char* end = digits.data() + digits.size();
    if (integer) {
      std::int64_t i = 0;
      if (std::from_chars(digits.data(), end, i).ec == std::errc()) return i;
      std::uint64_t u = 0;
      if (digits.front() != '-' && std::from_chars(digits.data(), end, u).ec == std::errc()) return u;
    }
    return parse_double(digits);
  }

  std::string parse_string() {
    const std::size_t opened = at_++;
    std::string out;
    while (true) {
      const std::size_t start = at_;
      while (!end() && is_ordinary(peek())) ++at_;
      out.append(text_, start, at_ - start);
      if (end()) fail_at(opened, "the string that starts here is not closed");
      if (peek() == '"') break;
      if (peek() == '\\') {
        escape(out);
      } else if (static_cast<unsigned char>(peek()) < 0x20) {
        fail("a control character inside a string",
             peek() == '\n' ? "close the string with '\"', or write \\n" : "write it as \\u00XX");
      } else {
        const auto c = utf8_at(text_, at_);
        if (c.size == 0) fail("a byte that is not UTF-8", "save the text as UTF-8");
        out.append(text_, at_, c.size);
        at_ += c.size;
      }
    }
    ++at_;
    return out;
  }

  static bool is_ordinary(char c) {  // printable ASCII; whether char is signed depends on the machine
    return static_cast<signed char>(c) >= 0x20 && c != '"' && c != '\\';
  }

  void escape(std::string& out) {
    const std::size_t start = at_++;
    const char kind = peek();
    static constexpr std::string_view names = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
    if (const auto i = names.find(kind); i != std::string_view::npos && !end()) {
      out += meanings[i];
      ++at_;
    } else if (kind == 'u') {
      unicode_escape(out, start);
    } else {
      fail_at(start, "unknown escape in a string", "a backslash itself is written \\\\");
    }
  }

  char32_t hex4() {
    unsigned code = 0;
    const auto digits = text_.substr(std::min(at_, text_.size()), 4);
    const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
    if (error != std::errc() || digits.size() < 4 || stop != digits.data() + 4)
      fail("four hexadecimal digits were expected after \\u");
    at_ += 4;
    return code;
  }

  void unicode_escape(std::string& out, std::size_t start) {
    ++at_;
    char32_t code = hex4();
    if (code >= 0xD800 && code < 0xDC00 && text_.substr(at_, 2) == "\\u") {
      at_ += 2;
      const char32_t low = hex4();
      if (low < 0xDC00 || low > 0xDFFF) fail_at(start, "half of a surrogate pair");
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    if (code >= 0xD800 && code <= 0xDFFF) fail_at(start, "half of a surrogate pair");
    append_utf8(out, code);
  }

  std::string_view text_;
  const JsonReading& reading_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

Result<Value> decode_json(std::string_view text, const JsonReading& reading) {
  try {
    return Parser(text, reading).whole();
  } catch (const SyntaxError& e) {
    return text_error(text, reading.file, e.offset, e.what).advise(e.hint);
  }
}

Result<Value> load_json(const std::string& path, JsonReading reading) {
  auto text = read_file(path);
  if (!text) return std::move(text).error();
  reading.file = path;
  return decode_json(*text, reading);
}

}  // namespace core
