// `format % arguments`.
#include <algorithm>
#include <cmath>

#include "core/render/builtin_support.hpp"
#include "core/render/format_spec.hpp"
#include "core/render/numerals.hpp"
#include "core/render/strings.hpp"

namespace core::render {

namespace {

class PercentFormat {
 public:
  PercentFormat(const Value& format, const Value& arguments)
      : text_(format.as_string()), markup_(format.is_markup()), arguments_(arguments) {
    if (arguments.is_tuple())
      positional_ = arguments.items();
    else
      positional_ = {arguments};
    is_mapping_ = !arguments.is_tuple() && !arguments.is_string() && can_look_up(arguments);
  }

  std::string run() {
    while (at_ < text_.size()) {
      const std::size_t percent = text_.find('%', at_);
      out_.append(text_, at_, percent == std::string::npos ? percent : percent - at_);
      if (percent == std::string::npos) break;
      at_ = percent + 1;
      directive();
      charge_bytes(out_.size());
    }
    if (next_ < positional_.size() && !is_mapping_)
      raise_type_error("not all arguments converted during string formatting");
    return std::move(out_);
  }

 private:
  static bool can_look_up(const Value& value) {
    if (value.is_object()) return value.as_object().is_mapping() || value.as_object().is_sequence();
    return value.is_dict() || value.is_list() || value.is_undefined();
  }

  char peek() {
    if (at_ >= text_.size()) raise_value_error("incomplete format");
    return text_[at_];
  }

  Value next_argument() {
    if (next_ >= positional_.size()) raise_type_error("not enough arguments for format string");
    return positional_[next_++];
  }

  void named_argument() {
    if (!is_mapping_) raise_type_error("format requires a mapping");
    std::size_t depth = 1, end = ++at_;
    for (; end < text_.size(); ++end) {
      if (text_[end] == '(') ++depth;
      if (text_[end] == ')' && --depth == 0) break;
    }
    if (end >= text_.size()) raise_value_error("incomplete format key");
    const Value key = text_.substr(at_, end - at_);
    at_ = end + 1;
    if (arguments_.is_undefined()) arguments_.as_undefined().fail();
    if (!arguments_.is_dict()) raise_type_error("list indices must be integers or slices, not str");
    const Value* found = arguments_.as_dict().find(key);
    if (!found) raise("KeyError", repr(key));
    positional_ = {*found};
    next_ = 0;
  }

  void read_flags(FormatSpec& spec) {
    for (;; ++at_) {
      switch (peek()) {
        case '-':
          spec.align = '<';
          break;
        case '+':
          spec.sign = '+';
          break;
        case ' ':
          if (spec.sign != '+') spec.sign = ' ';
          break;
        case '#':
          spec.alternate = true;
          break;
        case '0':
          zeros_ = true;
          break;
        default:
          return;
      }
    }
  }

