// What an unquoted YAML 1.1 scalar means, as PyYAML's safe loader decides it.
#pragma once

#include <string_view>

#include "core/value.hpp"

namespace core {

/// Type of a plain scalar under YAML 1.1.
enum class YamlType { kNull, kBool, kInt, kFloat, kTimestamp, kMerge, kValue, kString };

/// Decides by the text alone: `yes` is a bool, `012` an int (octal), `1:30` an int (sexagesimal), `1e3` a
/// string (a float needs a point), `2024-05-01` a timestamp, `<<` a merge key, `=` a value key.
YamlType yaml_type(std::string_view text);

/// The value of a plain scalar. Timestamps stay the text they were written as, and so do `<<` and `=`. An
/// integer beyond 64 bits becomes a double.
Value yaml_scalar(std::string_view text);

/// The value under an explicit `!!int`, `!!float`, `!!bool`, `!!null`; discarded (`is_discarded()`) if the
/// text cannot be read as that type.
Value yaml_scalar_as(YamlType type, std::string_view text);

}  // namespace core
