// The groups of built-in filters, and what they share.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "core/render/builtins.hpp"

namespace core::render::filters {

void register_text(Registry& registry);
void register_wrap(Registry& registry);
void register_urlize(Registry& registry);
void register_numbers(Registry& registry);
void register_sequences(Registry& registry);
void register_choices(Registry& registry);
void register_data(Registry& registry);

/// `float(value)`: raises TypeError or ValueError.
double to_float(Runtime& runtime, const Value& value);
/// `first, second = value`: raises TypeError or ValueError.
std::pair<Value, Value> to_pair(const Value& value);
/// Python's html.unescape.
std::string unescape_html(std::string_view text);
/// `json.dumps`; `indent` as there: missing or None for one line, a number of spaces, or a text. Raises
/// TypeError for what JSON cannot hold.
std::string to_json(Runtime& runtime, const Value& value, const Value& indent, bool sort_keys,
                    bool compact = false);
/// `pprint.pformat(value)`.
std::string pretty(const Value& value);

}  // namespace core::render::filters
