// Filters on text. Each function is the Jinja2 filter of the name it is registered under.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "core/render/builtin_support.hpp"
#include "core/render/filters.hpp"
#include "core/render/strings.hpp"
#include "core/render/unicode.hpp"

namespace core::render::filters {

namespace {

using strings::Side;

// What `text += "\n"` raises for a value that is no text.
void require_lines(const Value& self, const char* operation) {
  if (self.is_string()) return;
  if (self.is_undefined()) self.as_undefined().fail();
  if (self.is_list()) raise_no_attribute(self, "splitlines");
  raise_type_error(std::string("unsupported operand type(s) for ") + operation + ": '" + type_name(self) +
                   "' and 'str'");
}

Value upper(Runtime&, const Value& self, Arguments& arguments) {
  bind_arguments(arguments, "do_upper", 1, {});
  const Value text = soft_str(self);
  return like(text, unicode::upper(text.as_string()));
}

Value lower(Runtime&, const Value& self, Arguments& arguments) {
  bind_arguments(arguments, "do_lower", 1, {});
  const Value text = soft_str(self);
  return like(text, unicode::lower(text.as_string()));
}

Value capitalize(Runtime&, const Value& self, Arguments& arguments) {
  bind_arguments(arguments, "do_capitalize", 1, {});
  const Value text = soft_str(self);
  return like(text, unicode::capitalize(text.as_string()));
}

bool starts_word(char32_t code) {
  return code == '-' || code == '(' || code == '{' || code == '[' || code == '<' || unicode::is_space(code);
}

// Unlike str.title, only these characters and white space begin a new word.
Value title(Runtime&, const Value& self, Arguments& arguments) {
  bind_arguments(arguments, "do_title", 1, {});
  const std::string text = str(self);
  std::string out;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t start = at;
    const bool between = starts_word(char_at(text, at));
    while (at < text.size() && starts_word(char_at(text, at)) == between) at += char_size(text, at);
    const auto word = std::string_view(text).substr(start, at - start);
    const auto first = word.substr(0, char_size(word, 0));
    out += unicode::upper(first) + unicode::lower(word.substr(first.size()));
  }
  return out;
}

Value trim(Runtime&, const Value& self, Arguments& arguments) {
  const auto given = bind_arguments(arguments, "do_trim", 1, {{"chars"}});
  const Value text = soft_str(self);
  if (!is_given(given[0])) return like(text, std::string(strings::strip(text.as_string())));
  if (!given[0].is_string()) raise_type_error("strip arg must be None or str");
  return like(text, std::string(strings::strip(text.as_string(), given[0].as_string())));
}

Value center(Runtime&, const Value& self, Arguments& arguments) {
  const auto given = bind_arguments(arguments, "do_center", 1, {{"width"}});
  const Value text = soft_str(self);
  return like(text, strings::pad(text.as_string(), index_or(given[0], 80), " ", Side::kBoth));
}

Value replace(Runtime& runtime, const Value& self, Arguments& arguments) {
  const auto given = bind_arguments(arguments, "do_replace", 2, {{"old", true}, {"new", true}, {"count"}});
  const std::int64_t count = is_given(given[2]) ? to_index(given[2]) : -1;
  if (!runtime.autoescape()) return strings::replace(str(self), str(given[0]), str(given[1]), count);
  const bool markup = given[0].is_markup() || (given[1].is_markup() && !self.is_markup());
  const Value text = markup ? escape(self) : soft_str(self);
  const std::string from = str(given[0]);
  const std::string to = text.is_markup() ? escape(given[1]).as_string() : str(given[1]);
  return like(text, strings::replace(text.as_string(), from, to, count));
}

// --- lines --------------------------------------------------------------------------------------------

std::string indentation(const Value& width) {
  if (width.is_string()) return width.as_string();
  const std::int64_t count = index_or(width, 4);
  charge_bytes(count > 0 ? static_cast<std::size_t>(count) : 0);
  return count > 0 ? std::string(static_cast<std::size_t>(count), ' ') : std::string();
}

Value indent(Runtime&, const Value& self, Arguments& arguments) {
  const auto given = bind_arguments(arguments, "do_indent", 1, {{"width"}, {"first"}, {"blank"}});
  const std::string pad = indentation(given[0]);
  require_lines(self, "+=");
  const bool blank = truth_or(given[2], false);
  const std::string text = self.as_string() + "\n";
  const auto lines = strings::split_lines(text);
  charge_bytes(text.size() + lines.size() * pad.size());
  std::string out = truth_or(given[1], false) ? pad : "";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) out += '\n';
    if (i > 0 && (blank || !lines[i].empty())) out += pad;
    out += lines[i];
  }
  return like(self, std::move(out));
}

