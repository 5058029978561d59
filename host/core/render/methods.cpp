#include "core/render/methods.hpp"

#include <bit>
#include <cmath>
#include <cstdio>

#include "core/render/builtin_support.hpp"

namespace core::render {

namespace {

Value bit_length(Runtime&, const Value& self, Arguments& arguments) {
  bind_arguments(arguments, "bit_length", 1, {});
  const auto number = self.as_int();
  const auto size = number < 0 ? ~static_cast<std::uint64_t>(number) + 1 : static_cast<std::uint64_t>(number);
  return std::bit_width(size);
}

Value bit_count(Runtime&, const Value& self, Arguments& arguments) {
  bind_arguments(arguments, "bit_count", 1, {});
  const auto number = self.as_int();
  return std::popcount(number < 0 ? ~static_cast<std::uint64_t>(number) + 1
                                  : static_cast<std::uint64_t>(number));
}

Value conjugate(Runtime&, const Value& self, Arguments& arguments) {
  bind_arguments(arguments, "conjugate", 1, {});
  return self.is_float() ? self : Value(self.as_int());
}

Value is_integer(Runtime&, const Value& self, Arguments& arguments) {
  bind_arguments(arguments, "is_integer", 1, {});
  return std::isfinite(self.as_double()) && std::trunc(self.as_double()) == self.as_double();
}

// float.hex: 0x1.8000000000000p+1
Value float_hex(Runtime&, const Value& self, Arguments& arguments) {
  bind_arguments(arguments, "hex", 1, {});
  const double number = self.as_double();
  if (!std::isfinite(number)) return str(self);
  if (number == 0) return std::signbit(number) ? "-0x0.0p+0" : "0x0.0p+0";
  int exponent = 0;
  const double mantissa = std::frexp(std::fabs(number), &exponent);
  const int shift = std::max(-1021 - exponent, 0);  // denormal numbers keep a leading 0
  const auto bits = static_cast<unsigned long long>(std::ldexp(mantissa, 53 - shift));
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%s0x%llu.%013llxp%+d", number < 0 ? "-" : "", bits >> 52,
                bits & 0xFFFFFFFFFFFFFULL, exponent - 1 + shift);
  return buffer;
}

}  // namespace

namespace methods {

Function of_int(std::string_view name) {
  static constexpr std::pair<std::string_view, Function> kMethods[] = {
      {"bit_length", bit_length}, {"bit_count", bit_count}, {"conjugate", conjugate}};
  return pick(kMethods, name);
}

Function of_float(std::string_view name) {
  static constexpr std::pair<std::string_view, Function> kMethods[] = {
      {"is_integer", is_integer}, {"hex", float_hex}, {"conjugate", conjugate}};
  return pick(kMethods, name);
}

}  // namespace methods

Function find_method(const Value& self, std::string_view name) {
  using namespace methods;
  Function found = nullptr;
  switch (self.kind()) {
    case Kind::kString:
      if (!(found = of_str(name)) && !(found = of_str_search(name))) found = of_str_format(name);
      break;
    case Kind::kList:
      found = of_list(name);
      break;
    case Kind::kTuple:
      found = of_tuple(name);
      break;
    case Kind::kDict:
      found = of_dict(name);
      break;
    case Kind::kInt:
    case Kind::kBool:
      return of_int(name);
    case Kind::kFloat:
      return of_float(name);
    default:
      return nullptr;
  }
  return found ? found : of_any(name);
}

Value find_data_attribute(const Value& self, std::string_view name) {
  if (self.is_group()) {
    if (name == "grouper") return self.items()[0];
    if (name == "list") return self.items()[1];
  }
  if (!self.is_number()) return {};
  const Value number = self.is_float() ? self : Value(self.as_int());
  if (name == "real") return number;
  if (name == "imag") return self.is_float() ? Value(0.0) : Value(0);
  if (self.is_float()) return {};
  if (name == "numerator") return number;
  return name == "denominator" ? Value(1) : Value();
}

}  // namespace core::render
