#include "core/render/builtin_support.hpp"

#include <algorithm>
#include <charconv>

#include "core/render/strings.hpp"
#include "core/render/unicode.hpp"

namespace core::render {

Value soft_str(const Value& value) { return value.is_string() ? value : Value(str(value)); }

Value like(const Value& model, std::string text) {
  return model.is_markup() ? Value::markup(std::move(text)) : Value(std::move(text));
}

Value value_or(const Value& given, Value fallback) {
  return given.is_missing() ? std::move(fallback) : given;
}

bool truth_or(const Value& given, bool fallback) { return given.is_missing() ? fallback : truth(given); }

std::int64_t index_or(const Value& given, std::int64_t fallback) {
  return given.is_missing() ? fallback : to_index(given);
}

bool is_given(const Value& value) { return !value.is_missing() && !value.is_none(); }

void raise_no_attribute(const Value& value, std::string_view name) {
  if (value.is_undefined()) value.as_undefined().fail();
  raise("AttributeError", "'" + type_name(value) + "' object has no attribute '" + std::string(name) + "'");
}

const std::string& require_text(const Value& value, const char* what) {
  if (!value.is_string()) raise_type_error(std::string(what) + " must be str, not " + type_name(value));
  return value.as_string();
}

Value without_case(const Value& value) {
  return value.is_string() ? Value(unicode::lower(value.as_string())) : value;
}

namespace {

// A part made of digits alone is a position.
Value attribute_part(std::string_view text) {
  const bool digits =
      !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  std::int64_t position = 0;
  if (digits && std::from_chars(text.data(), text.data() + text.size(), position).ec == std::errc())
    return position;
  return text;
}

}  // namespace

AttributeGetter::AttributeGetter(Runtime& runtime, const Value& attribute, bool fold_case, Value fallback)
    : runtime_(&runtime), fold_case_(fold_case), fallback_(std::move(fallback)) {
  if (attribute.is_string()) {
    for (const auto part : strings::split(attribute.as_string(), ".")) parts_.push_back(attribute_part(part));
  } else if (is_given(attribute)) {
    parts_.push_back(attribute);
  }
}

Value AttributeGetter::operator()(const Value& item) const {
  runtime_->charge();
  Value value = item;
  for (const auto& part : parts_) {
    value = runtime_->get_item(value, part);
    if (value.is_undefined() && is_given(fallback_)) value = fallback_;
  }
  return fold_case_ ? without_case(value) : value;
}

namespace {

bool key_less(const Value& a, const Value& b, SortBy how) {
  return (how == SortBy::kBareKeys || !equals(a, b)) && less(a, b);
}

// A merge sort: it ends, and stays in bounds, whatever the comparison says.
void merge_sort(Runtime& runtime, const Values& keys, std::vector<std::size_t>& order, SortBy how) {
  std::vector<std::size_t> merged(order.size());
  for (std::size_t width = 1; width < order.size(); width *= 2) {
    for (std::size_t low = 0; low < order.size(); low += 2 * width) {
      const std::size_t middle = std::min(low + width, order.size()),
                        high = std::min(low + 2 * width, order.size());
      std::size_t left = low, right = middle, out = low;
      while (left < middle && right < high) {
        runtime.charge();
        merged[out++] = key_less(keys[order[right]], keys[order[left]], how) ? order[right++] : order[left++];
      }
      while (left < middle) merged[out++] = order[left++];
      while (right < high) merged[out++] = order[right++];
    }
    order.swap(merged);
  }
}

}  // namespace

void stable_sort(Runtime& runtime, Values& items, const Values& keys, bool reverse, SortBy how) {
  std::vector<std::size_t> order(items.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = reverse ? order.size() - 1 - i : i;
  merge_sort(runtime, keys, order, how);
  if (reverse) std::reverse(order.begin(), order.end());
  Values sorted;
  sorted.reserve(items.size());
  for (const auto position : order) sorted.push_back(std::move(items[position]));
  items = std::move(sorted);
}

}  // namespace core::render
