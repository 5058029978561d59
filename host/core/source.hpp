// Texts that people write: pointing at the place that is wrong.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/error.hpp"

namespace core {

/// A place in a text, both counted from 1. The column counts characters, not bytes.
struct TextPlace {
  int line = 1;
  int column = 1;
};

/// Place of a byte offset; an offset behind the end means the end.
TextPlace place_of(std::string_view text, std::size_t offset);

/// Offset of the first byte of a line counted from 0; the size of the text when it has fewer lines.
std::size_t line_start(std::string_view text, int line);

/// Code `invalid`: "file:line:column: what", the source line below it and a caret under the place.
/// Facts `file` (unless empty), `line`, `column` and `source` (the line itself).
Error text_error(std::string_view text, const std::string& file, std::size_t offset, const std::string& what);

/// Only what is wrong of an error of `text_error` without a file: for texts whose own lines mean nothing to
/// the reader.
std::string what_is_wrong(const Error& error);

}  // namespace core
