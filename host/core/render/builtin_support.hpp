// What the built-in filters, tests and methods share.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/render/builtins.hpp"
#include "core/render/operators.hpp"
#include "core/render/value.hpp"

namespace core::render {

/// `str(value)`, but markup stays markup.
Value soft_str(const Value& value);
/// A string that is markup if `model` is.
Value like(const Value& model, std::string text);
/// `given`, or `fallback` if it is missing.
Value value_or(const Value& given, Value fallback);
bool truth_or(const Value& given, bool fallback);
/// A whole number; raises TypeError "'str' object cannot be interpreted as an integer".
std::int64_t index_or(const Value& given, std::int64_t fallback);
/// Neither missing nor None.
bool is_given(const Value& value);
/// Raises AttributeError "'int' object has no attribute 'x'", or what an undefined value raises.
[[noreturn]] void raise_no_attribute(const Value& value, std::string_view name);
/// The text of a string; raises TypeError "<what> must be str, not int".
const std::string& require_text(const Value& value, const char* what);
/// Lower case if it is a string, for comparing without case.
Value without_case(const Value& value);

/// A generator object around `step`, which is called as `bool step(Value& out)`.
template <class Step>
Value generate(Step step) {
  struct Steps final : Iterator {
    explicit Steps(Step given) : run(std::move(given)) {}
    bool next(Value& out) override { return !ended && (run(out) || (ended = true, false)); }
    Step run;
    bool ended = false;
  };
  return make<Generator>(std::make_unique<Steps>(std::move(step)));
}

/// Reads `a.b.0` from items, as the filters with `attribute=` do.
class AttributeGetter {
 public:
  /// `attribute`: text with dots, any other key, or None for the item itself. `fallback` stands for what is
  /// undefined unless it is missing or None.
  AttributeGetter(Runtime& runtime, const Value& attribute, bool fold_case = false, Value fallback = {});
  Value operator()(const Value& item) const;

 private:
  Runtime* runtime_;
  Values parts_;
  bool fold_case_;
  Value fallback_;
};

/// How keys are compared: bare ones by `<`; those that Python packs into lists first by `==`, so that two
/// equal ones (None, None) are never asked which is less.
enum class SortBy { kPackedKeys, kBareKeys };
/// Python's `sorted(items, key=...)`; `keys` has one per item.
void stable_sort(Runtime& runtime, Values& items, const Values& keys, bool reverse,
                 SortBy how = SortBy::kPackedKeys);

}  // namespace core::render
