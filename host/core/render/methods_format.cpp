// str.format: replacement fields with names, positions, attributes, items, conversions and specifications.
#include <charconv>

#include "core/render/builtin_support.hpp"
#include "core/render/format_spec.hpp"
#include "core/render/methods.hpp"

namespace core::render::methods {

namespace {

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool fine = problem == std::errc() && end == text.data() + text.size() && text[0] != '-';
  return fine ? std::optional(number) : std::nullopt;
}

class Formatter {
 public:
  Formatter(Runtime& runtime, const Arguments& arguments, bool markup)
      : runtime_(runtime), arguments_(arguments), markup_(markup) {}

  /// The formatted text, safe like the format itself. A specification that leaves safe text as it is gives
  /// that very text where the field is all there is, so it stays safe: so CPython does.
  Value result(const Value& self) {
    const std::string_view text = self.as_string();
    std::string out = format(text, kDeepest);
    const bool alone =
        text.size() > 2 && text[0] == '{' && text[1] != '{' && field_end(text, 1) + 1 == text.size();
    if (alone && kept_ && !out.empty() && kept_->as_string() == out) return *kept_;
    return like(self, std::move(out));
  }

 private:
  static constexpr int kDeepest = 2;

  std::string format(std::string_view text, int depth) {
    if (depth < 0) raise_value_error("Max string recursion exceeded");
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
      const char c = text[at];
      if (c != '{' && c != '}') {
        const std::size_t end = std::min(text.find_first_of("{}", at), text.size());
        out += text.substr(at, end - at);
        at = end;
      } else if (text.substr(at + 1, 1) == std::string_view(&c, 1)) {
        out += c;
        at += 2;
      } else if (c == '}') {
        raise_value_error("Single '}' encountered in format string");
      } else {
        const std::size_t end = field_end(text, at + 1);
        out += field(text.substr(at + 1, end - at - 1), depth);
        at = end + 1;
      }
      charge_bytes(out.size());
      runtime_.charge();
    }
    return out;
  }

  static std::size_t field_end(std::string_view text, std::size_t at) {
    if (at >= text.size()) raise_value_error("Single '{' encountered in format string");
    int open = 1;
    for (; at < text.size(); ++at) {
      if (text[at] == '{') ++open;
      if (text[at] == '}' && --open == 0) return at;
    }
    raise_value_error("expected '}' before end of string");
  }

  // The end of the name: `!` or `:` outside of brackets.
  static std::size_t name_end(std::string_view field) {
    bool brackets = false;
    for (std::size_t i = 0; i < field.size(); ++i) {
      if (field[i] == '{') raise_value_error("unexpected '{' in field name");
      if (field[i] == '[') brackets = true;
      if (field[i] == ']') brackets = false;
      if (!brackets && (field[i] == '!' || field[i] == ':')) return i;
    }
    return field.size();
  }

  std::string field(std::string_view field, int depth) {
    const std::size_t end = name_end(field);
    Value value = look_up(field.substr(0, end));
    std::string_view rest = field.substr(end);
    char conversion = 0;
    if (!rest.empty() && rest[0] == '!') {
      if (rest.size() < 2) raise_value_error("unmatched '{' in format spec");
      conversion = rest[1];
      rest.remove_prefix(2);
      if (!rest.empty() && rest[0] != ':') raise_value_error("expected ':' after conversion specifier");
    }
    const std::string spec = rest.empty() ? "" : format(rest.substr(1), depth - 1);
    if (depth == kDeepest && conversion == 0 && !spec.empty() && value.is_markup()) kept_ = value;
    return formatted(converted(value, conversion), spec);
  }

  std::string formatted(const Value& value, const std::string& spec) const {
    if (!markup_) return format_value(value, spec);
    if (!value.is_markup()) return escape_html(format_value(value, spec));
    if (!spec.empty()) raise_value_error("Unsupported format specification for Markup.");
    return value.as_string();
  }

  static Value converted(const Value& value, char conversion) {
    switch (conversion) {
      case 0:
        return value;
      case 's':
        return str(value);
      case 'r':
      case 'a':
        return percent_format(conversion == 'r' ? "%r" : "%a", Value::tuple({value}));
      default:
        raise_value_error("Unknown conversion specifier " + std::string(1, conversion));
    }
  }

