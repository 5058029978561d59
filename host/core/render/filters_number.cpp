// Filters on numbers.
#include <cmath>

#include "core/render/builtin_support.hpp"
#include "core/render/filters.hpp"
#include "core/render/numerals.hpp"

namespace core::render::filters {

namespace {

Value abs(Runtime&, const Value& self, Arguments& arguments) {
  bind_arguments(arguments, "abs", 1, {});
  if (self.is_float()) return std::fabs(self.as_double());
  if (self.is_integral()) return self.as_int() < 0 ? negate(self) : Value(self.as_int());
  raise_type_error("bad operand type for abs(): '" + type_name(self) + "'");
}

Value to_int(Runtime&, const Value& self, Arguments& arguments) {
  const auto given = bind_arguments(arguments, "do_int", 1, {{"default"}, {"base"}});
  const Value fallback = value_or(given[0], 0);
  if (self.is_integral()) return self.as_int();
  if (self.is_undefined()) self.as_undefined().fail();
  double number = 0;
  if (self.is_string()) {
    const auto base = index_or(given[1], 10);
    if (base == 0 || (base >= 2 && base <= 36)) {
      if (const auto whole = numerals::parse_int(self.as_string(), static_cast<int>(base))) return *whole;
    }
    const auto real = numerals::parse_float(self.as_string());
    if (!real) return fallback;
    number = *real;
  } else if (self.is_float()) {
    number = self.as_double();
  } else {
    return fallback;
  }
  return std::isfinite(number) ? Value(numerals::truncated(number)) : fallback;
}

Value to_float_filter(Runtime&, const Value& self, Arguments& arguments) {
  const auto given = bind_arguments(arguments, "do_float", 1, {{"default"}});
  if (self.is_number()) return self.as_double();
  if (self.is_undefined()) self.as_undefined().fail();
  if (self.is_string()) {
    if (const auto number = numerals::parse_float(self.as_string())) return *number;
  }
  return value_or(given[0], 0.0);
}

// `10 ** precision`, which is a float for negative ones.
Value power_of_ten(std::int64_t precision) { return power(10, precision); }

Value round_to_side(const Value& self, std::int64_t precision, bool up) {
  const Value unit = power_of_ten(precision);
  const Value scaled = multiply(self, unit);
  if (scaled.is_integral()) return divide(scaled, unit);
  if (!scaled.is_float()) raise_type_error("must be real number, not " + type_name(scaled));
  const double number = scaled.as_double();
  if (std::isnan(number)) raise_value_error("cannot convert float NaN to integer");
  if (std::isinf(number)) raise("OverflowError", "cannot convert float infinity to integer");
  return divide((up ? std::ceil(number) : std::floor(number)) + 0.0,
                unit);  // no negative zero: Python makes an int
}

Value round(Runtime&, const Value& self, Arguments& arguments) {
  const auto given = bind_arguments(arguments, "do_round", 1, {{"precision"}, {"method"}});
  const Value method = value_or(given[1], "common");
  const std::string name = method.is_string() ? method.as_string() : "";
  if (name != "common" && name != "ceil" && name != "floor")
    raise("FilterArgumentError", "method must be common, ceil or floor");
  if (name != "common") return round_to_side(self, index_or(given[0], 0), name == "ceil");
  if (!self.is_number()) raise_type_error("type " + type_name(self) + " doesn't define __round__ method");
  const bool no_digits = !given[0].is_missing() && given[0].is_none();
  const std::int64_t digits = no_digits ? 0 : index_or(given[0], 0);
  if (self.is_integral()) return numerals::rounded(self.as_int(), digits);
  const double rounded = numerals::rounded(self.as_double(), digits);
  return no_digits ? Value(numerals::truncated(rounded)) : Value(rounded);
}

}  // namespace

double to_float(Runtime&, const Value& value) {
  if (value.is_number()) return value.as_double();
  if (value.is_undefined()) value.as_undefined().fail();
  if (!value.is_string())
    raise_type_error("float() argument must be a string or a real number, not '" + type_name(value) + "'");
  if (const auto number = numerals::parse_float(value.as_string())) return *number;
  raise_value_error("could not convert string to float: " + repr(value));
}

void register_numbers(Registry& registry) {
  registry.filter("abs", abs);
  registry.filter("int", to_int);
  registry.filter("float", to_float_filter);
  registry.filter("round", round);
}

}  // namespace core::render::filters
