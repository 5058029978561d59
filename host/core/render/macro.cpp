// Macros and the bodies of `call` blocks.
#include "core/render/interpreter.hpp"
#include "core/render/operators.hpp"

namespace core::render {

Macro::Macro(const MacroCode& code_given, const Activation& at)
    : code_(code_given), loaded_(at.loaded), context_(at.context), scope_(at.scope) {}

void Macro::clear() noexcept {
  context_ = Ref<Context>();
  scope_ = Ref<Slots>();
}

std::string Macro::shown_name() const { return code_.name ? render::repr(Value(code_.name)) : "None"; }

std::string Macro::repr() const {
  return code_.name ? "<Macro " + render::repr(Value(code_.name)) + ">" : "<Macro anonymous>";
}

Value Macro::attribute(Runtime& /*runtime*/, std::string_view name) {
  if (name == "name") return code_.name ? Value(code_.name) : Value::none();
  if (name == "arguments") {
    Values names;
    for (const auto& parameter : code_.parameters) names.emplace_back(parameter.name);
    return Value::tuple(std::move(names));
  }
  if (name == "catch_kwargs") return code_.kwargs_slot >= 0;
  if (name == "catch_varargs") return code_.varargs_slot >= 0;
  if (name == "caller") return code_.uses_caller;
  if (name == "explicit_caller") return code_.explicit_caller;
  return {};
}

/// Fills the parameters; returns whether `caller` was one of those that were filled by name.
bool Macro::bind_named(Values& bound, Arguments& arguments) const {
  const std::size_t count = code_.parameters.size();
  const std::size_t given = std::min(arguments.positional.size(), count);
  for (std::size_t i = 0; i < given; ++i) bound[i] = arguments.positional[i];
  if (given == count) return code_.explicit_caller;
  bool found_caller = false;
  for (std::size_t i = given; i < count; ++i) {
    bound[i] = arguments.take(code_.parameters[i].name->bytes());
    found_caller = found_caller || code_.parameters[i].name->bytes() == "caller";
  }
  return found_caller;
}

Values Macro::bind(Interpreter& run, Arguments& arguments) const {
  const std::size_t count = code_.parameters.size();
  Values bound(count + 3);
  const bool found_caller = bind_named(bound, arguments);
  if (code_.uses_caller && !found_caller) {
    Value caller = arguments.take("caller");
    if (caller.is_missing() || caller.is_none())
      caller = run.undefined_hint("No caller defined", Value("caller"));
    bound[count] = std::move(caller);
  }
  if (code_.kwargs_slot >= 0) {
    bound[count + 1] = Value::dict();
    for (auto& [name, value] : arguments.keyword) bound[count + 1].as_dict().set(Value(name), value);
  } else if (!arguments.keyword.empty()) {
    for (const auto& entry : arguments.keyword) {
      if (entry.first->bytes() == "caller")
        raise_type_error(
            "macro " + shown_name() +
            " was invoked with two values for the special caller argument. This is most likely a bug.");
    }
    raise_type_error("macro " + shown_name() + " takes no keyword argument " +
                     render::repr(Value(arguments.keyword.front().first)));
  }
  const auto& positional = arguments.positional;
  if (code_.varargs_slot >= 0) {
    const auto first = positional.begin() + static_cast<std::ptrdiff_t>(std::min(count, positional.size()));
    bound[count + 2] = Value::tuple(Values(first, positional.end()));
  } else if (positional.size() > count) {
    raise_type_error("macro " + shown_name() + " takes not more than " + std::to_string(count) +
                     " argument(s)");
  }
  return bound;
}

void Macro::fill_defaults(Activation& at, Values& bound) const {
  const std::size_t count = code_.parameters.size();
  const int special[] = {code_.caller_slot, code_.kwargs_slot, code_.varargs_slot};
  for (std::size_t i = 0; i < 3; ++i) {
    if (special[i] >= 0) at.slots[special[i]] = std::move(bound[count + i]);
  }
  for (std::size_t i = 0; i < count; ++i) at.slots[code_.parameters[i].variable.slot] = std::move(bound[i]);
  at.enter(code_.loads);
  for (const auto& parameter : code_.parameters) {
    Value& slot = at.slots[parameter.variable.slot];
    if (!slot.is_missing()) continue;
    Value value =
        parameter.fallback
            ? parameter.fallback->eval(at)
            : at.run.undefined_hint("parameter " + render::repr(Value(parameter.name)) + " was not provided",
                                    Value(parameter.name));
    slot = std::move(value);
  }
}

Value Macro::call(Runtime& runtime, Arguments& arguments) {
  auto& run = static_cast<Interpreter&>(runtime);
  if (!context_) raise("RuntimeError", "a macro of a rendering that is over was called");
  const Ref<Macro> alive(this);
  const bool markup = run.autoescape();
  Values bound = bind(run, arguments);
  std::string text;
  {
    Activation at(run, loaded_, context_, code_, scope_, text, code_.line);
    fill_defaults(at, bound);
    at.run_body(code_.body);
  }
  charge_bytes(text.size());
  return markup ? Value::markup(std::move(text)) : Value(std::move(text));
}

}  // namespace core::render
