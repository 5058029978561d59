// The one tree type of the program: what YAML, JSON and Lua tables become inside C++.
#pragma once

#include <nlohmann/json.hpp>

namespace core {

/// A JSON-like tree whose objects keep the order of their keys.
using Value = nlohmann::ordered_json;

/// True for a whole number that is not negative.
inline bool is_natural(const Value& value) {
  return value.is_number_unsigned() || (value.is_number_integer() && value.get<std::int64_t>() >= 0);
}

}  // namespace core
