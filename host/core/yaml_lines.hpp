// Where the keys of a YAML text stand, so that messages can point at them.
#pragma once

#include <string>
#include <string_view>

#include "core/error.hpp"
#include "core/value.hpp"

namespace core {

/// An object from dotted path to line number (from 1), for every key and list item of the first document:
/// `{"treatments": 3, "treatments.0": 4, "treatments.0.rate": 4}`. List items count from 0; keys that contain
/// a dot or a quote are in double quotes (`treatments.0."load.rate"`). What an alias brings in is listed
/// under the anchor only. Error `invalid` as from `decode_yaml`.
Result<Value> yaml_lines(std::string_view text, const std::string& file = {});

}  // namespace core
