#include "core/render/strings.hpp"

#include <algorithm>

#include "core/render/operators.hpp"
#include "core/render/unicode.hpp"

namespace core::render::strings {

namespace {

bool ends_line(char32_t code) {
  return (code >= 0x0A && code <= 0x0D) || (code >= 0x1C && code <= 0x1E) || code == 0x85 || code == 0x2028 ||
         code == 0x2029;
}

// Byte offset of the character before `at`, which is not 0.
std::size_t before(std::string_view text, std::size_t at) {
  std::size_t start = at - 1;
  while (start > 0 && at - start < 4 && (static_cast<unsigned char>(text[start]) & 0xC0) == 0x80) --start;
  return char_size(text, start) == at - start ? start : at - 1;
}

bool contains_char(std::string_view chars, std::string_view one) {
  for (std::size_t at = 0; at < chars.size(); at += char_size(chars, at))
    if (chars.substr(at, char_size(chars, at)) == one) return true;
  return false;
}

bool strippable(std::string_view text, std::size_t at, const std::optional<std::string_view>& chars) {
  if (!chars) return unicode::is_space(char_at(text, at));
  return contains_char(*chars, text.substr(at, char_size(text, at)));
}

void insert_between(std::string& out, std::string_view text, std::string_view to, std::int64_t count) {
  std::size_t at = 0;
  while (count != 0) {
    out += to;
    --count;
    if (at >= text.size()) return;
    const std::size_t size = char_size(text, at);
    out += text.substr(at, size);
    at += size;
  }
  out += text.substr(at);
}

}  // namespace

Pieces split_lines(std::string_view text, bool keep_ends) {
  Pieces lines;
  std::size_t start = 0, at = 0;
  while (at < text.size()) {
    const char32_t code = char_at(text, at);
    const std::size_t line_end = at;
    at += char_size(text, at);
    if (!ends_line(code)) continue;
    if (code == '\r' && at < text.size() && text[at] == '\n') ++at;
    lines.push_back(text.substr(start, (keep_ends ? at : line_end) - start));
    start = at;
  }
  if (start < text.size()) lines.push_back(text.substr(start));
  return lines;
}

Pieces split_space(std::string_view text, std::int64_t most) {
  Pieces words;
  std::size_t at = 0;
  while (true) {
    while (at < text.size() && unicode::is_space(char_at(text, at))) at += char_size(text, at);
    if (at >= text.size()) return words;
    if (most >= 0 && static_cast<std::int64_t>(words.size()) >= most) {
      words.push_back(text.substr(at));
      return words;
    }
    const std::size_t start = at;
    while (at < text.size() && !unicode::is_space(char_at(text, at))) at += char_size(text, at);
    words.push_back(text.substr(start, at - start));
  }
}

Pieces split_space_right(std::string_view text, std::int64_t most) {
  if (most < 0) return split_space(text);
  Pieces words;
  std::size_t end = text.size();
  while (true) {
    while (end > 0 && unicode::is_space(char_at(text, before(text, end)))) end = before(text, end);
    if (end == 0) break;
    if (static_cast<std::int64_t>(words.size()) >= most) {
      words.push_back(text.substr(0, end));
      break;
    }
    std::size_t start = end;
    while (start > 0 && !unicode::is_space(char_at(text, before(text, start)))) start = before(text, start);
    words.push_back(text.substr(start, end - start));
    end = start;
  }
  std::reverse(words.begin(), words.end());
  return words;
}

Pieces split(std::string_view text, std::string_view separator, std::int64_t most) {
  Pieces parts;
  std::size_t start = 0;
  while (most < 0 || static_cast<std::int64_t>(parts.size()) < most) {
    const std::size_t found = text.find(separator, start);
    if (found == std::string_view::npos) break;
    parts.push_back(text.substr(start, found - start));
    start = found + separator.size();
  }
  parts.push_back(text.substr(start));
  return parts;
}

Pieces split_right(std::string_view text, std::string_view separator, std::int64_t most) {
  Pieces parts;
  std::size_t end = text.size();
  while (most < 0 || static_cast<std::int64_t>(parts.size()) < most) {
    if (end < separator.size()) break;
    const std::size_t found = text.rfind(separator, end - separator.size());
    if (found == std::string_view::npos) break;
    parts.push_back(text.substr(found + separator.size(), end - found - separator.size()));
    end = found;
  }
  parts.push_back(text.substr(0, end));
  std::reverse(parts.begin(), parts.end());
  return parts;
}

std::string_view strip(std::string_view text, std::optional<std::string_view> chars, Side side) {
  std::size_t start = 0, end = text.size();
  if (side != Side::kRight)
    while (start < end && strippable(text, start, chars)) start += char_size(text, start);
  if (side != Side::kLeft)
    while (end > start && strippable(text, before(text, end), chars)) end = before(text, end);
  return text.substr(start, end - start);
}

std::string replace(std::string_view text, std::string_view from, std::string_view to, std::int64_t count) {
  if (count < 0) count = INT64_MAX;
  std::string out;
  const std::size_t hits = from.empty() ? Text::count(text) + 1 : strings::count(text, from);
  charge_bytes(text.size() + std::min<std::size_t>(hits, static_cast<std::size_t>(count)) * to.size());
  if (from.empty()) {
    insert_between(out, text, to, count);
    return out;
  }
  std::size_t start = 0;
  for (; count > 0; --count) {
    const std::size_t found = text.find(from, start);
    if (found == std::string_view::npos) break;
    out.append(text, start, found - start).append(to);
    start = found + from.size();
  }
  return out.append(text, start);
}

std::size_t count(std::string_view text, std::string_view part) {
  if (part.empty()) return Text::count(text) + 1;
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size()))
    ++found;
  return found;
}

