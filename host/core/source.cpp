#include "core/source.hpp"

#include <algorithm>

#include "core/utf8.hpp"

namespace core {

namespace {

constexpr std::size_t kShownBefore = 60, kShownAfter = 40;  // characters of a long line around the place

struct Excerpt {
  std::string line, caret;
};

/// The line as it can be shown on a terminal; tabs are kept in both rows so that they stay aligned.
Excerpt excerpt(std::string_view line, std::size_t column) {
  const auto codes = to_utf32(line);
  const std::size_t from = column > kShownBefore ? column - kShownBefore : 0;
  const std::size_t to = std::min(codes.size(), column + kShownAfter);
  Excerpt out;
  if (from > 0) out.line += "...", out.caret += "   ";
  for (std::size_t i = from; i < to; ++i) {
    const bool control = (codes[i] < 0x20 && codes[i] != '\t') || (codes[i] >= 0x7F && codes[i] < 0xA0);
    append_utf8(out.line, control ? U'\uFFFD' : codes[i]);
    if (i < column) out.caret += codes[i] == '\t' ? '\t' : ' ';
  }
  if (to < codes.size()) out.line += "...";
  out.caret += '^';
  return out;
}

std::string_view line_around(std::string_view text, std::size_t offset) {
  const std::size_t before = offset == 0 ? std::string_view::npos : text.rfind('\n', offset - 1);
  const std::size_t start = before == std::string_view::npos ? 0 : before + 1;
  auto line = text.substr(start, text.find('\n', start) - start);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

}  // namespace

TextPlace place_of(std::string_view text, std::size_t offset) {
  offset = std::min(offset, text.size());
  const auto line = std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(offset), '\n');
  const std::size_t before = offset == 0 ? std::string_view::npos : text.rfind('\n', offset - 1);
  const std::size_t start = before == std::string_view::npos ? 0 : before + 1;
  const auto column = to_utf32(text.substr(start, offset - start)).size();
  return {static_cast<int>(line) + 1, static_cast<int>(column) + 1};
}

std::size_t line_start(std::string_view text, int line) {
  std::size_t at = 0;
  for (; line > 0; --line) {
    const auto end = text.find('\n', at);
    if (end == std::string_view::npos) return text.size();
    at = end + 1;
  }
  return at;
}

Error text_error(std::string_view text, const std::string& file, std::size_t offset,
                 const std::string& what) {
  offset = std::min(offset, text.size());
  const auto place = place_of(text, offset);
  const auto line = line_around(text, offset);
  const auto shown = excerpt(line, static_cast<std::size_t>(place.column) - 1);
  const std::string number = std::to_string(place.line);
  const std::string where = number + ":" + std::to_string(place.column);
  Error error{"invalid", (file.empty() ? "line " + where : file + ":" + where) + ": " + what, ""};
  error.message += "\n  " + number + " | " + shown.line;
  error.message += "\n  " + std::string(number.size(), ' ') + " | " + shown.caret;
  if (!file.empty()) error.facts["file"] = file;
  error.facts["line"] = place.line;
  error.facts["column"] = place.column;
  error.facts["source"] = shown.line;
  return error;
}

std::string what_is_wrong(const Error& error) {
  const auto from = error.message.find(": ") + 2;
  return error.message.substr(from, error.message.find('\n') - from);
}

}  // namespace core
