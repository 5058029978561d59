#include "core/yaml_scalar.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>

#include "core/number.hpp"

namespace core {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Reads a text from the left, one class of characters at a time.
class Scan {
 public:
  explicit Scan(std::string_view text) : rest_(text) {}

  bool end() const { return rest_.empty(); }
  bool one_of(std::string_view set) {
    if (end() || set.find(rest_.front()) == std::string_view::npos) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::size_t run_of(std::string_view set, std::size_t most = std::string_view::npos) {
    std::size_t n = 0;
    while (n < most && one_of(set)) ++n;
    return n;
  }
  bool word(std::string_view text) {
    if (rest_.substr(0, text.size()) != text) return false;
    rest_.remove_prefix(text.size());
    return true;
  }
  /// One or more `:[0-5]?[0-9]`.
  bool sixties() {
    std::size_t groups = 0;
    for (; one_of(":"); ++groups) {
      const bool small = !end() && rest_.front() <= '5';
      const auto n = run_of(kDigits, small ? 2 : 1);
      if (n == 0) return false;
    }
    return groups > 0;
  }

  static constexpr std::string_view kDigits = "0123456789", kDigitsAndGaps = "0123456789_";

 private:
  std::string_view rest_;
};

template <std::size_t N>
bool is_one_of(std::string_view text, const std::string_view (&words)[N]) {
  return std::find(std::begin(words), std::end(words), text) != std::end(words);
}

constexpr std::string_view kTrue[] = {"yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"};
constexpr std::string_view kFalse[] = {"no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"};
constexpr std::string_view kNull[] = {"", "~", "null", "Null", "NULL"};

bool is_based_int(std::string_view text) {
  Scan scan(text);
  if (scan.word("0b")) return scan.run_of("01_") > 0 && scan.end();
  if (scan.word("0x")) return scan.run_of("0123456789abcdefABCDEF_") > 0 && scan.end();
  return scan.word("0") && scan.run_of("01234567_") > 0 && scan.end();
}

bool is_int(std::string_view text) {
  Scan scan(text);
  scan.one_of("+-");
  if (scan.end()) return false;
  const std::string_view unsigned_text = text.substr(text.front() == '+' || text.front() == '-' ? 1 : 0);
  if (unsigned_text == "0" || is_based_int(unsigned_text)) return true;
  if (!scan.one_of("123456789")) return false;
  scan.run_of(Scan::kDigitsAndGaps);
  return scan.end() || (scan.sixties() && scan.end());
}

/// `e+3`: the sign is required.
bool optional_exponent(Scan& scan) {
  if (!scan.one_of("eE")) return scan.end();
  return scan.one_of("+-") && scan.run_of(Scan::kDigits) > 0 && scan.end();
}

bool is_not_finite(std::string_view text) {
  if (text == ".nan" || text == ".NaN" || text == ".NAN") return true;
  Scan scan(text);
  scan.one_of("+-");
  return (scan.word(".inf") || scan.word(".Inf") || scan.word(".INF")) && scan.end();
}

bool is_float(std::string_view text) {
  if (is_not_finite(text)) return true;
  Scan scan(text);
  if (scan.one_of(".")) {
    if (!scan.one_of(Scan::kDigits)) return false;
    scan.run_of(Scan::kDigitsAndGaps);
    return optional_exponent(scan);
  }
  scan.one_of("+-");
  if (!scan.one_of(Scan::kDigits)) return false;
  scan.run_of(Scan::kDigitsAndGaps);
  if (scan.one_of(".")) {
    scan.run_of(Scan::kDigitsAndGaps);
    return optional_exponent(scan);
  }
  return scan.sixties() && scan.one_of(".") && (scan.run_of(Scan::kDigitsAndGaps), scan.end());
}

bool time_zone(Scan& scan) {
  scan.run_of(" \t");
  if (scan.word("Z")) return scan.end();
  if (!scan.one_of("+-") || scan.run_of(Scan::kDigits, 2) == 0) return false;
  return scan.end() || (scan.word(":") && scan.run_of(Scan::kDigits, 2) == 2 && scan.end());
}

bool is_timestamp(std::string_view text) {
  Scan scan(text);
  if (scan.run_of(Scan::kDigits, 4) != 4 || !scan.word("-")) return false;
  const auto month = scan.run_of(Scan::kDigits, 2);
  if (month == 0 || !scan.word("-")) return false;
  const auto day = scan.run_of(Scan::kDigits, 2);
  if (scan.end()) return month == 2 && day == 2;
  if (day == 0 || (!scan.one_of("Tt") && scan.run_of(" \t") == 0)) return false;
  if (scan.run_of(Scan::kDigits, 2) == 0) return false;
  for (int i = 0; i < 2; ++i)
    if (!scan.word(":") || scan.run_of(Scan::kDigits, 2) != 2) return false;
  if (scan.word(".")) scan.run_of(Scan::kDigits);
  return scan.end() || time_zone(scan);
}

std::string without_gaps(std::string_view text) {
  std::string out;
  std::copy_if(text.begin(), text.end(), std::back_inserter(out), [](char c) { return c != '_'; });
  return out;
}

/// Digits of `base` with a sign, exact within 64 bits, else the nearest double.
Value integer(std::string_view digits, int base, bool negative) {
  std::uint64_t magnitude = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, magnitude, base);
  if (digits.empty() || stop != end) return Value(Value::value_t::discarded);
  constexpr std::uint64_t kMinimum = std::uint64_t{1} << 63;
  if (error == std::errc() && negative && magnitude <= kMinimum)
    return static_cast<std::int64_t>(0 - magnitude);
  if (error == std::errc() && !negative) {
    if (magnitude < kMinimum) return static_cast<std::int64_t>(magnitude);
    return magnitude;
  }
  double sum = 0;
  for (char c : digits) sum = sum * base + (is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
  if (base == 10) sum = parse_double(digits);
  return negative ? -sum : sum;
}

/// `1:30:05.5`, most significant first.
double sum_of_sixties(std::string_view text) {
  double sum = 0;
  while (true) {
    const auto colon = text.find(':');
    std::string part(text.substr(0, colon));
    if (!part.empty() && part.back() == '.') part += '0';
    sum = sum * 60 + parse_double(part);
    if (colon == std::string_view::npos) return sum;
    text.remove_prefix(colon + 1);
  }
}

Value sexagesimal_int(std::string_view text, bool negative) {
  const double sum = sum_of_sixties(text);
  if (std::isnan(sum)) return Value(Value::value_t::discarded);
  const double exact = negative ? -sum : sum;
  if (sum < 9e15) return static_cast<std::int64_t>(exact);
  return exact;
}

Value to_int(std::string_view text) {
  std::string digits = without_gaps(text);
  const bool negative = !digits.empty() && digits.front() == '-';
  if (!digits.empty() && (negative || digits.front() == '+')) digits.erase(0, 1);
  if (digits == "0") return 0;
  if (digits.rfind("0b", 0) == 0) return integer(std::string_view(digits).substr(2), 2, negative);
  if (digits.rfind("0x", 0) == 0) return integer(std::string_view(digits).substr(2), 16, negative);
  if (digits.rfind("0", 0) == 0) return integer(digits, 8, negative);
  if (digits.find(':') != std::string::npos) return sexagesimal_int(digits, negative);
  return integer(digits, 10, negative);
}

Value to_float(std::string_view text) {
  std::string digits = without_gaps(text);
  std::transform(digits.begin(), digits.end(), digits.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  const bool negative = !digits.empty() && digits.front() == '-';
  if (!digits.empty() && (negative || digits.front() == '+')) digits.erase(0, 1);
  if (digits == ".nan") return std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  if (digits == ".inf") return negative ? -infinity : infinity;
  const double number = sum_of_sixties(digits);
  if (std::isnan(number)) return Value(Value::value_t::discarded);
  return negative ? -number : number;
}

Value to_bool(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (is_one_of(lower, kTrue)) return true;
  if (is_one_of(lower, kFalse)) return false;
  return Value(Value::value_t::discarded);
}

}  // namespace

YamlType yaml_type(std::string_view text) {
  if (is_one_of(text, kNull)) return YamlType::kNull;
  if (is_one_of(text, kTrue) || is_one_of(text, kFalse)) return YamlType::kBool;
  if (text == "<<") return YamlType::kMerge;
  if (text == "=") return YamlType::kValue;
  const char first = text.front();
  if (!is_digit(first) && first != '+' && first != '-' && first != '.') return YamlType::kString;
  if (is_float(text)) return YamlType::kFloat;
  if (is_int(text)) return YamlType::kInt;
  if (is_timestamp(text)) return YamlType::kTimestamp;
  return YamlType::kString;
}

Value yaml_scalar_as(YamlType type, std::string_view text) {
  switch (type) {
    case YamlType::kNull:
      return nullptr;
    case YamlType::kBool:
      return to_bool(text);
    case YamlType::kInt:
      return to_int(text);
    case YamlType::kFloat:
      return to_float(text);
    default:
      return std::string(text);
  }
}

Value yaml_scalar(std::string_view text) {
  Value value = yaml_scalar_as(yaml_type(text), text);
  return value.is_discarded() ? Value(std::string(text)) : value;  // `0x_`: PyYAML fails, we keep the text
}

}  // namespace core