Value truncate(Runtime&, const Value& self, Arguments& arguments) {
  const auto given =
      bind_arguments(arguments, "do_truncate", 2, {{"length"}, {"killwords"}, {"end"}, {"leeway"}});
  const Value end_mark = value_or(given[2], "...");
  const Value most = value_or(given[0], 255), leeway = is_given(given[3]) ? given[3] : Value(5);
  const auto end_length = static_cast<std::int64_t>(length(end_mark));
  if (!greater_equal(most, end_length))
    raise("AssertionError", "expected length >= " + std::to_string(end_length) + ", got " + str(most));
  if (!greater_equal(leeway, 0)) raise("AssertionError", "expected leeway >= 0, got " + str(leeway));
  if (less_equal(static_cast<std::int64_t>(length(self)), add(most, leeway))) return self;
  const Value kept = slice(self, Value::none(), subtract(most, end_length), Value::none());
  if (truth_or(given[1], false)) return add(kept, end_mark);
  if (!kept.is_string()) raise_no_attribute(kept, "rsplit");
  const auto words = strings::split_right(kept.as_string(), " ", 1);
  return add(like(kept, std::string(words.front())), end_mark);
}

// --- markup -------------------------------------------------------------------------------------------

Value escape_filter(Runtime&, const Value& self, Arguments& arguments) {
  bind_arguments(arguments, "escape", 1, {});
  return escape(self);
}

Value force_escape(Runtime&, const Value& self, Arguments& arguments) {
  bind_arguments(arguments, "do_forceescape", 1, {});
  return Value::markup(escape_html(str(self)));
}

Value safe(Runtime&, const Value& self, Arguments& arguments) {
  bind_arguments(arguments, "do_mark_safe", 1, {});
  return Value::markup(str(self));
}

Value string(Runtime&, const Value& self, Arguments& arguments) {
  bind_arguments(arguments, "soft_str", 1, {});
  return soft_str(self);
}

void drop_between(std::string& text, std::string_view open, std::string_view close) {
  std::string out;
  std::size_t at = 0;
  while (true) {
    const std::size_t start = text.find(open, at);
    const std::size_t end = start == std::string::npos ? start : text.find(close, start);
    if (end == std::string::npos) break;
    out.append(text, at, start - at);
    at = end + close.size();
  }
  text = out.append(text, at);
}

Value striptags(Runtime&, const Value& self, Arguments& arguments) {
  bind_arguments(arguments, "do_striptags", 1, {});
  std::string text = str(self);
  drop_between(text, "<!--", "-->");
  drop_between(text, "<", ">");
  std::string words;
  for (const auto word : strings::split_space(text)) {
    if (!words.empty()) words += ' ';
    words += word;
  }
  return unescape_html(words);
}

Value xmlattr(Runtime& runtime, const Value& self, Arguments& arguments) {
  const auto given = bind_arguments(arguments, "do_xmlattr", 2, {{"autospace"}});
  if (!self.is_dict()) raise_no_attribute(self, "items");
  std::string out;
  for (const auto& [key, value, hash] : self.as_dict().entries()) {
    if (key.is_missing() || value.is_none() || value.is_undefined()) continue;
    if (!key.is_string())
      raise_type_error("expected string or bytes-like object, got '" + type_name(key) + "'");
    const auto& name = key.as_string();
    for (std::size_t at = 0; at < name.size(); at += char_size(name, at)) {
      const char32_t code = char_at(name, at);
      if (code == '/' || code == '>' || code == '=' || unicode::is_space(code))
        raise_value_error("Invalid character in attribute name: " + repr(key));
    }
    if (!out.empty()) out += ' ';
    out += escape(key).as_string() + "=\"" + escape(value).as_string() + '"';
  }
  if (!out.empty() && truth_or(given[0], true)) out.insert(0, 1, ' ');
  return runtime.autoescape() ? Value::markup(std::move(out)) : Value(std::move(out));
}

