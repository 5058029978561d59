// Truth, equality, order, membership, hashes.
#include <cmath>
#include <functional>

#include "core/render/operators.hpp"

namespace core::render {

namespace {

bool is_strict(const Value& value) {
  return value.is_undefined() && value.as_undefined().kind == UndefinedKind::kStrict;
}

void refuse_strict(const Value& value) {
  if (is_strict(value)) value.as_undefined().fail();
}

// Long doubles hold every 64-bit integer exactly where it matters (x86) or wider (arm64).
bool numbers_equal(const Value& a, const Value& b) {
  if (a.is_float() && b.is_float()) return a.as_double() == b.as_double();
  if (!a.is_float() && !b.is_float()) return a.as_int() == b.as_int();
  const Value& real = a.is_float() ? a : b;
  const Value& whole = a.is_float() ? b : a;
  return static_cast<long double>(real.as_double()) == static_cast<long double>(whole.as_int());
}

bool values_equal(const Values& a, const Values& b) {
  if (a.size() != b.size()) return false;
  const DepthGuard guard;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!a[i].same_as(b[i]) && !equals(a[i], b[i])) return false;
  }
  return true;
}

bool dicts_equal(const Dict& a, const Dict& b) {
  if (a.size() != b.size()) return false;
  const DepthGuard guard;
  for (const auto& entry : a.entries()) {
    if (entry.key.is_missing()) continue;
    const Value* other = b.find(entry.key);
    if (!other || (!entry.value.same_as(*other) && !equals(entry.value, *other))) return false;
  }
  return true;
}

enum class Order { kLess, kLessEqual, kGreater, kGreaterEqual };

constexpr const char* kSigns[] = {"<", "<=", ">", ">="};

template <class T>
bool ordered(Order order, const T& a, const T& b) {
  switch (order) {
    case Order::kLess:
      return a < b;
    case Order::kLessEqual:
      return a <= b;
    case Order::kGreater:
      return a > b;
    default:
      return a >= b;
  }
}

bool compare(Order order, const Value& a, const Value& b);

bool sequences_ordered(Order order, const Values& a, const Values& b) {
  const DepthGuard guard;
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
    if (!a[i].same_as(b[i]) && !equals(a[i], b[i])) return compare(order, a[i], b[i]);
  }
  return ordered(order, a.size(), b.size());
}

bool compare(Order order, const Value& a, const Value& b) {
  if (a.is_integral() && b.is_integral()) return ordered(order, a.as_int(), b.as_int());
  if (a.is_number() && b.is_number()) {
    const auto exact = [](const Value& value) {
      return value.is_float() ? static_cast<long double>(value.as_double())
                              : static_cast<long double>(value.as_int());
    };
    return ordered(order, exact(a), exact(b));
  }
  if (a.is_string() && b.is_string()) return ordered(order, a.as_string(), b.as_string());
  if ((a.is_list() && b.is_list()) || (a.is_tuple() && b.is_tuple()))
    return sequences_ordered(order, a.items(), b.items());
  if (a.is_undefined()) a.as_undefined().fail();
  if (b.is_undefined()) b.as_undefined().fail();
  raise_type_error("'" + std::string(kSigns[static_cast<int>(order)]) +
                   "' not supported between instances of '" + type_name(a) + "' and '" + type_name(b) + "'");
}

bool found_in(const Values& items, const Value& item) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i].same_as(item) || equals(items[i], item)) return true;
  }
  return false;
}

bool found_in_text(const Value& container, const Value& item) {
  if (!item.is_string()) {
    raise_type_error("'in <string>' requires string as left operand, not " + type_name(item));
  }
  return container.as_string().find(item.as_string()) != std::string::npos;
}

bool found_in_object(Object& object, const Value& item) {
  if (const auto known = object.contains(item)) return *known;
  const IteratorPtr steps = object.iterate();
  if (!steps) raise_type_error("argument of type '" + object.type_name() + "' is not iterable");
  for (Value value; steps->next(value);) {
    if (value.same_as(item) || equals(value, item)) return true;
  }
  return false;
}

std::size_t mix(std::size_t seed, std::size_t part) {
  return seed ^ (part + 0x9E3779B97F4A7C15ULL + (seed << 6) + (seed >> 2));
}

std::size_t hash_number(const Value& value) {
  if (!value.is_float()) return std::hash<std::int64_t>()(value.as_int()) * 0x9E3779B97F4A7C15ULL;
  const double real = value.as_double();
  if (std::abs(real) < 9.2e18 && real == std::floor(real))
    return hash_number(static_cast<std::int64_t>(real));
  return std::hash<double>()(real);
}

std::size_t hash_tuple(const Values& items) {
  const DepthGuard guard;
  std::size_t seed = 0x345678;
  for (const auto& item : items) seed = mix(seed, hash(item));
  return seed;
}

}  // namespace

bool truth(const Value& value) {
  switch (value.kind()) {
    case Kind::kMissing:
    case Kind::kNone:
      return false;
    case Kind::kUndefined:
      refuse_strict(value);
      return false;
    case Kind::kBool:
    case Kind::kInt:
      return value.as_int() != 0;
    case Kind::kFloat:
      return value.as_double() != 0;
    case Kind::kString:
      return !value.as_string().empty();
    case Kind::kList:
    case Kind::kTuple:
      return !value.items().empty();
    case Kind::kDict:
      return !value.as_dict().empty();
    case Kind::kObject:
      return value.as_object().truth();
  }
  return false;
}

bool equals(const Value& a, const Value& b) {
  refuse_strict(a);
  refuse_strict(b);
  if (a.is_number() && b.is_number()) return numbers_equal(a, b);
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Kind::kUndefined:
      return a.as_undefined().kind == b.as_undefined().kind;
    case Kind::kString:
      return a.as_string() == b.as_string();
    case Kind::kList:
    case Kind::kTuple:
      return values_equal(a.items(), b.items());
    case Kind::kDict:
      return dicts_equal(a.as_dict(), b.as_dict());
    case Kind::kObject:
      return a.as_object().equals(b.as_object());
    default:
      return true;
  }
}

bool less(const Value& a, const Value& b) { return compare(Order::kLess, a, b); }
bool less_equal(const Value& a, const Value& b) { return compare(Order::kLessEqual, a, b); }
bool greater(const Value& a, const Value& b) { return compare(Order::kGreater, a, b); }
bool greater_equal(const Value& a, const Value& b) { return compare(Order::kGreaterEqual, a, b); }

bool contains(const Value& container, const Value& item) {
  switch (container.kind()) {
    case Kind::kString:
      return found_in_text(container, item);
    case Kind::kList:
    case Kind::kTuple:
      return found_in(container.items(), item);
    case Kind::kDict:
      return container.as_dict().find(item) != nullptr;
    case Kind::kUndefined:
      refuse_strict(container);
      return false;
    case Kind::kObject:
      return found_in_object(container.as_object(), item);
    default:
      raise_type_error("argument of type '" + type_name(container) + "' is not iterable");
  }
}

std::size_t hash(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
      refuse_strict(value);
      return 0x5EED;
    case Kind::kBool:
    case Kind::kInt:
    case Kind::kFloat:
      return hash_number(value);
    case Kind::kString:
      return value.as_text().hash();
    case Kind::kTuple:
      return hash_tuple(value.items());
    case Kind::kList:
    case Kind::kDict:
      raise_type_error("unhashable type: '" + type_name(value) + "'");
    case Kind::kObject:
      return value.as_object().hash();
    default:
      return 0xFCA8;
  }
}

}  // namespace core::render
