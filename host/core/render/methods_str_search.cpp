// Methods of str that search, count and ask.
#include <algorithm>

#include "core/render/builtin_support.hpp"
#include "core/render/methods.hpp"
#include "core/render/strings.hpp"
#include "core/render/unicode.hpp"

namespace core::render::methods {

namespace {

/// The part of a text between two positions as slices count them.
struct Part {
  std::string_view text;
  std::int64_t start = 0;
  bool valid = true;  // false: begins behind the end
};

std::int64_t slice_position(const Value& given, std::int64_t fallback, std::int64_t size) {
  if (!is_given(given)) return fallback;
  std::int64_t at = to_index(given);
  if (at < 0) at = std::max<std::int64_t>(at + size, 0);
  return at;
}

Part part_of(const Value& self, const Value& start, const Value& end) {
  const auto size = static_cast<std::int64_t>(self.as_text().length());
  const std::int64_t from = slice_position(start, 0, size);
  const std::int64_t to = std::min(slice_position(end, size, size), size);
  if (from > size || from > to) return {{}, from, false};
  const std::size_t first = char_offset(self.as_text(), static_cast<std::size_t>(from));
  const std::size_t last = char_offset(self.as_text(), static_cast<std::size_t>(to));
  return {std::string_view(self.as_string()).substr(first, last - first), from, true};
}

Values find_arguments(Arguments& arguments, const char* method) {
  return bind_arguments(arguments, method, 1, {{"sub", true}, {"start"}, {"end"}});
}

std::int64_t position(const Value& self, Arguments& arguments, const char* method, bool from_right) {
  const auto given = find_arguments(arguments, method);
  const std::string& wanted = require_text(given[0], "must be str: argument");
  const Part part = part_of(self, given[1], given[2]);
  if (!part.valid) return -1;
  const std::size_t found = from_right ? part.text.rfind(wanted) : part.text.find(wanted);
  if (found == std::string_view::npos) return -1;
  return part.start + static_cast<std::int64_t>(Text::count(part.text.substr(0, found)));
}

template <bool FromRight>
Value find(Runtime&, const Value& self, Arguments& arguments) {
  return position(self, arguments, FromRight ? "rfind" : "find", FromRight);
}

template <bool FromRight>
Value index(Runtime&, const Value& self, Arguments& arguments) {
  const std::int64_t at = position(self, arguments, FromRight ? "rindex" : "index", FromRight);
  if (at < 0) raise_value_error("substring not found");
  return at;
}

Value count(Runtime&, const Value& self, Arguments& arguments) {
  const auto given = find_arguments(arguments, "count");
  const std::string& wanted = require_text(given[0], "must be str: argument");
  const Part part = part_of(self, given[1], given[2]);
  return part.valid ? static_cast<std::int64_t>(strings::count(part.text, wanted)) : 0;
}

template <bool AtEnd>
Value has_affix(Runtime&, const Value& self, Arguments& arguments) {
  const auto given = find_arguments(arguments, AtEnd ? "endswith" : "startswith");
  const Part part = part_of(self, given[1], given[2]);
  const Values choices = given[0].is_tuple() ? given[0].items() : Values{given[0]};
  for (const auto& choice : choices) {
    if (!choice.is_string())
      raise_type_error(std::string(AtEnd ? "endswith" : "startswith") +
                       " first arg must be str or a tuple of str, not " + type_name(choice));
    const auto& affix = choice.as_string();
    if (part.valid && (AtEnd ? part.text.ends_with(affix) : part.text.starts_with(affix))) return true;
  }
  return false;
}

// --- questions about every character ------------------------------------------------------------------

template <std::uint16_t Wanted>
Value all_have(Runtime&, const Value& self, Arguments& arguments) {
  bind_arguments(arguments, "str method", 1, {});
  const auto& text = self.as_string();
  for (std::size_t at = 0; at < text.size(); at += char_size(text, at))
    if (!(unicode::properties(char_at(text, at)) & Wanted)) return false;
  return !text.empty();
}

template <unicode::Property Wanted>
Value has_case(Runtime&, const Value& self, Arguments& arguments) {
  bind_arguments(arguments, "str method", 1, {});
  const auto& text = self.as_string();
  bool any = false;
  for (std::size_t at = 0; at < text.size(); at += char_size(text, at)) {
    const auto bits = unicode::properties(char_at(text, at));
    if (!(bits & (unicode::kUpperCase | unicode::kLowerCase | unicode::kTitleCase))) continue;
    if (!(bits & Wanted)) return false;
    any = true;
  }
  return any;
}

Value istitle(Runtime&, const Value& self, Arguments& arguments) {
  bind_arguments(arguments, "istitle", 1, {});
  const auto& text = self.as_string();
  bool inside = false, any = false;
  for (std::size_t at = 0; at < text.size(); at += char_size(text, at)) {
    const auto bits = unicode::properties(char_at(text, at));
    const bool capital = bits & (unicode::kUpperCase | unicode::kTitleCase),
               small = bits & unicode::kLowerCase;
    if ((capital && inside) || (small && !inside)) return false;
    inside = capital || small;
    any = any || inside;
  }
  return any;
}

Value isascii(Runtime&, const Value& self, Arguments& arguments) {
  bind_arguments(arguments, "isascii", 1, {});
  return self.as_text().is_ascii();
}

Value isprintable(Runtime&, const Value& self, Arguments& arguments) {
  bind_arguments(arguments, "isprintable", 1, {});
  const auto& text = self.as_string();
  for (std::size_t at = 0; at < text.size(); at += char_size(text, at))
    if (!is_printable(char_at(text, at))) return false;
  return true;
}

Value isidentifier(Runtime&, const Value& self, Arguments& arguments) {
  bind_arguments(arguments, "isidentifier", 1, {});
  const auto& text = self.as_string();
  for (std::size_t at = 0; at < text.size(); at += char_size(text, at)) {
    const char32_t code = char_at(text, at);
    const auto bits = unicode::properties(code);
    const bool starts = code == '_' || bits & unicode::kAlpha;
    const bool continues = starts || bits & (unicode::kIdentifier | unicode::kDecimal);
    if (!(at == 0 ? starts : continues)) return false;
  }
  return !text.empty();
}

using Row = std::pair<std::string_view, Function>;

}  // namespace

Function of_str_search(std::string_view name) {
  static constexpr Row kMethods[] = {
      {"find", find<false>},
      {"rfind", find<true>},
      {"index", index<false>},
      {"rindex", index<true>},
      {"count", count},
      {"startswith", has_affix<false>},
      {"endswith", has_affix<true>},
      {"isalpha", all_have<unicode::kAlpha>},
      {"isdecimal", all_have<unicode::kDecimal>},
      {"isdigit", all_have<unicode::kDigit>},
      {"isnumeric", all_have<unicode::kNumeric>},
      {"isalnum", all_have<unicode::kAlpha | unicode::kNumeric | unicode::kDecimal | unicode::kDigit>},
      {"isspace", all_have<unicode::kSpace>},
      {"islower", has_case<unicode::kLowerCase>},
      {"isupper", has_case<unicode::kUpperCase>},
      {"istitle", istitle},
      {"isascii", isascii},
      {"isprintable", isprintable},
      {"isidentifier", isidentifier},
  };
  return pick(kMethods, name);
}

}  // namespace core::render::methods
