// Jinja2's built-in tests.
#include "core/render/builtin_support.hpp"
#include "core/render/unicode.hpp"

namespace core::render {

namespace {

template <bool (*Check)(const Value&)>
Value plain(Runtime&, const Value& self, Arguments& arguments) {
  bind_arguments(arguments, "test", 1, {});
  return Check(self);
}

template <bool (*Compare)(const Value&, const Value&)>
Value compared(Runtime&, const Value& self, Arguments& arguments) {
  const auto given = bind_arguments(arguments, "test", 1, {{"other", true}});
  return Compare(self, given[0]);
}

bool is_defined(const Value& v) { return !v.is_undefined(); }
bool is_undefined(const Value& v) { return v.is_undefined(); }
bool is_none(const Value& v) { return v.is_none(); }
bool is_boolean(const Value& v) { return v.is_bool(); }
bool is_true(const Value& v) { return v.is_bool() && v.as_bool(); }
bool is_false(const Value& v) { return v.is_bool() && !v.as_bool(); }
bool is_integer(const Value& v) { return v.is_int(); }
bool is_float(const Value& v) { return v.is_float(); }
bool is_number(const Value& v) { return v.is_number(); }
bool is_string(const Value& v) { return v.is_string(); }
bool is_mapping(const Value& v) { return v.is_dict() || (v.is_object() && v.as_object().is_mapping()); }
// What has `__html__`: markup, and Jinja2's chainable undefined.
bool is_escaped(const Value& v) {
  return v.is_markup() || (v.is_undefined() && v.as_undefined().kind == UndefinedKind::kChainable);
}
bool is_callable_value(const Value& v) { return v.is_undefined() || is_callable(v); }
bool is_even(const Value& v) { return equals(modulo(v, 2), 0); }
bool is_odd(const Value& v) { return equals(modulo(v, 2), 1); }
bool is_divisible(const Value& v, const Value& by) { return equals(modulo(v, by), 0); }
bool is_in(const Value& v, const Value& where) { return contains(where, v); }
bool is_same(const Value& a, const Value& b) { return a.same_as(b); }
bool differs(const Value& a, const Value& b) { return !equals(a, b); }

bool is_sequence(const Value& v) {
  if (v.is_undefined()) return v.as_undefined().kind != UndefinedKind::kStrict;
  if (v.is_object()) return v.as_object().is_sequence();
  return v.is_string() || v.is_list() || v.is_tuple() || v.is_dict();
}

bool is_iterable(const Value& v) {
  if (v.is_undefined()) {
    (void)iterate(v);
    return true;
  }
  return is_sequence(v) || (v.is_object() && v.as_object().iterate());
}

// At least one character with case, and all of those have this one.
bool has_case(const Value& v, unicode::Property wanted) {
  const std::string text = str(v);
  bool any = false;
  for (std::size_t at = 0; at < text.size(); at += char_size(text, at)) {
    const char32_t code = char_at(text, at);
    if (!unicode::is_cased(code)) continue;
    if (!(unicode::properties(code) & wanted)) return false;
    any = true;
  }
  return any;
}

bool is_lower(const Value& v) { return has_case(v, unicode::kLowerCase); }
bool is_upper(const Value& v) { return has_case(v, unicode::kUpperCase); }

Value is_filter(Runtime& runtime, const Value& self, Arguments& arguments) {
  bind_arguments(arguments, "test_filter", 2, {});
  (void)hash(self);
  return self.is_string() && runtime.registry().filters.count(self.as_string()) > 0;
}

Value is_test(Runtime& runtime, const Value& self, Arguments& arguments) {
  bind_arguments(arguments, "test_test", 2, {});
  (void)hash(self);
  return self.is_string() && runtime.registry().tests.count(self.as_string()) > 0;
}

}  // namespace

void register_tests(Registry& registry) {
  static constexpr std::pair<const char*, Function> kTests[] = {
      {"defined", plain<is_defined>},
      {"undefined", plain<is_undefined>},
      {"none", plain<is_none>},
      {"boolean", plain<is_boolean>},
      {"true", plain<is_true>},
      {"false", plain<is_false>},
      {"integer", plain<is_integer>},
      {"float", plain<is_float>},
      {"number", plain<is_number>},
      {"string", plain<is_string>},
      {"mapping", plain<is_mapping>},
      {"sequence", plain<is_sequence>},
      {"iterable", plain<is_iterable>},
      {"escaped", plain<is_escaped>},
      {"callable", plain<is_callable_value>},
      {"even", plain<is_even>},
      {"odd", plain<is_odd>},
      {"lower", plain<is_lower>},
      {"upper", plain<is_upper>},
      {"divisibleby", compared<is_divisible>},
      {"in", compared<is_in>},
      {"sameas", compared<is_same>},
      {"eq", compared<equals>},
      {"equalto", compared<equals>},
      {"==", compared<equals>},
      {"ne", compared<differs>},
      {"!=", compared<differs>},
      {"lt", compared<less>},
      {"lessthan", compared<less>},
      {"<", compared<less>},
      {"le", compared<less_equal>},
      {"<=", compared<less_equal>},
      {"gt", compared<greater>},
      {"greaterthan", compared<greater>},
      {">", compared<greater>},
      {"ge", compared<greater_equal>},
      {">=", compared<greater_equal>},
      {"filter", is_filter},
      {"test", is_test},
  };
  for (const auto& [name, function] : kTests) registry.test(name, function);
}

}  // namespace core::render
