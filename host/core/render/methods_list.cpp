// Methods of list, tuple and dict.
#include <algorithm>

#include "core/render/builtin_support.hpp"
#include "core/render/dicts.hpp"
#include "core/render/filters.hpp"
#include "core/render/methods.hpp"

namespace core::render {

namespace {

/// Arguments of a method that takes no keywords: at least `fewest`, at most `most`; the rest is missing.
Values positional(const Arguments& arguments, const char* method, std::size_t fewest, std::size_t most) {
  if (!arguments.keyword.empty()) raise_type_error(std::string(method) + "() takes no keyword arguments");
  Values given = arguments.positional;
  if (given.size() < fewest || given.size() > most) {
    const std::size_t limit = given.size() < fewest ? fewest : most;
    raise_type_error(std::string(method) + " expected " + (given.size() < fewest ? "at least " : "at most ") +
                     std::to_string(limit) + " argument" + (limit == 1 ? "" : "s") + ", got " +
                     std::to_string(given.size()));
  }
  given.resize(most);
  return given;
}

// --- list ---------------------------------------------------------------------------------------------

Value append(Runtime& runtime, const Value& self, Arguments& arguments) {
  runtime.charge();
  self.items().push_back(positional(arguments, "list.append", 1, 1)[0]);
  return Value::none();
}

Value extend(Runtime& runtime, const Value& self, Arguments& arguments) {
  const Values more = to_values(positional(arguments, "list.extend", 1, 1)[0]);
  runtime.charge(more.size());
  self.items().insert(self.items().end(), more.begin(), more.end());
  return Value::none();
}

std::size_t clamp_index(std::int64_t index, std::size_t size) {
  if (index < 0) index += static_cast<std::int64_t>(size);
  return static_cast<std::size_t>(std::clamp<std::int64_t>(index, 0, static_cast<std::int64_t>(size)));
}

Value insert(Runtime& runtime, const Value& self, Arguments& arguments) {
  const auto given = positional(arguments, "insert", 2, 2);
  auto& items = self.items();
  runtime.charge(items.size());
  const std::size_t at = clamp_index(to_index(given[0]), items.size());
  items.insert(items.begin() + static_cast<std::ptrdiff_t>(at), given[1]);
  return Value::none();
}

Value pop(Runtime& runtime, const Value& self, Arguments& arguments) {
  const auto given = positional(arguments, "pop", 0, 1);
  auto& items = self.items();
  std::int64_t at = index_or(given[0], -1);
  if (items.empty()) raise("IndexError", "pop from empty list");
  const auto size = static_cast<std::int64_t>(items.size());
  if (at < 0) at += size;
  if (at < 0 || at >= size) raise("IndexError", "pop index out of range");
  runtime.charge(items.size() - static_cast<std::size_t>(at));
  Value item = items[static_cast<std::size_t>(at)];
  items.erase(items.begin() + at);
  return item;
}

Value remove(Runtime& runtime, const Value& self, Arguments& arguments) {
  const auto given = positional(arguments, "list.remove", 1, 1);
  auto& items = self.items();
  runtime.charge(items.size());
  for (auto item = items.begin(); item != items.end(); ++item) {
    if (!item->same_as(given[0]) && !equals(*item, given[0])) continue;
    items.erase(item);
    return Value::none();
  }
  raise_value_error("list.remove(x): x not in list");
}

Value index(Runtime& runtime, const Value& self, Arguments& arguments) {
  const auto given = positional(arguments, "index", 1, 3);
  const Values items = self.items();
  runtime.charge(items.size());
  const std::size_t end =
      given[2].is_missing() ? items.size() : clamp_index(to_index(given[2]), items.size());
  for (std::size_t i = clamp_index(index_or(given[1], 0), items.size()); i < end; ++i)
    if (items[i].same_as(given[0]) || equals(items[i], given[0])) return static_cast<std::int64_t>(i);
  if (self.is_list()) raise_value_error(repr(given[0]) + " is not in list");
  raise_value_error("tuple.index(x): x not in tuple");
}

Value count(Runtime& runtime, const Value& self, Arguments& arguments) {
  const auto given = positional(arguments, "count", 1, 1);
  const Values items = self.items();
  runtime.charge(items.size());
  return static_cast<std::int64_t>(std::count_if(items.begin(), items.end(), [&](const Value& item) {
    return item.same_as(given[0]) || equals(item, given[0]);
  }));
}

Value sort(Runtime& runtime, const Value& self, Arguments& arguments) {
  Value key = arguments.take("key");
  const bool reverse = truth_or(arguments.take("reverse"), false);
  positional(arguments, "sort", 0, 0);
  Values items = self.items(), keys = items;
  if (is_given(key)) {
    for (auto& item : keys) {
      Arguments one{{item}, {}};
      item = runtime.call(key, one);
    }
  }
  stable_sort(runtime, items, keys, reverse, SortBy::kBareKeys);
  self.items() = std::move(items);
  return Value::none();
}

Value reverse(Runtime& runtime, const Value& self, Arguments& arguments) {
  positional(arguments, "list.reverse", 0, 0);
  runtime.charge(self.items().size());
  std::reverse(self.items().begin(), self.items().end());
  return Value::none();
}

Value copy_list(Runtime& runtime, const Value& self, Arguments& arguments) {
  positional(arguments, "list.copy", 0, 0);
  runtime.charge(self.items().size());
  return Value::list(self.items());
}

Value clear_list(Runtime&, const Value& self, Arguments& arguments) {
  positional(arguments, "list.clear", 0, 0);
  const Values gone = std::exchange(self.items(), {});
  return Value::none();
}

// --- dict ---------------------------------------------------------------------------------------------

template <DictView::Part Part>
Value view(Runtime&, const Value& self, Arguments& arguments) {
  positional(arguments, "dict view", 0, 0);
  return make<DictView>(Ref<Dict>(&self.as_dict()), Part);
}

Value get(Runtime&, const Value& self, Arguments& arguments) {
  const auto given = positional(arguments, "get", 1, 2);
  const Value* found = self.as_dict().find(given[0]);
  return found ? *found : value_or(given[1], Value::none());
}

Value setdefault(Runtime& runtime, const Value& self, Arguments& arguments) {
  const auto given = positional(arguments, "setdefault", 1, 2);
  runtime.charge();
  if (const Value* found = self.as_dict().find(given[0])) return *found;
  self.as_dict().set(given[0], value_or(given[1], Value::none()));
  return value_or(given[1], Value::none());
}

Value pop_key(Runtime&, const Value& self, Arguments& arguments) {
  const auto given = positional(arguments, "pop", 1, 2);
  const Value* found = self.as_dict().find(given[0]);
  if (!found && given[1].is_missing()) raise("KeyError", repr(given[0]));
  if (!found) return given[1];
  Value value = *found;
  self.as_dict().erase(given[0]);
  return value;
}

Value popitem(Runtime&, const Value& self, Arguments& arguments) {
  positional(arguments, "dict.popitem", 0, 0);
  const auto& entries = self.as_dict().entries();
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
    if (entry->key.is_missing()) continue;
    const Value key = entry->key, value = entry->value;
    self.as_dict().erase(key);
    return Value::tuple({key, value});
  }
  raise("KeyError", "'popitem(): dictionary is empty'");
}

Value update(Runtime& runtime, const Value& self, Arguments& arguments) {
  fill_dict(runtime, self.as_dict(), arguments, "update");
  return Value::none();
}

Value copy_dict(Runtime& runtime, const Value& self, Arguments& arguments) {
  positional(arguments, "dict.copy", 0, 0);
  Value copy = Value::dict();
  Arguments source{{self}, {}};
  fill_dict(runtime, copy.as_dict(), source, "dict");
  return copy;
}

Value clear_dict(Runtime&, const Value& self, Arguments& arguments) {
  positional(arguments, "dict.clear", 0, 0);
  self.as_dict().clear();
  return Value::none();
}

Value fromkeys(Runtime& runtime, const Value&, Arguments& arguments) {
  const auto given = positional(arguments, "fromkeys", 1, 2);
  Value dict = Value::dict();
  for (const auto& key : to_values(given[0])) {
    runtime.charge();
    dict.as_dict().set(key, value_or(given[1], Value::none()));
  }
  return dict;
}

Value set_item(Runtime& runtime, const Value& self, Arguments& arguments) {
  const auto given = positional(arguments, "__setitem__", 2, 2);
  runtime.charge();
  if (self.is_dict()) {
    self.as_dict().set(given[0], given[1]);
    return Value::none();
  }
  const auto size = static_cast<std::int64_t>(self.items().size());
  std::int64_t at = to_index(given[0]);
  if (at < 0) at += size;
  if (at < 0 || at >= size) raise("IndexError", "list assignment index out of range");
  self.items()[static_cast<std::size_t>(at)] = given[1];
  return Value::none();
}

// --- all containers -----------------------------------------------------------------------------------

Value get_item(Runtime& runtime, const Value& self, Arguments& arguments) {
  const auto given = positional(arguments, "__getitem__", 1, 1);
  Value item = runtime.get_item(self, given[0]);
  if (item.is_undefined()) raise(self.is_dict() ? "KeyError" : "IndexError", repr(given[0]));
  return item;
}

Value len(Runtime&, const Value& self, Arguments& arguments) {
  positional(arguments, "__len__", 0, 0);
  return static_cast<std::int64_t>(length(self));
}

Value has(Runtime&, const Value& self, Arguments& arguments) {
  return contains(self, positional(arguments, "__contains__", 1, 1)[0]);
}

using Row = std::pair<std::string_view, Function>;

}  // namespace

