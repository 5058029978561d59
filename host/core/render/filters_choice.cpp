// Filters that choose, order and group by attributes, tests and other filters.
#include <algorithm>
#include <functional>

#include "core/render/builtin_support.hpp"
#include "core/render/filters.hpp"
#include "core/render/strings.hpp"

namespace core::render::filters {

namespace {

Value default_filter(Runtime&, const Value& self, Arguments& arguments) {
  const auto given = bind_arguments(arguments, "do_default", 1, {{"default_value"}, {"boolean"}});
  if (self.is_undefined() || (truth_or(given[1], false) && !truth(self))) return value_or(given[0], "");
  return self;
}

Value attr(Runtime& runtime, const Value& self, Arguments& arguments) {
  const auto given = bind_arguments(arguments, "do_attr", 2, {{"name", true}});
  if (self.is_undefined()) self.as_undefined().fail();
  const std::string name = str(given[0]);
  if (self.is_object()) {
    Value value = self.as_object().attribute(runtime, name);
    return value.is_missing() ? runtime.undefined(name, self) : value;
  }
  if (const Function method = find_method(self, name)) return make<NativeFunction>(name, method, self);
  Value value = find_data_attribute(self, name);
  return value.is_missing() ? runtime.undefined(name, self) : value;
}

Value items(Runtime&, const Value& self, Arguments& arguments) {
  bind_arguments(arguments, "do_items", 1, {});
  struct State {
    Value source;
    std::size_t at = 0;
  };
  return generate([s = State{self}](Value& out) mutable {
    if (s.source.is_undefined()) return false;
    if (!s.source.is_dict()) raise_type_error("Can only get item pairs from a mapping.");
    const auto& entries = s.source.as_dict().entries();
    s.at = s.source.as_dict().next(s.at);
    if (s.at >= entries.size()) return false;
    out = Value::tuple({entries[s.at].key, entries[s.at].value});
    ++s.at;
    return true;
  });
}

// --- map, select, reject ------------------------------------------------------------------------------

/// What is applied to each item. Arguments are kept because they are handed to every call anew.
class Applied {
 public:
  Applied(Runtime& runtime, std::string name, Arguments arguments)
      : runtime_(&runtime), name_(std::move(name)), arguments_(std::move(arguments)) {}
  Value filter(const Value& item) const {
    Arguments copy = arguments_;
    return runtime_->call_filter(name_, item, copy);
  }
  bool test(const Value& item) const {
    Arguments copy = arguments_;
    return runtime_->call_test(name_, item, copy);
  }

