// The one tree type of the program: what YAML, JSON and Lua tables become inside C++.
#pragma once

#include <nlohmann/json.hpp>

namespace core {

/// A JSON-like tree whose objects keep the order of their keys.
using Value = nlohmann::ordered_json;

}  // namespace core
