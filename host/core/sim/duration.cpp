#include "core/sim/duration.hpp"

#include <cmath>
#include <utility>

namespace core::sim {

namespace {

constexpr double kMaxNs = 9.0e18;

constexpr std::pair<std::string_view, double> kUnits[] = {
    {"ns", 1.0}, {"us", 1e3}, {"\xC2\xB5s", 1e3}, {"\xCE\xBCs", 1e3},
    {"ms", 1e6}, {"s", 1e9},  {"m", 60e9},        {"h", 3600e9},
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Takes `12`, `1.5` or `.5` off the front.
std::optional<double> take_number(std::string_view& text) {
  double number = 0, scale = 1;
  bool any = false, fraction = false;
  for (; !text.empty(); text.remove_prefix(1)) {
    const char c = text.front();
    if (c == '.' && !fraction) {
      fraction = true;
    } else if (is_digit(c)) {
      any = true;
      number = number * 10 + (c - '0');
      if (fraction) scale *= 10;
    } else {
      break;
    }
  }
  if (!any) return std::nullopt;
  return number / scale;
}

std::optional<double> take_unit(std::string_view& text) {
  std::size_t length = 0;
  while (length < text.size() && !is_digit(text[length]) && text[length] != '.') ++length;
  const auto word = text.substr(0, length);
  text.remove_prefix(length);
  for (const auto& [name, ns] : kUnits) {
    if (word == name) return ns;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
  if (text == "0") return Duration{};
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  double total = 0;
  while (!text.empty()) {
    const auto number = take_number(text);
    if (!number) return std::nullopt;
    const auto unit = take_unit(text);
    if (!unit) return std::nullopt;
    total += *number * *unit;
  }
  if (total > kMaxNs) return std::nullopt;
  return Duration{static_cast<std::int64_t>(std::llround(total))};
}

std::string format_duration(Duration duration) {
  static constexpr std::pair<const char*, std::int64_t> units[] = {
      {"s", 1'000'000'000}, {"ms", 1'000'000}, {"us", 1'000}, {"ns", 1}};
  for (const auto& [name, ns] : units) {
    if (duration.ns % ns == 0) return std::to_string(duration.ns / ns) + name;
  }
  return {};
}

}  // namespace core::sim