// --- others -------------------------------------------------------------------------------------------

Value wordcount(Runtime&, const Value& self, Arguments& arguments) {
  bind_arguments(arguments, "do_wordcount", 1, {});
  const std::string text = str(self);
  std::int64_t words = 0;
  bool inside = false;
  for (std::size_t at = 0; at < text.size(); at += char_size(text, at)) {
    const bool word = unicode::is_word(char_at(text, at));
    words += word && !inside;
    inside = word;
  }
  return words;
}

Value format(Runtime&, const Value& self, Arguments& arguments) {
  if (!arguments.positional.empty() && !arguments.keyword.empty())
    raise("FilterArgumentError", "can't handle positional and keyword arguments at the same time");
  const Value pattern = soft_str(self);
  if (arguments.keyword.empty()) return percent_format(pattern, Value::tuple(arguments.positional));
  Value named = Value::dict();
  for (const auto& [name, value] : arguments.keyword) named.as_dict().set(Value(name), value);
  return percent_format(pattern, named);
}

std::string printed(const char* pattern, double number) {
  std::array<char, 400> buffer;
  std::snprintf(buffer.data(), buffer.size(), pattern, number);
  return buffer.data();
}

Value filesizeformat(Runtime& runtime, const Value& self, Arguments& arguments) {
  const auto given = bind_arguments(arguments, "do_filesizeformat", 1, {{"binary"}});
  static constexpr const char* kDecimal[] = {"kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"};
  static constexpr const char* kBinary[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"};
  const bool binary = truth_or(given[0], false);
  const double size = to_float(runtime, self), base = binary ? 1024 : 1000;
  if (size == 1) return "1 Byte";
  if (size < base) return printed("%.0f Bytes", std::trunc(size) + 0.0);  // -0 is 0
  double unit = base;
  const auto& names = binary ? kBinary : kDecimal;
  for (const char* name : names) {
    unit *= base;
    if (size < unit || name == names[7]) return printed("%.1f ", base * size / unit) + name;
  }
  return {};
}

std::string quote_url(const Value& value, bool for_query) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : str(value)) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '.' || c == '-' || c == '~' || (c == '/' && !for_query);
    if (plain)
      out += c;
    else if (c == ' ' && for_query)
      out += '+';
    else
      (out += '%') += {kHex[byte >> 4], kHex[byte & 15]};
  }
  return out;
}

Value urlencode(Runtime& runtime, const Value& self, Arguments& arguments) {
  bind_arguments(arguments, "do_urlencode", 1, {});
  const bool pairs = self.is_list() || self.is_tuple() || self.is_dict() || self.is_undefined() ||
                     (self.is_object() && self.as_object().iterate());
  if (!pairs) return quote_url(self, false);
  std::string out;
  const auto append = [&](const Value& key, const Value& value) {
    if (!out.empty()) out += '&';
    out += quote_url(key, true) + "=" + quote_url(value, true);
  };
  if (self.is_dict()) {
    for (const auto& [key, value, hash] : self.as_dict().entries())
      if (!key.is_missing()) append(key, value);
    return out;
  }
  const auto steps = iterate(self);
  for (Value item; steps->next(item);) {
    runtime.charge();
    const auto pair = to_pair(item);
    append(pair.first, pair.second);
  }
  return out;
}

}  // namespace

void register_text(Registry& registry) {
  static constexpr std::pair<const char*, Function> kFilters[] = {
      {"upper", upper},
      {"lower", lower},
      {"capitalize", capitalize},
      {"title", title},
      {"trim", trim},
      {"center", center},
      {"replace", replace},
      {"indent", indent},
      {"truncate", truncate},
      {"e", escape_filter},
      {"escape", escape_filter},
      {"forceescape", force_escape},
      {"safe", safe},
      {"string", string},
      {"striptags", striptags},
      {"xmlattr", xmlattr},
      {"wordcount", wordcount},
      {"format", format},
      {"urlencode", urlencode},
      {"filesizeformat", filesizeformat},
  };
  for (const auto& [name, function] : kFilters) registry.filter(name, function);
}

}  // namespace core::render::filters