void fill_dict(Runtime& runtime, Dict& dict, Arguments& arguments, const char* function) {
  if (arguments.positional.size() > 1)
    raise_type_error(std::string(function) + " expected at most 1 argument, got " +
                     std::to_string(arguments.positional.size()));
  if (!arguments.positional.empty()) {
    const Value source = arguments.positional.front();
    if (source.is_undefined()) source.as_undefined().fail();  // Python asks it for `keys`
    if (source.is_dict()) {
      for (const auto& [key, value, hash] : std::vector<Dict::Entry>(source.as_dict().entries())) {
        runtime.charge();
        if (!key.is_missing()) dict.set(key, value);
      }
    } else {
      const auto steps = iterate(source);
      for (Value item; steps->next(item);) {
        runtime.charge();
        auto [key, value] = filters::to_pair(item);
        dict.set(std::move(key), std::move(value));
      }
    }
  }
  for (const auto& [name, value] : arguments.keyword) dict.set(Value(name), value);
}

namespace methods {

Function of_list(std::string_view name) {
  static constexpr Row kMethods[] = {
      {"append", append},   {"extend", extend},  {"insert", insert},    {"pop", pop},
      {"remove", remove},   {"index", index},    {"count", count},      {"sort", sort},
      {"reverse", reverse}, {"copy", copy_list}, {"clear", clear_list}, {"__setitem__", set_item},
  };
  return pick(kMethods, name);
}

Function of_tuple(std::string_view name) {
  static constexpr Row kMethods[] = {{"index", index}, {"count", count}};
  return pick(kMethods, name);
}

Function of_dict(std::string_view name) {
  static constexpr Row kMethods[] = {
      {"items", view<DictView::Part::kItems>},
      {"keys", view<DictView::Part::kKeys>},
      {"values", view<DictView::Part::kValues>},
      {"get", get},
      {"update", update},
      {"setdefault", setdefault},
      {"pop", pop_key},
      {"popitem", popitem},
      {"copy", copy_dict},
      {"clear", clear_dict},
      {"fromkeys", fromkeys},
      {"__setitem__", set_item},
  };
  return pick(kMethods, name);
}

Function of_any(std::string_view name) {
  static constexpr Row kMethods[] = {{"__getitem__", get_item}, {"__len__", len}, {"__contains__", has}};
  return pick(kMethods, name);
}

}  // namespace methods

}  // namespace core::render
