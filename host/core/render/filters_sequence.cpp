// Filters that walk over a sequence or pick from one.
#include <algorithm>
#include <optional>
#include <random>

#include "core/render/builtin_support.hpp"
#include "core/render/filters.hpp"
#include "core/render/strings.hpp"

namespace core::render::filters {

namespace {

Value length_filter(Runtime&, const Value& self, Arguments& arguments) {
  bind_arguments(arguments, "len", 1, {});
  return static_cast<std::int64_t>(length(self));
}

Value list(Runtime& runtime, const Value& self, Arguments& arguments) {
  bind_arguments(arguments, "do_list", 1, {});
  Values items = to_values(self);
  runtime.charge(items.size());
  return Value::list(std::move(items));
}

Value first(Runtime& runtime, const Value& self, Arguments& arguments) {
  bind_arguments(arguments, "do_first", 2, {});
  Value item;
  return iterate(self)->next(item) ? item : runtime.undefined_hint("No first item, sequence was empty.");
}

// What Python's reversed() takes: its items in order.
std::optional<Values> reversible(const Value& value) {
  const bool fine = value.is_string() || value.is_list() || value.is_tuple() || value.is_dict() ||
                    value.is_undefined() || value.as<Range>() || value.as<DictView>();
  if (!fine) return std::nullopt;
  return to_values(value);
}

Value last(Runtime& runtime, const Value& self, Arguments& arguments) {
  bind_arguments(arguments, "do_last", 2, {});
  const auto items = reversible(self);
  if (!items) raise_type_error("'" + type_name(self) + "' object is not reversible");
  return items->empty() ? runtime.undefined_hint("No last item, sequence was empty.") : items->back();
}

Value reverse(Runtime& runtime, const Value& self, Arguments& arguments) {
  bind_arguments(arguments, "do_reverse", 1, {});
  if (self.is_string()) return like(self, strings::reversed(self.as_string()));
  auto items = reversible(self);
  if (!items && (!self.is_object() || !self.as_object().iterate()))
    raise("FilterArgumentError", "argument must be iterable");
  if (!items) items = to_values(self);
  runtime.charge(items->size());
  std::reverse(items->begin(), items->end());
  if (!reversible(self)) return Value::list(std::move(*items));
  return generate([left = std::move(*items), at = std::size_t{0}](Value& out) mutable {
    if (at == left.size()) return false;
    out = std::move(left[at++]);
    return true;
  });
}

Value random(Runtime& runtime, const Value& self, Arguments& arguments) {
  bind_arguments(arguments, "do_random", 2, {});
  const std::size_t size = length(self);
  if (size == 0) return runtime.undefined_hint("No random item, sequence was empty.");
  static thread_local std::mt19937_64 engine{std::random_device{}()};
  const auto position =
      static_cast<std::int64_t>(std::uniform_int_distribution<std::size_t>(0, size - 1)(engine));
  const Value item = runtime.get_item(self, position);
  if (item.is_undefined() && self.is_dict()) raise("KeyError", std::to_string(position));
  return item;
}

// --- in portions --------------------------------------------------------------------------------------

Value batch(Runtime& runtime, const Value& self, Arguments& arguments) {
  const auto given = bind_arguments(arguments, "do_batch", 1, {{"linecount", true}, {"fill_with"}});
  struct State {
    Value source, count, fill;
    IteratorPtr steps;
    Values row;
    bool ended = false;
  };
  return generate([&runtime, s = State{self, given[0], given[1], nullptr, {}}](Value& out) mutable {
    if (s.ended) return false;
    if (!s.steps) s.steps = iterate(s.source);
    for (Value item; s.steps->next(item);) {
      runtime.charge();
      const bool full = equals(static_cast<std::int64_t>(s.row.size()), s.count);
      if (full) out = Value::list(std::exchange(s.row, {}));
      s.row.push_back(std::move(item));
      if (full) return true;
    }
    s.ended = true;
    if (s.row.empty()) return false;
    if (is_given(s.fill) && less(static_cast<std::int64_t>(s.row.size()), s.count)) {
      const std::int64_t wanted = to_index(s.count);
      runtime.charge(static_cast<std::size_t>(wanted));
      charge_bytes(static_cast<std::size_t>(wanted) * sizeof(Value));
      s.row.resize(static_cast<std::size_t>(wanted), s.fill);
    }
    out = Value::list(std::move(s.row));
    return true;
  });
}

Value slice_filter(Runtime& runtime, const Value& self, Arguments& arguments) {
  const auto given = bind_arguments(arguments, "do_slice", 1, {{"slices", true}, {"fill_with"}});
  struct State {
    Value source, count, fill;
    Values items;
    std::int64_t slices = 0, at = -1;
    std::size_t next = 0;
  };
  return generate([&runtime, s = State{self, given[0], given[1], {}}](Value& out) mutable {
    if (s.at < 0) {
      s.items = to_values(s.source);
      if (s.count.is_integral() && s.count.as_int() == 0)
        raise("ZeroDivisionError", "integer division or modulo by zero");
      s.slices = to_index(s.count);
      s.at = 0;
    }
    if (s.at >= s.slices) return false;
    runtime.charge();
    const auto size = static_cast<std::int64_t>(s.items.size());
    const bool longer = s.at < size % s.slices;
    const auto take = static_cast<std::size_t>(size / s.slices + (longer ? 1 : 0));
    const auto start = s.items.begin() + static_cast<std::ptrdiff_t>(s.next);
    Values row(start, start + static_cast<std::ptrdiff_t>(take));
    s.next += take;
    ++s.at;
    if (!longer && is_given(s.fill)) row.push_back(s.fill);
    out = Value::list(std::move(row));
    return true;
  });
}

// --- all in one ---------------------------------------------------------------------------------------

Value join_escaped(const Values& items, const Value& separator) {
  const bool any = separator.is_markup() ||
                   std::any_of(items.begin(), items.end(), [](const Value& v) { return v.is_markup(); });
  std::string out;
  const std::string between = any ? escape(separator).as_string() : str(separator);
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out += between;
    out += any ? escape(items[i]).as_string() : str(items[i]);
    charge_bytes(out.size());
  }
  return any ? Value::markup(std::move(out)) : Value(std::move(out));
}

Value join(Runtime& runtime, const Value& self, Arguments& arguments) {
  const auto given = bind_arguments(arguments, "do_join", 2, {{"d"}, {"attribute"}});
  const Value separator = value_or(given[0], "");
  Values items = to_values(self);
  runtime.charge(items.size());
  if (is_given(given[1])) {
    const AttributeGetter get(runtime, given[1]);
    for (auto& item : items) item = get(item);
  }
  if (runtime.autoescape()) return join_escaped(items, separator);
  std::string out;
  const std::string between = str(separator);
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out += between;
    append_str(out, items[i]);
    charge_bytes(out.size());
  }
  return out;
}

