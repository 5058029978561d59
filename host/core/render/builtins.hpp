// What filters, tests, methods and global functions are to the interpreter, and what it offers them.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/render/operators.hpp"
#include "core/render/value.hpp"

namespace core::render {

struct Options;  // core/render/options.hpp

/// What stands between the parentheses of a call.
struct Arguments {
  Values positional;
  std::vector<std::pair<Ref<Text>, Value>> keyword;

  bool empty() const { return positional.empty() && keyword.empty(); }
  /// Takes the keyword argument out and returns it; missing if it was not given.
  Value take(std::string_view name);
};

/// One parameter of a native function.
struct Parameter {
  const char* name;
  bool required = false;
};

/// Sorts arguments to parameters as Python does for `def function(self..., a, b=...)`: the result has one
/// value per parameter, missing where an optional one was not given. `bound` counts parameters that are
/// filled already (`self` of a filter: 1; Jinja2's context, environment or eval_ctx in front of it counts
/// too) and only matters for messages: "do_indent() takes from 1 to 4 positional arguments but 5 were given",
/// "... missing 1 required positional argument: 'x'", "... got an unexpected keyword argument 'y'", "... got
/// multiple values for argument 'x'". Raises TypeError.
Values bind_arguments(const Arguments& arguments, const char* function, int bound,
                      std::initializer_list<Parameter> parameters);

/// A native filter, test, method or global function. `self` is the value that is filtered or tested or whose
/// method it is; missing for global functions. May take values out of `arguments`.
using Function = Value (*)(Runtime& runtime, const Value& self, Arguments& arguments);

/// A filter or test: a native function, or a callable value that gets `self` as its first argument.
struct Callable {
  Function function = nullptr;
  Value value;
};

/// What the names in templates stand for. Names are Jinja2's.
struct Registry {
  std::unordered_map<std::string, Callable> filters, tests;
  std::vector<std::pair<std::string, Value>> globals;

  void filter(const char* name, Function function) { filters[name] = {function, {}}; }
  void test(const char* name, Function function) { tests[name] = {function, {}}; }
  void global(std::string name, Value value) { globals.emplace_back(std::move(name), std::move(value)); }
};

using Callables = std::unordered_map<std::string, Callable>;

/// "there is no filter 'uper' (did you mean 'upper'?)"; `kind` is filter or test.
std::string no_such(const char* kind, std::string_view name, const Callables& known);

/// A native function as a value, for globals and bound methods.
class NativeFunction final : public Object {
 public:
  NativeFunction(std::string shown, Function called, Value bound = {})
      : name(std::move(shown)), function(called), self(std::move(bound)) {}
  void clear() noexcept override { self = Value(); }
  std::string type_name() const override;
  bool is_callable() const override { return true; }
  Value call(Runtime& runtime, Arguments& arguments) override { return function(runtime, self, arguments); }
  /// Two bound methods are equal if they are the same method of the same value.
  bool equals(const Object& other) const override;
  std::string repr() const override;

  const std::string name;
  const Function function;
  Value self;
};

/// The `namespace(...)` object.
class Namespace final : public Object {
 public:
  void clear() noexcept override { members = Ref<Dict>(); }
  std::string type_name() const override { return "Namespace"; }
  Value attribute(Runtime& runtime, std::string_view name) override;
  bool set_attribute(Runtime& runtime, const Value& name, Value value) override;
  Value item(Runtime& runtime, const Value& key) override;
  std::string repr() const override;

  Ref<Dict> members = make<Dict>();
};

/// One rendering, as native functions see it. Current on its thread while it runs.
class Runtime {
 public:
  virtual ~Runtime() = default;
  /// The innermost rendering of this thread; null when there is none.
  static Runtime* current();

  virtual const Options& options() const = 0;
  virtual const Registry& registry() const = 0;
  /// Whether output is escaped here.
  virtual bool autoescape() const = 0;

  /// A variable of the template's context (Jinja2: `context.resolve`), undefined if there is none.
  virtual Value resolve(const Value& name) = 0;

  /// Undefined values of the configured kind. For a variable: `name`. For a part of `owner`: also `owner`.
  virtual Value undefined(Value name, Value owner = {}) = 0;
  /// With a message of its own.
  virtual Value undefined_hint(std::string hint) = 0;

  /// `owner.name` as Jinja2 does it: the attribute (methods included), else the item; undefined if neither.
  virtual Value get_attribute(const Value& owner, const Value& name) = 0;
  /// `owner[key]` as Jinja2 does it: the item, else (text keys) the attribute; undefined if neither.
  virtual Value get_item(const Value& owner, const Value& key) = 0;

  /// Calls any callable value; raises TypeError "'x' object is not callable", UndefinedError for undefined.
  virtual Value call(const Value& callable, Arguments& arguments) = 0;
  /// By name, for `map('upper')`, `select('odd')`. Raise TemplateRuntimeError if there is none.
  virtual Value call_filter(std::string_view name, const Value& self, Arguments& arguments) = 0;
  virtual bool call_test(std::string_view name, const Value& self, Arguments& arguments) = 0;

  /// Counts work; raises when the limit of steps is reached. Loops of native functions call it once per item.
  virtual void charge(std::size_t steps = 1) = 0;
};

// -- implemented beside this engine's core, one group of files each -----------------------------------

/// All of Jinja2's built-in filters (filters*.cpp).
void register_filters(Registry& registry);
/// All of Jinja2's built-in tests (tests*.cpp).
void register_tests(Registry& registry);
/// range, dict, lipsum, cycler, joiner, namespace (globals*.cpp).
void register_globals(Registry& registry);
/// The plan phase's filters and its global `raise` (plan_filters.cpp); they replace built-in ones of the same
/// name.
void register_plan_filters(Registry& registry);

/// The method `name` of a str, list, tuple, dict, int, float, bool, None; null if there is none
/// (methods*.cpp). Objects bring theirs through `Object::attribute`.
Function find_method(const Value& self, std::string_view name);
/// Data attributes of plain values (`(3).real`, `x.numerator`); missing if there is none.
Value find_data_attribute(const Value& self, std::string_view name);

/// `format % arguments` (format.cpp).
Value percent_format(const Value& format, const Value& arguments);

}  // namespace core::render