 private:
  Runtime* runtime_;
  std::string name_;
  Arguments arguments_;
};

std::string name_of(const Value& value) {
  if (value.is_string()) return value.as_string();
  (void)hash(value);
  return str(value);
}

void drop_positional(Arguments& arguments, std::size_t count) {
  arguments.positional.erase(arguments.positional.begin(),
                             arguments.positional.begin() + static_cast<std::ptrdiff_t>(count));
}

/// How `map` turns an item into another one.
std::function<Value(const Value&)> prepare_map(Runtime& runtime, Arguments arguments) {
  const bool by_attribute =
      arguments.positional.empty() &&
      std::any_of(arguments.keyword.begin(), arguments.keyword.end(),
                  [](const auto& entry) { return entry.first->bytes() == "attribute"; });
  if (by_attribute) {
    const Value attribute = arguments.take("attribute"), fallback = arguments.take("default");
    if (!arguments.keyword.empty())
      raise("FilterArgumentError",
            "Unexpected keyword argument " + repr(Value(arguments.keyword.front().first)));
    return AttributeGetter(runtime, attribute, false, fallback);
  }
  if (arguments.positional.empty()) raise("FilterArgumentError", "map requires a filter argument");
  std::string name = name_of(arguments.positional.front());
  drop_positional(arguments, 1);
  return [applied = Applied(runtime, std::move(name), std::move(arguments))](const Value& item) {
    return applied.filter(item);
  };
}

Value map(Runtime& runtime, const Value& self, Arguments& arguments) {
  struct State {
    Value source;
    Arguments given;
    std::function<Value(const Value&)> apply;
    IteratorPtr steps;
  };
  return generate([&runtime, s = State{self, std::move(arguments), {}, nullptr}](Value& out) mutable {
    if (!s.steps) {
      if (!truth(s.source)) return false;
      s.apply = prepare_map(runtime, std::move(s.given));
      s.steps = iterate(s.source);
    }
    Value item;
    if (!s.steps->next(item)) return false;
    runtime.charge();
    out = s.apply(item);
    return true;
  });
}

/// Whether an item is chosen by `select` and its like.
std::function<bool(const Value&)> prepare_choice(Runtime& runtime, Arguments arguments, bool by_attribute) {
  std::function<Value(const Value&)> look = [](const Value& item) { return item; };
  if (by_attribute) {
    if (arguments.positional.empty()) raise("FilterArgumentError", "Missing parameter for attribute name");
    look = AttributeGetter(runtime, arguments.positional.front());
    drop_positional(arguments, 1);
  }
  if (arguments.positional.empty()) return [look](const Value& item) { return truth(look(item)); };
  std::string name = name_of(arguments.positional.front());
  drop_positional(arguments, 1);
  return [look, applied = Applied(runtime, std::move(name), std::move(arguments))](const Value& item) {
    return applied.test(look(item));
  };
}

Value choose(Runtime& runtime, const Value& self, Arguments& arguments, bool wanted, bool by_attribute) {
  struct State {
    Value source;
    Arguments given;
    std::function<bool(const Value&)> chosen;
    IteratorPtr steps;
  };
  return generate([&runtime, wanted, by_attribute,
                   s = State{self, std::move(arguments), {}, nullptr}](Value& out) mutable {
    if (!s.steps) {
      if (!truth(s.source)) return false;
      s.chosen = prepare_choice(runtime, std::move(s.given), by_attribute);
      s.steps = iterate(s.source);
    }
    while (s.steps->next(out)) {
      runtime.charge();
      if (s.chosen(out) == wanted) return true;
    }
    return false;
  });
}

template <bool Wanted, bool ByAttribute>
Value choice(Runtime& runtime, const Value& self, Arguments& arguments) {
  return choose(runtime, self, arguments, Wanted, ByAttribute);
}

Value unique(Runtime& runtime, const Value& self, Arguments& arguments) {
  const auto given = bind_arguments(arguments, "do_unique", 2, {{"case_sensitive"}, {"attribute"}});
  struct State {
    Value source;
    AttributeGetter get;
    Value seen;
    IteratorPtr steps;
  };
  AttributeGetter get(runtime, value_or(given[1], Value::none()), !truth_or(given[0], false));
  return generate([&runtime, s = State{self, std::move(get), Value::dict(), nullptr}](Value& out) mutable {
    if (!s.steps) s.steps = iterate(s.source);
    while (s.steps->next(out)) {
      runtime.charge();
      const Value key = s.get(out);
      auto& seen = s.seen.as_dict();
      if (seen.find(key)) continue;
      seen.set(key, true);
      return true;
    }
    return false;
  });
}

// --- order and groups ---------------------------------------------------------------------------------

Value sort(Runtime& runtime, const Value& self, Arguments& arguments) {
  const auto given =
      bind_arguments(arguments, "do_sort", 2, {{"reverse"}, {"case_sensitive"}, {"attribute"}});
  const bool fold = !truth_or(given[1], false);
  std::vector<AttributeGetter> getters;
  if (given[2].is_string()) {
    for (const auto name : strings::split(given[2].as_string(), ","))
      getters.emplace_back(runtime, name, fold);
  } else {
    getters.emplace_back(runtime, value_or(given[2], Value::none()), fold);
  }
  Values items = to_values(self), keys;
  const bool reverse = truth_or(given[0], false);
  keys.reserve(items.size());
  for (const auto& item : items) {
    Values parts;
    for (const auto& get : getters) parts.push_back(get(item));
    keys.push_back(parts.size() == 1 ? std::move(parts[0]) : Value::list(std::move(parts)));
  }
  stable_sort(runtime, items, keys, reverse);
  return Value::list(std::move(items));
}

Value dictsort(Runtime& runtime, const Value& self, Arguments& arguments) {
  const auto given = bind_arguments(arguments, "do_dictsort", 1, {{"case_sensitive"}, {"by"}, {"reverse"}});
  const Value by = value_or(given[1], "key");
  const bool by_value = by.is_string() && by.as_string() == "value";
  if (!by_value && !(by.is_string() && by.as_string() == "key"))
    raise("FilterArgumentError", "You can only sort by either \"key\" or \"value\"");
  if (!self.is_dict()) raise_no_attribute(self, "items");
  const bool reverse = truth_or(given[2], false), sensitive = truth_or(given[0], false);
  Values pairs, keys;
  for (const auto& [key, value, hash] : self.as_dict().entries()) {
    if (key.is_missing()) continue;
    pairs.push_back(Value::tuple({key, value}));
    const Value& sorted_by = by_value ? value : key;
    keys.push_back(sensitive ? sorted_by : without_case(sorted_by));
  }
  stable_sort(runtime, pairs, keys, reverse, SortBy::kBareKeys);
  return Value::list(std::move(pairs));
}

Value groupby(Runtime& runtime, const Value& self, Arguments& arguments) {
  const auto given =
      bind_arguments(arguments, "do_groupby", 2, {{"attribute", true}, {"default"}, {"case_sensitive"}});
  const bool fold = !truth_or(given[2], false);
  const AttributeGetter get(runtime, given[0], fold, given[1]), shown(runtime, given[0], false, given[1]);
  Values items = to_values(self), keys;
  for (const auto& item : items) keys.push_back(get(item));
  stable_sort(runtime, items, keys, false, SortBy::kBareKeys);
  Values groups;
  for (std::size_t start = 0, end = 0; start < items.size(); start = end) {
    const Value key = get(items[start]);
    for (end = start + 1; end < items.size() && equals(get(items[end]), key);) ++end;
    const auto from = items.begin() + static_cast<std::ptrdiff_t>(start);
    Values members(from, from + static_cast<std::ptrdiff_t>(end - start));
    Value grouper = fold ? shown(members.front()) : key;
    groups.push_back(Value::group(std::move(grouper), std::move(members)));
  }
  return Value::list(std::move(groups));
}

}  // namespace

void register_choices(Registry& registry) {
  static constexpr std::pair<const char*, Function> kFilters[] = {
      {"default", default_filter},
      {"d", default_filter},
      {"attr", attr},
      {"items", items},
      {"map", map},
      {"select", choice<true, false>},
      {"reject", choice<false, false>},
      {"selectattr", choice<true, true>},
      {"rejectattr", choice<false, true>},
      {"unique", unique},
      {"sort", sort},
      {"dictsort", dictsort},
      {"groupby", groupby},
  };
  for (const auto& [name, function] : kFilters) registry.filter(name, function);
}

}  // namespace core::render::filters
