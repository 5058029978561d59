// JSON text to Value and back.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "core/value.hpp"

namespace core {

/// How `decode_json` reads.
struct JsonReading {
  /// Name used in errors; may be empty.
  std::string file;
  /// Accept `NaN`, `Infinity` and `-Infinity`, which Python writes although JSON has no such numbers.
  bool nan = false;
};

/// How `encode_json` writes.
struct JsonStyle {
  /// Spaces per level; 0 writes one line.
  int indent = 0;
  /// On one line: a space after `,` and `:`, as Python's default.
  bool spaced = false;
  /// Objects in the order of their keys' code points instead of their own order.
  bool sort_keys = false;
  /// Everything outside ASCII as `\uXXXX`.
  bool ascii = false;
  /// NaN and infinities as `NaN`, `Infinity`, `-Infinity`, which is not JSON; otherwise as `null`.
  bool nan_literals = false;
};

/// Parses exactly one JSON text (RFC 8259): UTF-8 is checked, a repeated key keeps its first place and
/// takes the last value, nesting is limited to 1,000. Integers are exact from -2^63 to 2^64-1; larger
/// ones become doubles. (A Lua number is a double: scripts see exact integers up to 2^53 only.)
/// Error `invalid` names file, line and column and shows the line.
Result<Value> decode_json(std::string_view text, const JsonReading& reading = {});

/// Reads and parses a file; also `not_found` and `denied`.
Result<Value> load_json(const std::string& path, JsonReading reading = {});

/// Never fails: bytes that are not UTF-8 become U+FFFD. Doubles are the shortest text that reads back
/// equal and always carry a point or an exponent (`1.0`), as Python writes them.
std::string encode_json(const Value& value, const JsonStyle& style = {});

/// Path of the first NaN or infinity (`results[3].mean`), empty if all numbers are finite.
std::string find_not_finite(const Value& value);

}  // namespace core
