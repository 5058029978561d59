// Python's operations on strings, for filters and methods. Positions and widths count characters, not bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/render/value.hpp"

namespace core::render::strings {

using Pieces = std::vector<std::string_view>;

/// str.splitlines: at \n, \r, \r\n, \v, \f, U+001C..1E, U+0085, U+2028, U+2029.
Pieces split_lines(std::string_view text, bool keep_ends = false);
/// At runs of white space; at most `most` times if that is not negative. `split_space_right` counts from the
/// end.
Pieces split_space(std::string_view text, std::int64_t most = -1);
Pieces split_space_right(std::string_view text, std::int64_t most);
/// At a separator that is not empty.
Pieces split(std::string_view text, std::string_view separator, std::int64_t most = -1);
Pieces split_right(std::string_view text, std::string_view separator, std::int64_t most);

enum class Side { kBoth, kLeft, kRight };
/// Without the characters in `chars` (white space if there are none given) at its ends.
std::string_view strip(std::string_view text, std::optional<std::string_view> chars = {},
                       Side side = Side::kBoth);

/// str.replace; a negative `count` replaces all.
std::string replace(std::string_view text, std::string_view from, std::string_view to,
                    std::int64_t count = -1);
/// Occurrences that do not overlap.
std::size_t count(std::string_view text, std::string_view part);

/// Filled up to `width` characters; `side` is where the text stands: kLeft is str.ljust.
std::string pad(std::string_view text, std::int64_t width, std::string_view fill, Side side);
std::string zfill(std::string_view text, std::int64_t width);
std::string expand_tabs(std::string_view text, std::int64_t size);

/// The first `characters` of a text.
std::string_view head(std::string_view text, std::size_t characters);
/// The characters, each a string of its own.
std::vector<std::string_view> characters(std::string_view text);
std::string reversed(std::string_view text);

}  // namespace core::render::strings
