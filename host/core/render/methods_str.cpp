// Methods of str that give text or lists of text.
#include <algorithm>

#include "core/render/builtin_support.hpp"
#include "core/render/methods.hpp"
#include "core/render/strings.hpp"
#include "core/render/unicode.hpp"

namespace core::render::methods {

namespace {

using strings::Side;

template <std::string (*Change)(std::string_view)>
Value changed(Runtime&, const Value& self, Arguments& arguments) {
  bind_arguments(arguments, "str method", 1, {});
  return like(self, Change(self.as_string()));
}

template <Side At>
Value strip(Runtime&, const Value& self, Arguments& arguments) {
  const auto given = bind_arguments(arguments, "strip", 1, {{"chars"}});
  if (!is_given(given[0])) return like(self, std::string(strings::strip(self.as_string(), {}, At)));
  if (!given[0].is_string()) raise_type_error("strip arg must be None or str");
  return like(self, std::string(strings::strip(self.as_string(), given[0].as_string(), At)));
}

template <Side At>
Value pad(Runtime&, const Value& self, Arguments& arguments) {
  const auto given = bind_arguments(arguments, "ljust", 1, {{"width", true}, {"fillchar"}});
  const Value fill = value_or(given[1], " ");
  if (!fill.is_string() || fill.as_text().length() != 1)
    raise_type_error("The fill character must be exactly one character long");
  return like(self, strings::pad(self.as_string(), to_index(given[0]), fill.as_string(), At));
}

Value zfill(Runtime&, const Value& self, Arguments& arguments) {
  const auto given = bind_arguments(arguments, "zfill", 1, {{"width", true}});
  return like(self, strings::zfill(self.as_string(), to_index(given[0])));
}

Value expandtabs(Runtime&, const Value& self, Arguments& arguments) {
  const auto given = bind_arguments(arguments, "expandtabs", 1, {{"tabsize"}});
  return like(self, strings::expand_tabs(self.as_string(), index_or(given[0], 8)));
}

Value replace(Runtime&, const Value& self, Arguments& arguments) {
  const auto given = bind_arguments(arguments, "replace", 1, {{"old", true}, {"new", true}, {"count"}});
  const std::string& from = require_text(given[0], "replace() argument 1");
  const std::string& to = require_text(given[1], "replace() argument 2");
  const std::string inserted = self.is_markup() ? escape(given[1]).as_string() : to;
  return like(self, strings::replace(self.as_string(), from, inserted, index_or(given[2], -1)));
}

Value join(Runtime& runtime, const Value& self, Arguments& arguments) {
  const auto given = bind_arguments(arguments, "join", 1, {{"iterable", true}});
  const auto steps = iterate(given[0]);
  std::string out;
  std::size_t number = 0;
  for (Value item; steps->next(item); ++number) {
    runtime.charge();
    if (number > 0) out += self.as_string();
    if (!self.is_markup() && !item.is_string())
      raise_type_error("sequence item " + std::to_string(number) + ": expected str instance, " +
                       type_name(item) + " found");
    out += self.is_markup() ? escape(item).as_string() : item.as_string();
    charge_bytes(out.size());
  }
  return like(self, std::move(out));
}

Value removeprefix(Runtime&, const Value& self, Arguments& arguments) {
  const auto given = bind_arguments(arguments, "removeprefix", 1, {{"prefix", true}});
  const std::string &text = self.as_string(), &prefix = require_text(given[0], "removeprefix() argument");
  return text.starts_with(prefix) ? like(self, text.substr(prefix.size())) : self;
}

Value removesuffix(Runtime&, const Value& self, Arguments& arguments) {
  const auto given = bind_arguments(arguments, "removesuffix", 1, {{"suffix", true}});
  const std::string &text = self.as_string(), &suffix = require_text(given[0], "removesuffix() argument");
  return text.ends_with(suffix) ? like(self, text.substr(0, text.size() - suffix.size())) : self;
}

// Keys are code points or single characters; values a text, a code point, or None to drop the character.
Value translate(Runtime& runtime, const Value& self, Arguments& arguments) {
  const auto given = bind_arguments(arguments, "translate", 1, {{"table", true}});
  if (!given[0].is_dict()) raise_type_error("'" + type_name(given[0]) + "' object is not subscriptable");
  std::string out;
  for (const auto one : strings::characters(self.as_string())) {
    runtime.charge();
    const Value* to = given[0].as_dict().find(Value(static_cast<std::int64_t>(char_at(one, 0))));
    if (!to)
      out += one;
    else if (to->is_integral())
      append_char(out, static_cast<char32_t>(to->as_int()));
    else if (to->is_string())
      out += to->as_string();
    else if (!to->is_none())
      raise_type_error("character mapping must return integer, None or str");
    charge_bytes(out.size());
  }
  return like(self, std::move(out));
}

// --- pieces -------------------------------------------------------------------------------------------

Value list_of(Runtime& runtime, const Value& self, const strings::Pieces& pieces) {
  runtime.charge(pieces.size());
  charge_bytes(pieces.size() * (sizeof(Value) + sizeof(Text)));
  Values items;
  items.reserve(pieces.size());
  for (const auto piece : pieces) items.push_back(like(self, std::string(piece)));
  return Value::list(std::move(items));
}

template <bool FromRight>
Value split(Runtime& runtime, const Value& self, Arguments& arguments) {
  const auto given = bind_arguments(arguments, "split", 1, {{"sep"}, {"maxsplit"}});
  const std::int64_t most = index_or(given[1], -1);
  const std::string& text = self.as_string();
  if (!is_given(given[0]))
    return list_of(runtime, self,
                   FromRight ? strings::split_space_right(text, most) : strings::split_space(text, most));
  const std::string& separator = require_text(given[0], "separator");
  if (separator.empty()) raise_value_error("empty separator");
  return list_of(
      runtime, self,
      FromRight ? strings::split_right(text, separator, most) : strings::split(text, separator, most));
}

Value splitlines(Runtime& runtime, const Value& self, Arguments& arguments) {
  const auto given = bind_arguments(arguments, "splitlines", 1, {{"keepends"}});
  return list_of(runtime, self, strings::split_lines(self.as_string(), truth_or(given[0], false)));
}

template <bool FromRight>
Value partition(Runtime&, const Value& self, Arguments& arguments) {
  const auto given = bind_arguments(arguments, "partition", 1, {{"sep", true}});
  const std::string &text = self.as_string(), &separator = require_text(given[0], "partition() argument");
  if (separator.empty()) raise_value_error("empty separator");
  const std::size_t at = FromRight ? text.rfind(separator) : text.find(separator);
  const auto part = [&](std::string piece) { return like(self, std::move(piece)); };
  if (at == std::string::npos)
    return FromRight ? Value::tuple({part(""), part(""), part(text)})
                     : Value::tuple({part(text), part(""), part("")});
  return Value::tuple({part(text.substr(0, at)), part(separator), part(text.substr(at + separator.size()))});
}

using Row = std::pair<std::string_view, Function>;

}  // namespace

Function of_str(std::string_view name) {
  static constexpr Row kMethods[] = {
      {"upper", changed<unicode::upper>},
      {"lower", changed<unicode::lower>},
      {"casefold", changed<unicode::casefold>},
      {"capitalize", changed<unicode::capitalize>},
      {"title", changed<unicode::title>},
      {"swapcase", changed<unicode::swapcase>},
      {"strip", strip<Side::kBoth>},
      {"lstrip", strip<Side::kLeft>},
      {"rstrip", strip<Side::kRight>},
      {"center", pad<Side::kBoth>},
      {"ljust", pad<Side::kLeft>},
      {"rjust", pad<Side::kRight>},
      {"zfill", zfill},
      {"expandtabs", expandtabs},
      {"replace", replace},
      {"join", join},
      {"removeprefix", removeprefix},
      {"removesuffix", removesuffix},
      {"translate", translate},
      {"split", split<false>},
      {"rsplit", split<true>},
      {"splitlines", splitlines},
      {"partition", partition<false>},
      {"rpartition", partition<true>},
  };
  return pick(kMethods, name);
}

}  // namespace core::render::methods
