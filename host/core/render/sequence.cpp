// Lengths, iteration, slices, calls.
#include <algorithm>

#include "core/render/operators.hpp"

namespace core::render {

namespace {

class ListSteps final : public Iterator {
 public:
  explicit ListSteps(const Value& list) : list_(list) {}
  bool next(Value& out) override {
    // The list may grow and shrink while it is walked over.
    if (at_ >= list_.items().size()) return false;
    out = list_.items()[at_++];
    return true;
  }

 private:
  Value list_;
  std::size_t at_ = 0;
};

class TextSteps final : public Iterator {
 public:
  explicit TextSteps(const Value& text) : text_(text) {}
  bool next(Value& out) override {
    const std::string& bytes = text_.as_string();
    if (at_ >= bytes.size()) return false;
    const std::size_t size = char_size(bytes, at_);
    out = Value(bytes.substr(at_, size));
    at_ += size;
    return true;
  }

 private:
  Value text_;
  std::size_t at_ = 0;
};

class NoSteps final : public Iterator {
 public:
  bool next(Value& /*out*/) override { return false; }
};

/// Python's slice.indices: where to begin, how many, and the stride.
struct Cut {
  std::int64_t begin = 0, count = 0, step = 1;
};

std::int64_t slice_index(const Value& value) {
  if (value.is_integral()) return value.as_int();
  raise_type_error("slice indices must be integers or None or have an __index__ method");
}

bool is_given(const Value& value) { return !value.is_missing() && !value.is_none(); }

std::int64_t clamp(std::int64_t index, std::int64_t size, std::int64_t low, std::int64_t high) {
  if (index < 0) index = index < -size ? -1 - size : index;
  if (index < 0) index += size;
  return std::clamp(index, low, high);
}

Cut cut(std::int64_t size, const Value& begin, const Value& end, const Value& step) {
  Cut result;
  if (is_given(step)) result.step = slice_index(step);
  if (result.step == 0) raise_value_error("slice step cannot be zero");
  const bool forward = result.step > 0;
  const std::int64_t low = forward ? 0 : -1;
  const std::int64_t high = forward ? size : size - 1;
  result.begin = is_given(begin) ? clamp(slice_index(begin), size, low, high) : (forward ? low : high);
  const std::int64_t stop = is_given(end) ? clamp(slice_index(end), size, low, high) : (forward ? high : low);
  if (forward && stop > result.begin) {
    result.count = (stop - result.begin - 1) / result.step + 1;
  } else if (!forward && stop < result.begin) {
    // Written so that the most negative step does not overflow.
    const auto distance = static_cast<std::uint64_t>(result.begin - stop - 1);
    result.count = static_cast<std::int64_t>(distance / (0 - static_cast<std::uint64_t>(result.step))) + 1;
  }
  return result;
}

template <class Add>
void walk(const Cut& part, const Add& add) {
  std::int64_t at = part.begin;
  for (std::int64_t i = 0; i < part.count; ++i) {
    add(static_cast<std::size_t>(at));
    if (i + 1 < part.count) at += part.step;
  }
}

Value text_part(const Value& value, const Cut& part) {
  const Text& text = value.as_text();
  const std::string& bytes = text.bytes();
  std::string out;
  if (part.step == 1) {
    const std::size_t first = char_offset(text, static_cast<std::size_t>(part.begin));
    std::size_t last = first;
    for (std::int64_t i = 0; i < part.count && last < bytes.size(); ++i) last += char_size(bytes, last);
    out = bytes.substr(first, last - first);
  } else if (text.is_ascii()) {
    walk(part, [&](std::size_t at) { out += bytes[at]; });
  } else {
    std::vector<std::size_t> offsets;
    for (std::size_t at = 0; at < bytes.size(); at += char_size(bytes, at)) offsets.push_back(at);
    walk(part, [&](std::size_t at) { out.append(bytes, offsets[at], char_size(bytes, offsets[at])); });
  }
  return value.is_markup() ? Value::markup(std::move(out)) : Value(std::move(out));
}

Value range_part(const Range& range, const Cut& part) {
  if (part.count == 0) return make<Range>(0, 0, 1);
  const std::int64_t first = range.at(static_cast<std::size_t>(part.begin));
  std::int64_t stride = 0;
  if (__builtin_mul_overflow(range.step, part.step, &stride)) stride = range.step;
  return make<Range>(first, first + stride * part.count, stride);
}

}  // namespace

std::size_t length(const Value& value) {
  switch (value.kind()) {
    case Kind::kString:
      return value.as_text().length();
    case Kind::kList:
    case Kind::kTuple:
      return value.items().size();
    case Kind::kDict:
      return value.as_dict().size();
    case Kind::kUndefined:
      if (value.as_undefined().kind == UndefinedKind::kStrict) value.as_undefined().fail();
      return 0;
    case Kind::kObject:
      if (const auto size = value.as_object().length()) return *size;
      [[fallthrough]];
    default:
      raise_type_error("object of type '" + type_name(value) + "' has no len()");
  }
}

IteratorPtr iterate(const Value& value) {
  switch (value.kind()) {
    case Kind::kString:
      return std::make_unique<TextSteps>(value);
    case Kind::kList:
    case Kind::kTuple:
      return std::make_unique<ListSteps>(value);
    case Kind::kDict:
      return DictView(Ref<Dict>(&value.as_dict()), DictView::Part::kKeys).iterate();
    case Kind::kUndefined:
      if (value.as_undefined().kind == UndefinedKind::kStrict) value.as_undefined().fail();
      return std::make_unique<NoSteps>();
    case Kind::kObject:
      if (auto steps = value.as_object().iterate()) return steps;
      [[fallthrough]];
    default:
      raise_type_error("'" + type_name(value) + "' object is not iterable");
  }
}

Values to_values(const Value& value) {
  if (value.is_list() || value.is_tuple()) return value.items();
  Values all;
  const IteratorPtr steps = iterate(value);
  for (Value item; steps->next(item);) {
    all.push_back(std::move(item));
    if (all.size() % 4096 == 0) charge_bytes(all.size() * sizeof(Value));
  }
  return all;
}

bool is_callable(const Value& value) {
  // Undefined values have a __call__, which raises.
  return value.is_undefined() || (value.is_object() && value.as_object().is_callable());
}

Value slice(const Value& value, const Value& begin, const Value& end, const Value& step) {
  if (value.is_undefined() && value.as_undefined().kind == UndefinedKind::kChainable) return value;
  if (value.is_undefined()) value.as_undefined().fail();
  if (value.is_dict()) {  // a slice is a key like any other since Python 3.12, and never there
    for (const Value* part : {&begin, &end, &step}) hash(*part);
    raise("KeyError", "a mapping has no slices");
  }
  auto* range = value.as<Range>();
  if (!value.is_string() && !value.is_list() && !value.is_tuple() && !range)
    raise_type_error("'" + type_name(value) + "' object is not subscriptable");
  const Cut part = cut(static_cast<std::int64_t>(length(value)), begin, end, step);
  if (value.is_string()) return text_part(value, part);
  if (range) return range_part(*range, part);
  Values items;
  items.reserve(static_cast<std::size_t>(part.count));
  walk(part, [&](std::size_t at) { items.push_back(value.items()[at]); });
  return value.is_list() ? Value::list(std::move(items)) : Value::tuple(std::move(items));
}

std::int64_t to_index(const Value& value) {
  if (value.is_integral()) return value.as_int();
  raise_type_error("'" + type_name(value) + "' object cannot be interpreted as an integer");
}

}  // namespace core::render