  Value first_part(std::string_view name) {
    auto position = name.empty() ? std::optional<std::int64_t>() : whole_number(name);
    if (name.empty() || position) {
      const bool automatic = name.empty();
      if (numbered_ && *numbered_ != automatic)
        raise_value_error(automatic
                              ? "cannot switch from manual field specification to automatic field numbering"
                              : "cannot switch from automatic field numbering to manual field specification");
      numbered_ = automatic;
      if (automatic) position = next_++;
      if (static_cast<std::size_t>(*position) >= arguments_.positional.size())
        raise("IndexError",
              "Replacement index " + std::to_string(*position) + " out of range for positional args tuple");
      return arguments_.positional[static_cast<std::size_t>(*position)];
    }
    for (const auto& [key, value] : arguments_.keyword)
      if (key->bytes() == name) return value;
    raise("KeyError", repr(Value(name)));
  }

  Value look_up(std::string_view name) {
    const std::size_t end = std::min(name.find_first_of(".["), name.size());
    Value value = first_part(name.substr(0, end));
    for (std::size_t at = end; at < name.size();) {
      if (name[at] == '.') {
        const std::size_t stop = std::min(name.find_first_of(".[", at + 1), name.size());
        value = attribute(value, name.substr(at + 1, stop - at - 1));
        at = stop;
      } else if (name[at] == '[') {
        const std::size_t close = name.find(']', at);
        if (close == std::string_view::npos) raise_value_error("Missing ']' in format string");
        value = item(value, name.substr(at + 1, close - at - 1));
        at = close + 1;
      } else {
        raise_value_error("Only '.' or '[' may follow ']' in format field specifier");
      }
    }
    return value;
  }

  Value attribute(const Value& owner, std::string_view name) {
    if (name.empty()) raise_value_error("Empty attribute in format string");
    if (owner.is_undefined()) owner.as_undefined().fail();
    Value value;
    if (owner.is_object())
      value = owner.as_object().attribute(runtime_, name);
    else if (const Function method = find_method(owner, name))
      value = make<NativeFunction>(std::string(name), method, owner);
    else
      value = find_data_attribute(owner, name);
    if (value.is_missing()) raise_no_attribute(owner, name);
    return value;
  }

  Value item(const Value& owner, std::string_view name) {
    if (name.empty()) raise_value_error("Empty attribute in format string");
    if (owner.is_undefined()) owner.as_undefined().fail();
    const auto position = whole_number(name);
    const Value key = position ? Value(*position) : Value(name);
    if (owner.is_dict()) {
      const Value* found = owner.as_dict().find(key);
      if (!found) raise("KeyError", repr(key));
      return *found;
    }
    if (!owner.is_string() && !owner.is_list() && !owner.is_tuple() && !owner.is_object())
      raise_type_error("'" + type_name(owner) + "' object is not subscriptable");
    if (!position && !owner.is_object())
      raise_type_error(type_name(owner) + " indices must be integers or slices, not str");
    if (owner.is_list() || owner.is_tuple()) {
      const auto& items = owner.items();
      if (static_cast<std::size_t>(*position) < items.size())
        return items[static_cast<std::size_t>(*position)];
      raise("IndexError", type_name(owner) + " index out of range");
    }
    Value value = owner.is_object() ? owner.as_object().item(runtime_, key) : runtime_.get_item(owner, key);
    if (value.is_missing() || value.is_undefined())
      raise("IndexError", type_name(owner) + " index out of range");
    return value;
  }

  Runtime& runtime_;
  const Arguments& arguments_;
  const bool markup_;
  std::optional<bool> numbered_;
  std::optional<Value> kept_;  // safe text of a field with a specification
  std::int64_t next_ = 0;
};

Value format(Runtime& runtime, const Value& self, Arguments& arguments) {
  return Formatter(runtime, arguments, self.is_markup()).result(self);
}

Value format_map(Runtime& runtime, const Value& self, Arguments& arguments) {
  const auto given = bind_arguments(arguments, "format_map", 1, {{"mapping", true}});
  if (!given[0].is_dict()) raise_type_error("format_map() argument must be a mapping");
  Arguments named;
  for (const auto& [key, value, hash] : given[0].as_dict().entries())
    if (key.is_string()) named.keyword.emplace_back(make<Text>(key.as_string()), value);
  return Formatter(runtime, named, self.is_markup()).result(self);
}

}  // namespace

Function of_str_format(std::string_view name) {
  if (name == "format") return format;
  return name == "format_map" ? format_map : nullptr;
}

}  // namespace core::render::methods
