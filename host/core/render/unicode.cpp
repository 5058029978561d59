#include "core/render/unicode.hpp"

#include <algorithm>
#include <iterator>

#include "core/render/operators.hpp"

namespace core::render::unicode {

namespace {

constexpr char32_t kCapitalSigma = 0x3A3, kSigma = 0x3C3, kFinalSigma = 0x3C2;

// U+03C2 at the end of a word is the one letter whose lower case depends on its neighbours.
bool ends_word(std::string_view text, std::size_t at) {
  const std::size_t behind = at + char_size(text, at);
  if (behind < text.size() && properties(char_at(text, behind)) & kAlpha) return false;
  while (at > 0) {
    --at;
    if ((static_cast<unsigned char>(text[at]) & 0xC0) != 0x80) return is_cased(char_at(text, at));
  }
  return false;
}

void append_lower(std::string& out, std::string_view text, std::size_t at) {
  const char32_t code = char_at(text, at);
  if (code == kCapitalSigma)
    append_char(out, ends_word(text, at) ? kFinalSigma : kSigma);
  else
    append_mapped(out, code, kLower);
}

std::string mapped(std::string_view text, const CaseMap& map) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); at += char_size(text, at))
    append_mapped(out, char_at(text, at), map);
  return out;
}

}  // namespace

std::uint16_t properties(char32_t code) {
  const auto* end = kProperties + kPropertyCount;
  const auto* row =
      std::upper_bound(kProperties, end, code, [](char32_t c, const PropertyRow& r) { return c < r.first; });
  return std::prev(row)->properties;
}

int decimal_value(char32_t code) {
  if (code < 0x80) return code >= '0' && code <= '9' ? static_cast<int>(code - '0') : -1;
  if (!(properties(code) & kDecimal)) return -1;
  // Digits come in runs of ten; a run may follow another one directly (mathematical digits).
  const auto* end = kProperties + kPropertyCount;
  const auto* row =
      std::upper_bound(kProperties, end, code, [](char32_t c, const PropertyRow& r) { return c < r.first; });
  return static_cast<int>((code - std::prev(row)->first) % 10);
}

void append_mapped(std::string& out, char32_t code, const CaseMap& map) {
  if (code < 0x80) {
    const bool from_lower = code >= 'a' && code <= 'z', from_upper = code >= 'A' && code <= 'Z';
    const bool to_upper = &map == &kUpper || &map == &kTitle;
    out.push_back(static_cast<char>(from_lower && to_upper    ? code - 32
                                    : from_upper && !to_upper ? code + 32
                                                              : code));
    return;
  }
  const auto* end = map.runs + map.run_count;
  const auto* run =
      std::upper_bound(map.runs, end, code, [](char32_t c, const MapRun& r) { return c < r.first; });
  if (run != map.runs) {
    --run;
    if (code <= run->last && (code - run->first) % static_cast<char32_t>(run->step) == 0)
      return append_char(out, static_cast<char32_t>(static_cast<std::int32_t>(code) + run->delta));
  }
  const auto* last = map.specials + map.special_count;
  const auto* special =
      std::lower_bound(map.specials, last, code, [](const MapSpecial& s, char32_t c) { return s.from < c; });
  if (special != last && special->from == code)
    out += special->to;
  else
    append_char(out, code);
}

std::string upper(std::string_view text) { return mapped(text, kUpper); }

std::string casefold(std::string_view text) { return mapped(text, kFold); }

std::string lower(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); at += char_size(text, at)) append_lower(out, text, at);
  return out;
}

std::string capitalize(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += char_size(text, at)) {
    if (at == 0)
      append_mapped(out, char_at(text, at), kTitle);
    else
      append_lower(out, text, at);
  }
  return out;
}

std::string title(std::string_view text) {
  std::string out;
  bool inside = false;
  for (std::size_t at = 0; at < text.size(); at += char_size(text, at)) {
    const char32_t code = char_at(text, at);
    if (inside)
      append_lower(out, text, at);
    else
      append_mapped(out, code, kTitle);
    inside = is_cased(code);
  }
  return out;
}

std::string swapcase(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += char_size(text, at)) {
    const char32_t code = char_at(text, at);
    const auto bits = properties(code);
    if (bits & kUpperCase)
      append_lower(out, text, at);
    else if (bits & kLowerCase)
      append_mapped(out, code, kUpper);
    else
      append_char(out, code);
  }
  return out;
}

}  // namespace core::render::unicode