  std::int64_t read_count() {
    if (peek() == '*') {
      ++at_;
      const Value count = next_argument();
      if (!count.is_integral()) raise_type_error("* wants int");
      return count.as_int();
    }
    std::int64_t number = 0;
    bool any = false;
    for (; peek() >= '0' && peek() <= '9'; ++at_) {
      any = true;
      number = number * 10 + (peek() - '0');
      if (number > 1'000'000'000) raise_value_error("width too big");
    }
    return any ? number : -1;
  }

  void directive() {
    FormatSpec spec;
    zeros_ = false;
    if (peek() == '%') {
      ++at_;
      out_ += '%';
      return;
    }
    if (peek() == '(') named_argument();
    read_flags(spec);
    spec.width = read_count();
    if (spec.width < -1) spec.align = '<', spec.width = -spec.width;
    if (peek() == '.') {
      ++at_;
      spec.precision = std::max<std::int64_t>(read_count(), 0);
    }
    if (peek() == 'h' || peek() == 'l' || peek() == 'L') ++at_;
    const char type = peek();
    ++at_;
    convert(type, next_argument(), spec);
  }

  std::string shown(const Value& value, char type) const {
    std::string text = type == 's' ? (markup_ ? escape(value).as_string() : str(value)) : repr(value);
    if (type == 'a') text = ascii_only(text);
    return markup_ && type != 's' ? escape_html(text) : text;
  }

  static std::string ascii_only(const std::string& text) {
    std::string out;
    for (std::size_t at = 0; at < text.size(); at += char_size(text, at)) {
      const char32_t code = char_at(text, at);
      if (code < 0x80) {
        out += static_cast<char>(code);
        continue;
      }
      const std::string digits = numerals::in_base(code, 16);
      const std::size_t width = code < 0x100 ? 2 : code < 0x10000 ? 4 : 8;
      out += code < 0x100 ? "\\x" : code < 0x10000 ? "\\u" : "\\U";
      out += strings::zfill(digits, static_cast<std::int64_t>(width));
    }
    return out;
  }

  void convert(char type, const Value& value, FormatSpec& spec) {
    switch (type) {
      case 's':
      case 'r':
      case 'a': {
        const std::string text = shown(value, type);
        const auto kept = spec.precision < 0 ? std::string_view(text)
                                             : strings::head(text, static_cast<std::size_t>(spec.precision));
        out_ += padded(std::string(kept), 0, spec, '>');
        return;
      }
      case 'c':
        out_ += padded(character(value), 0, spec, '>');
        return;
      case 'd':
      case 'i':
      case 'u':
      case 'o':
      case 'x':
      case 'X':
        return whole_number(type, value, spec);
      case 'e':
      case 'E':
      case 'f':
      case 'F':
      case 'g':
      case 'G':
        return real_number(type, value, spec);
      default:
        raise_value_error("unsupported format character '" + std::string(1, type) + "' at index " +
                          std::to_string(at_ - 1));
    }
  }

  static std::string character(const Value& value) {
    if (value.is_integral()) {
      if (value.as_int() < 0 || value.as_int() > 0x10FFFF)
        raise("OverflowError", "%c arg not in range(0x110000)");
      std::string out;
      append_char(out, static_cast<char32_t>(value.as_int()));
      return out;
    }
    if (!value.is_string() || value.as_text().length() != 1) raise_type_error("%c requires int or char");
    return value.as_string();
  }

  void finish(const std::string& sign, const std::string& digits, FormatSpec& spec) {
    if (zeros_ && spec.align != '<') spec.align = '=', spec.fill = "0";
    out_ += padded(sign + digits, sign.size(), spec, '>');
  }

  static std::string sign_of(bool negative, const FormatSpec& spec) {
    return negative ? "-" : spec.sign == '-' ? "" : std::string(1, spec.sign);
  }

  void whole_number(char type, const Value& value, FormatSpec& spec) {
    if (value.is_undefined()) value.as_undefined().fail();
    const bool decimal = type == 'd' || type == 'i' || type == 'u';
    if (!(decimal ? value.is_number() : value.is_integral()))
      raise_type_error("%" + std::string(1, type) + " format: " + (decimal ? "a real number" : "an integer") +
                       " is required, not " + type_name(value));
    if (value.is_float() && std::isnan(value.as_double()))
      raise_value_error("cannot convert float NaN to integer");
    const std::int64_t number = value.is_float() ? numerals::truncated(value.as_double()) : value.as_int();
    const int base = decimal ? 10 : type == 'o' ? 8 : 16;
    std::string digits = numerals::in_base(number, base, type == 'X');
    if (number < 0) digits.erase(0, 1);
    digits = strings::zfill(digits, spec.precision);
    std::string sign = sign_of(number < 0, spec);
    if (spec.alternate && !decimal) sign += std::string("0") + type;
    finish(sign, digits, spec);
  }

  void real_number(char type, const Value& value, FormatSpec& spec) {
    if (value.is_undefined()) value.as_undefined().fail();
    if (!value.is_number()) raise_type_error("must be real number, not " + type_name(value));
    const double number = value.as_double();
    const bool negative = std::signbit(number) && !std::isnan(number);
    finish(sign_of(negative, spec), float_digits(std::fabs(number), type, spec.precision, spec.alternate),
           spec);
  }

  const std::string& text_;
  const bool markup_;
  const Value& arguments_;
  Values positional_;
  bool is_mapping_ = false, zeros_ = false;
  std::size_t at_ = 0, next_ = 0;
  std::string out_;
};

}  // namespace

Value percent_format(const Value& format, const Value& arguments) {
  return like(format, PercentFormat(format, arguments).run());
}

}  // namespace core::render
