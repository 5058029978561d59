// Python's format specifications: `[[fill]align][sign][#][0][width][,][.precision][type]`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/render/value.hpp"

namespace core::render {

struct FormatSpec {
  std::string fill = " ";
  char align = 0;  // < > ^ = or 0 for the type's own
  char sign = '-';
  bool sign_given = false;
  bool alternate = false;
  char grouping = 0;  // , or _
  std::int64_t width = -1;
  std::int64_t precision = -1;
  char type = 0;
};

/// Raises ValueError. `type` only words the message.
FormatSpec parse_format_spec(std::string_view text, const std::string& type);
/// `format(value, spec)`.
std::string format_value(const Value& value, std::string_view spec);

/// Digits of a float without a sign, as `type` (e f g and their capitals) says; `precision` -1 is 6.
std::string float_digits(double number, char type, std::int64_t precision, bool alternate);
/// `text` filled up to the spec's width; `sign_size` characters at its front stay in front of zeros.
std::string padded(const std::string& text, std::size_t sign_size, const FormatSpec& spec, char own_align);

}  // namespace core::render
