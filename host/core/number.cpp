#include "core/number.hpp"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace core {

namespace {

/// Digits and exponent of the shortest form: 12.5 is {"125", 1}, meaning 1.25 * 10^1.
struct Decimal {
  std::string digits;
  int exponent = 0;
};

Decimal shortest(double positive) {
  char text[64];
  const auto end = std::to_chars(text, text + sizeof text, positive, std::chars_format::scientific).ptr;
  const std::string_view all(text, static_cast<std::size_t>(end - text));
  const auto e = all.find('e');
  Decimal decimal;
  for (char c : all.substr(0, e))
    if (c != '.') decimal.digits += c;
  decimal.exponent = std::atoi(std::string(all.substr(e + 1)).c_str());
  return decimal;
}

std::string fixed(Decimal d) {
  if (d.exponent < 0) return "0." + std::string(static_cast<std::size_t>(-d.exponent - 1), '0') + d.digits;
  const auto whole = static_cast<std::size_t>(d.exponent) + 1;
  if (d.digits.size() <= whole) return d.digits + std::string(whole - d.digits.size(), '0') + ".0";
  return d.digits.substr(0, whole) + "." + d.digits.substr(whole);
}

std::string scientific(const Decimal& d) {
  std::string text = d.digits.substr(0, 1);
  if (d.digits.size() > 1) text += "." + d.digits.substr(1);
  const std::string exponent = std::to_string(std::abs(d.exponent));
  return text + (d.exponent < 0 ? "e-" : "e+") + (exponent.size() < 2 ? "0" : "") + exponent;
}

}  // namespace

std::string format_double(double number) {
  if (std::isnan(number)) return "nan";
  const std::string sign = std::signbit(number) ? "-" : "";
  if (std::isinf(number)) return sign + "inf";
  if (number == 0) return sign + "0.0";
  const auto decimal = shortest(std::fabs(number));
  const bool plain = decimal.exponent >= -4 && decimal.exponent < 16;
  return sign + (plain ? fixed(decimal) : scientific(decimal));
}

double parse_double(std::string_view text) {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  double number = 0;
  const auto end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (stop != end || text.empty()) return std::numeric_limits<double>::quiet_NaN();
  if (error == std::errc::result_out_of_range) return std::strtod(std::string(text).c_str(), nullptr);
  return error == std::errc() ? number : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace core
