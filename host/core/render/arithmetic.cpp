// + - * / // % ** and ~.
#include <cmath>
#include <limits>

#include "core/render/builtins.hpp"
#include "core/render/operators.hpp"

namespace core::render {

namespace {

void refuse_undefined(const Value& a, const Value& b) {
  if (a.is_undefined()) a.as_undefined().fail();
  if (b.is_undefined()) b.as_undefined().fail();
}

[[noreturn]] void unsupported(const char* sign, const Value& a, const Value& b) {
  refuse_undefined(a, b);
  raise_type_error(std::string("unsupported operand type(s) for ") + sign + ": '" + type_name(a) + "' and '" +
                   type_name(b) + "'");
}

[[noreturn]] void too_large() {
  raise("OverflowError", "the result is an integer of more than 64 bits, which templates here cannot hold");
}

bool both_integral(const Value& a, const Value& b) { return a.is_integral() && b.is_integral(); }
bool both_numbers(const Value& a, const Value& b) { return a.is_number() && b.is_number(); }

Value add_texts(const Value& a, const Value& b) {
  charge_bytes(a.as_string().size() + b.as_string().size());
  if (a.is_markup() || b.is_markup()) return Value::markup(escape(a).as_string() + escape(b).as_string());
  return a.as_string() + b.as_string();
}

Value add_sequences(const Value& a, const Value& b) {
  const Values& first = a.items();
  const Values& second = b.items();
  charge_bytes((first.size() + second.size()) * sizeof(Value));
  Values all;
  all.reserve(first.size() + second.size());
  all.insert(all.end(), first.begin(), first.end());
  all.insert(all.end(), second.begin(), second.end());
  return a.is_list() ? Value::list(std::move(all)) : Value::tuple(std::move(all));
}

bool is_sequence(const Value& value) { return value.is_string() || value.is_list() || value.is_tuple(); }

Value repeat(const Value& sequence, std::int64_t count) {
  const std::size_t times = count > 0 ? static_cast<std::size_t>(count) : 0;
  const std::size_t size = sequence.is_string() ? sequence.as_string().size() : sequence.items().size();
  const std::size_t unit = sequence.is_string() ? 1 : sizeof(Value);
  if (size > 0 && times > SIZE_MAX / (size * unit)) charge_bytes(SIZE_MAX);
  charge_bytes(size * unit * times);
  if (sequence.is_string()) {
    std::string text;
    text.reserve(size * times);
    for (std::size_t i = 0; size > 0 && i < times; ++i) text += sequence.as_string();
    return sequence.is_markup() ? Value::markup(std::move(text)) : Value(std::move(text));
  }
  Values all;
  all.reserve(size * times);
  for (std::size_t i = 0; size > 0 && i < times; ++i)
    all.insert(all.end(), sequence.items().begin(), sequence.items().end());
  return sequence.is_list() ? Value::list(std::move(all)) : Value::tuple(std::move(all));
}

std::int64_t floor_quotient(std::int64_t a, std::int64_t b) {
  if (a == std::numeric_limits<std::int64_t>::min() && b == -1) too_large();
  const std::int64_t quotient = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

std::int64_t floor_remainder(std::int64_t a, std::int64_t b) {
  if (b == -1) return 0;
  const std::int64_t rest = a % b;
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

double float_remainder(double a, double b) {
  double rest = std::fmod(a, b);
  if (rest != 0) {
    if ((b < 0) != (rest < 0)) rest += b;
  } else {
    rest = std::copysign(0.0, b);
  }
  return rest;
}

double float_floor_quotient(double a, double b) {
  double rest = std::fmod(a, b);
  double quotient = (a - rest) / b;
  if (rest != 0 && (b < 0) != (rest < 0)) quotient -= 1;
  if (quotient == 0) return std::copysign(0.0, a / b);
  const double whole = std::floor(quotient);
  return quotient - whole > 0.5 ? whole + 1 : whole;
}

Value whole_power(std::int64_t base, std::int64_t exponent) {
  std::int64_t result = 1;
  for (std::int64_t rest = exponent; rest > 0; rest >>= 1) {
    if ((rest & 1) && __builtin_mul_overflow(result, base, &result)) too_large();
    if (rest > 1 && __builtin_mul_overflow(base, base, &base)) too_large();
  }
  return result;
}

Value real_power(double base, double exponent) {
  if (base == 0 && exponent < 0) raise("ZeroDivisionError", "0.0 cannot be raised to a negative power");
  if (base < 0 && std::isfinite(base) && std::isfinite(exponent) && exponent != std::floor(exponent))
    raise_value_error(
        "a negative number to a fractional power is a complex number, which templates cannot hold");
  const double result = std::pow(base, exponent);
  if (std::isinf(result) && std::isfinite(base) && std::isfinite(exponent))
    raise("OverflowError", "(34, 'Numerical result out of range')");
  return result;
}

}  // namespace

Value add(const Value& a, const Value& b) {
  if (both_integral(a, b)) {
    std::int64_t sum = 0;
    if (__builtin_add_overflow(a.as_int(), b.as_int(), &sum)) too_large();
    return sum;
  }
  if (both_numbers(a, b)) return a.as_double() + b.as_double();
  if (a.is_string() && b.is_string()) return add_texts(a, b);
  if ((a.is_list() && b.is_list()) || (a.is_tuple() && b.is_tuple())) return add_sequences(a, b);
  refuse_undefined(a, b);
  if (is_sequence(a)) {
    const std::string name = a.is_string() ? "str" : type_name(a);
    raise_type_error("can only concatenate " + name + " (not \"" + type_name(b) + "\") to " + name);
  }
  unsupported("+", a, b);
}

Value subtract(const Value& a, const Value& b) {
  if (both_integral(a, b)) {
    std::int64_t difference = 0;
    if (__builtin_sub_overflow(a.as_int(), b.as_int(), &difference)) too_large();
    return difference;
  }
  if (both_numbers(a, b)) return a.as_double() - b.as_double();
  unsupported("-", a, b);
}

Value multiply(const Value& a, const Value& b) {
  if (both_integral(a, b)) {
    std::int64_t product = 0;
    if (__builtin_mul_overflow(a.as_int(), b.as_int(), &product)) too_large();
    return product;
  }
  if (both_numbers(a, b)) return a.as_double() * b.as_double();
  refuse_undefined(a, b);
  if (is_sequence(a) && b.is_integral()) return repeat(a, b.as_int());
  if (is_sequence(b) && a.is_integral()) return repeat(b, a.as_int());
  if (is_sequence(a)) raise_type_error("can't multiply sequence by non-int of type '" + type_name(b) + "'");
  if (is_sequence(b)) raise_type_error("can't multiply sequence by non-int of type '" + type_name(a) + "'");
  unsupported("*", a, b);
}

Value divide(const Value& a, const Value& b) {
  if (!both_numbers(a, b)) unsupported("/", a, b);
  if (b.as_double() == 0)
    raise("ZeroDivisionError", both_integral(a, b) ? "division by zero" : "float division by zero");
  if (both_integral(a, b))
    return static_cast<double>(static_cast<long double>(a.as_int()) / static_cast<long double>(b.as_int()));
  return a.as_double() / b.as_double();
}

Value floor_divide(const Value& a, const Value& b) {
  if (!both_numbers(a, b)) unsupported("//", a, b);
  if (both_integral(a, b)) {
    if (b.as_int() == 0) raise("ZeroDivisionError", "integer division or modulo by zero");
    return floor_quotient(a.as_int(), b.as_int());
  }
  if (b.as_double() == 0) raise("ZeroDivisionError", "float floor division by zero");
  return float_floor_quotient(a.as_double(), b.as_double());
}

Value modulo(const Value& a, const Value& b) {
  if (a.is_string()) return percent_format(a, b);
  if (!both_numbers(a, b)) unsupported("%", a, b);
  if (both_integral(a, b)) {
    if (b.as_int() == 0) raise("ZeroDivisionError", "integer modulo by zero");
    return floor_remainder(a.as_int(), b.as_int());
  }
  if (b.as_double() == 0) raise("ZeroDivisionError", "float modulo");
  return float_remainder(a.as_double(), b.as_double());
}

Value power(const Value& a, const Value& b) {
  if (!both_numbers(a, b)) unsupported("** or pow()", a, b);
  if (both_integral(a, b) && b.as_int() >= 0) return whole_power(a.as_int(), b.as_int());
  return real_power(a.as_double(), b.as_double());
}

Value negate(const Value& value) {
  if (value.is_integral()) {
    if (value.as_int() == std::numeric_limits<std::int64_t>::min()) too_large();
    return -value.as_int();
  }
  if (value.is_float()) return -value.as_double();
  if (value.is_undefined()) value.as_undefined().fail();
  raise_type_error("bad operand type for unary -: '" + type_name(value) + "'");
}

Value plus(const Value& value) {
  if (value.is_integral()) return value.as_int();
  if (value.is_float()) return value;
  if (value.is_undefined()) value.as_undefined().fail();
  raise_type_error("bad operand type for unary +: '" + type_name(value) + "'");
}

Value concat(const Value& a, const Value& b) {
  if (a.is_markup() || b.is_markup()) return Value::markup(escape(a).as_string() + escape(b).as_string());
  std::string text = str(a);
  append_str(text, b);
  charge_bytes(text.size());
  return text;
}

}  // namespace core::render
