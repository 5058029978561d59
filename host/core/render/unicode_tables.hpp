// What unicode_properties.cpp and unicode_case.cpp hold.
#pragma once

#include <cstddef>
#include <cstdint>

namespace core::render::unicode {

/// Bits of a character's properties: what Python's str.isalpha and its like ask for.
enum Property : std::uint16_t {
  kAlpha = 1,
  kDecimal = 2,
  kDigit = 4,
  kNumeric = 8,
  kUpperCase = 16,
  kLowerCase = 32,
  kTitleCase = 64,
  kSpace = 128,
  /// Beyond ASCII and allowed inside an identifier.
  kIdentifier = 256,
};

/// Properties of all characters from `first` up to the next row's.
struct PropertyRow {
  char32_t first;
  std::uint16_t properties;
};
extern const PropertyRow kProperties[];
extern const std::size_t kPropertyCount;

/// Every `step`-th character from `first` to `last` maps to itself plus `delta`.
struct MapRun {
  char32_t first, last;
  std::int32_t step, delta;
};

/// A character that maps to several.
struct MapSpecial {
  char32_t from;
  const char* to;
};

struct CaseMap {
  const MapRun* runs;
  std::size_t run_count;
  const MapSpecial* specials;
  std::size_t special_count;
};
extern const CaseMap kUpper, kLower, kTitle, kFold;

}  // namespace core::render::unicode