std::string pad(std::string_view text, std::int64_t width, std::string_view fill, Side side) {
  const auto size = static_cast<std::int64_t>(Text::count(text));
  if (width <= size) return std::string(text);
  const std::int64_t missing = width - size;
  charge_bytes(text.size() + static_cast<std::size_t>(missing) * fill.size());
  std::int64_t left = 0;
  if (side == Side::kRight) left = missing;
  if (side == Side::kBoth) left = missing / 2 + (missing & width & 1);
  std::string out;
  out.reserve(text.size() + static_cast<std::size_t>(missing) * fill.size());
  for (std::int64_t i = 0; i < left; ++i) out += fill;
  out += text;
  for (std::int64_t i = left; i < missing; ++i) out += fill;
  return out;
}

std::string zfill(std::string_view text, std::int64_t width) {
  const bool has_sign = !text.empty() && (text[0] == '+' || text[0] == '-');
  if (!has_sign) return pad(text, width, "0", Side::kRight);
  return text[0] + pad(text.substr(1), width - 1, "0", Side::kRight);
}

std::string expand_tabs(std::string_view text, std::int64_t size) {
  std::string out;
  std::int64_t column = 0;
  for (std::size_t at = 0; at < text.size(); at += char_size(text, at)) {
    if (text[at] == '\t') {
      const std::int64_t blanks = size > 0 ? size - column % size : 0;
      charge_bytes(out.size() + static_cast<std::size_t>(blanks));
      out.append(static_cast<std::size_t>(blanks), ' ');
      column += blanks;
      continue;
    }
    column = text[at] == '\n' || text[at] == '\r' ? 0 : column + 1;
    out += text.substr(at, char_size(text, at));
  }
  return out;
}

std::string_view head(std::string_view text, std::size_t characters) {
  std::size_t at = 0;
  while (characters > 0 && at < text.size()) {
    at += char_size(text, at);
    --characters;
  }
  return text.substr(0, at);
}

std::vector<std::string_view> characters(std::string_view text) {
  std::vector<std::string_view> all;
  for (std::size_t at = 0; at < text.size(); at += char_size(text, at))
    all.push_back(text.substr(at, char_size(text, at)));
  return all;
}

std::string reversed(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = text.size(); at > 0;) {
    const std::size_t start = before(text, at);
    out += text.substr(start, at - start);
    at = start;
  }
  return out;
}

}  // namespace core::render::strings