Value sum(Runtime& runtime, const Value& self, Arguments& arguments) {
  const auto given = bind_arguments(arguments, "do_sum", 2, {{"attribute"}, {"start"}});
  Value total = value_or(given[1], 0);
  const AttributeGetter get(runtime, value_or(given[0], Value::none()));
  const auto steps = iterate(self);
  if (total.is_string()) raise_type_error("sum() can't sum strings [use ''.join(seq) instead]");
  for (Value item; steps->next(item);) total = add(total, get(item));
  return total;
}

Value extreme(Runtime& runtime, const Value& self, Arguments& arguments, const char* name, bool largest) {
  const auto given = bind_arguments(arguments, name, 2, {{"case_sensitive"}, {"attribute"}});
  const AttributeGetter get(runtime, value_or(given[1], Value::none()), !truth_or(given[0], false));
  const auto steps = iterate(self);
  Value best;
  if (!steps->next(best)) return runtime.undefined_hint("No aggregated item, sequence was empty.");
  Value best_key = get(best);
  for (Value item; steps->next(item);) {
    Value key = get(item);
    if (largest ? greater(key, best_key) : less(key, best_key)) {
      best = std::move(item);
      best_key = std::move(key);
    }
  }
  return best;
}

Value max(Runtime& runtime, const Value& self, Arguments& arguments) {
  return extreme(runtime, self, arguments, "do_max", true);
}

Value min(Runtime& runtime, const Value& self, Arguments& arguments) {
  return extreme(runtime, self, arguments, "do_min", false);
}

}  // namespace

std::pair<Value, Value> to_pair(const Value& value) {
  if (!value.is_string() && !value.is_list() && !value.is_tuple() && !value.is_dict() &&
      !value.is_undefined() && !(value.is_object() && value.as_object().iterate()))
    raise_type_error("cannot unpack non-iterable " + type_name(value) + " object");
  Values parts = to_values(value);
  if (parts.size() < 2)
    raise_value_error("not enough values to unpack (expected 2, got " + std::to_string(parts.size()) + ")");
  if (parts.size() > 2) raise_value_error("too many values to unpack (expected 2)");
  return {std::move(parts[0]), std::move(parts[1])};
}

void register_sequences(Registry& registry) {
  static constexpr std::pair<const char*, Function> kFilters[] = {
      {"length", length_filter},
      {"count", length_filter},
      {"list", list},
      {"first", first},
      {"last", last},
      {"reverse", reverse},
      {"random", random},
      {"batch", batch},
      {"slice", slice_filter},
      {"join", join},
      {"sum", sum},
      {"max", max},
      {"min", min},
  };
  for (const auto& [name, function] : kFilters) registry.filter(name, function);
}

}  // namespace core::render::filters
