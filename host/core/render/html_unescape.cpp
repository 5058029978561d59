// html.unescape: character references become characters.
#include <algorithm>
#include <string_view>

#include "core/render/filters.hpp"
#include "core/render/html_entities.hpp"
#include "core/render/operators.hpp"

namespace core::render::filters {

namespace {

// U+0080 to U+009F mean what they mean in Windows-1252.
constexpr char32_t kWindows[] = {0x20AC, 0x81,   0x201A, 0x192,  0x201E, 0x2026, 0x2020, 0x2021,
                                 0x2C6,  0x2030, 0x160,  0x2039, 0x152,  0x8D,   0x17D,  0x8F,
                                 0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                 0x2DC,  0x2122, 0x161,  0x203A, 0x153,  0x9D,   0x17E,  0x178};

bool is_dropped(std::uint64_t code) {
  return (code >= 1 && code <= 8) || code == 0xB || (code >= 0xE && code <= 0x1F) || code == 0x7F ||
         (code >= 0xFDD0 && code <= 0xFDEF) || (code & 0xFFFE) == 0xFFFE;
}

void append_numbered(std::string& out, std::uint64_t code) {
  if (code == 0 || (code >= 0xD800 && code <= 0xDFFF) || code > 0x10FFFF)
    append_char(out, 0xFFFD);
  else if (code >= 0x80 && code <= 0x9F)
    append_char(out, kWindows[code - 0x80]);
  else if (!is_dropped(code))
    append_char(out, static_cast<char32_t>(code));
}

int digit_of(char c, int base) {
  const char low = static_cast<char>(c | 32);
  const int value = c >= '0' && c <= '9' ? c - '0' : low >= 'a' && low <= 'f' ? low - 'a' + 10 : 99;
  return value < base ? value : -1;
}

/// Reads `#65;` or `#x41` behind the `&` at `at`; bytes it takes, 0 if it is no reference.
std::size_t numbered(std::string_view text, std::size_t at, std::string& out) {
  std::size_t end = at + 1;
  const bool hex = end < text.size() && (text[end] | 32) == 'x';
  if (hex) ++end;
  const std::size_t start = end;
  std::uint64_t code = 0;
  for (; end < text.size() && digit_of(text[end], hex ? 16 : 10) >= 0; ++end)
    code = std::min<std::uint64_t>(
        code * (hex ? 16 : 10) + static_cast<std::uint64_t>(digit_of(text[end], 16)), 0x200000);
  if (end == start) return 0;
  append_numbered(out, code);
  return end - at + (end < text.size() && text[end] == ';' ? 1 : 0);
}

const char* named(std::string_view name) {
  const auto* end = kHtmlEntities + kHtmlEntityCount;
  const auto find = [&](std::string_view wanted) -> const char* {
    const auto* entity = std::lower_bound(
        kHtmlEntities, end, wanted,
        [](const HtmlEntity& e, std::string_view n) { return std::string_view(e.name) < n; });
    return entity != end && wanted == entity->name ? entity->text : nullptr;
  };
  if (const char* text = find(name)) return text;
  return name.ends_with(';') ? find(name.substr(0, name.size() - 1)) : nullptr;
}

/// The longest name at the front of what may be one.
std::size_t by_name(std::string_view text, std::size_t at, std::string& out) {
  std::size_t end = at, characters = 0;
  while (end < text.size() && characters < 32 &&
         std::string_view("\t\n\f <&#;").find(text[end]) == std::string_view::npos) {
    end += char_size(text, end);
    ++characters;
  }
  if (end < text.size() && end > at && text[end] == ';') ++end;
  for (std::size_t size = end - at; size > 1; --size) {
    if (const char* found = named(text.substr(at, size))) {
      out += found;
      return size;
    }
  }
  return 0;
}

}  // namespace

std::string unescape_html(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t mark = text.find('&', at);
    out += text.substr(at, mark - at);
    if (mark == std::string_view::npos) break;
    at = mark + 1;
    const bool number = at < text.size() && text[at] == '#';
    const std::size_t taken = number ? numbered(text, at, out) : by_name(text, at, out);
    if (taken == 0) out += '&';
    at += taken;
  }
  return out;
}

}  // namespace core::render::filters
