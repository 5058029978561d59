// Evaluates expressions.
#include "core/render/interpreter.hpp"
#include "core/render/operators.hpp"

namespace core::render {

void Expr::print(Activation& at, std::string& out) const { append_str(out, eval(at)); }

void ConstExpr::print(Activation& /*at*/, std::string& out) const { append_str(out, value); }

Value NameExpr::eval(Activation& at) const {
  const Value& value = at.variable(variable);
  return value.is_missing() ? at.run.undefined(Value(name), {}) : value;
}

void NameExpr::print(Activation& at, std::string& out) const {
  const Value& value = at.variable(variable);
  if (value.is_missing()) return append_str(out, at.run.undefined(Value(name), {}));
  append_str(out, value);
}

Value NamespaceExpr::eval(Activation& /*at*/) const { return {}; }

Value SequenceExpr::eval(Activation& at) const {
  Values values;
  values.reserve(items.size());
  for (const auto& item : items) values.push_back(item->eval(at));
  return kind == ExprKind::kTuple ? Value::tuple(std::move(values)) : Value::list(std::move(values));
}

Value DictExpr::eval(Activation& at) const {
  auto dict = make<Dict>();
  dict->reserve(items.size());
  for (const auto& [key, value] : items) {
    Value evaluated = key->eval(at);
    dict->set(std::move(evaluated), value->eval(at));
  }
  return dict;
}

const Value* AttributeExpr::find_in_dict(const Value& held) const {
  if (!held.is_dict() || hidden_by_method) return nullptr;
  return held.as_dict().find(*name);
}

Value AttributeExpr::eval(Activation& at) const {
  const Value held = owner->eval(at);
  if (const Value* found = find_in_dict(held)) return *found;
  return at.run.get_attribute(held, Value(name));
}

void AttributeExpr::print(Activation& at, std::string& out) const {
  const Value held = owner->eval(at);
  if (const Value* found = find_in_dict(held)) return append_str(out, *found);
  append_str(out, at.run.get_attribute(held, Value(name)));
}

Value ItemExpr::eval(Activation& at) const {
  const Value held = owner->eval(at);
  return at.run.get_item(held, key->eval(at));
}

Value SliceExpr::eval(Activation& at) const {
  const auto part = [&](const ExprPtr& expr) { return expr ? expr->eval(at) : Value(); };
  const Value held = part(owner);
  const Value first = part(begin);
  const Value last = part(end);
  try {
    return slice(held, first, last, part(step));
  } catch (const Exception& error) {
    if (!constant || !(error.is("TypeError") || error.is("KeyError"))) throw;
    return at.run.undefined(Value("slice"), held);
  }
}

// -- calls -----------------------------------------------------------------------------------------------

namespace {

void add_keywords(const Value& mapping, Arguments& arguments) {
  if (mapping.is_undefined()) mapping.as_undefined().fail();
  if (!mapping.is_dict()) raise_type_error("argument after ** must be a mapping, not " + type_name(mapping));
  for (const auto& entry : mapping.as_dict().entries()) {
    if (entry.key.is_missing()) continue;
    if (!entry.key.is_string()) raise_type_error("keywords must be strings");
    for (const auto& [known, value] : arguments.keyword) {
      if (known->bytes() == entry.key.as_string())
        raise_type_error("got multiple values for keyword argument '" + known->bytes() + "'");
    }
    arguments.keyword.emplace_back(make<Text>(entry.key.as_string()), entry.value);
  }
}

}  // namespace

void CallParts::eval(Activation& at, Arguments& arguments) const {
  arguments.positional.reserve(positional.size());
  for (const auto& part : positional) arguments.positional.push_back(part->eval(at));
  if (star) {
    for (auto& value : to_values(star->eval(at))) arguments.positional.push_back(std::move(value));
  }
  for (const auto& [name, part] : keyword) arguments.keyword.emplace_back(name, part->eval(at));
  if (star_star) add_keywords(star_star->eval(at), arguments);
}

Value CallExpr::call(Activation& at, const Value& caller) const {
  const auto finish = [&](Arguments& arguments) {
    parts.eval(at, arguments);
    if (!caller.is_missing()) arguments.keyword.emplace_back(make<Text>("caller"), caller);
    at.run.charge();
  };
  Arguments arguments;
  const auto* attribute = dynamic_cast<const AttributeExpr*>(callee.get());
  if (!attribute) {
    const Value callable = callee->eval(at);
    finish(arguments);
    return at.run.call(callable, arguments);
  }
  // A method of plain data is called without becoming a value first.
  const Value held = attribute->owner->eval(at);
  const Function method = held.is_object() ? nullptr : find_method(held, attribute->name->bytes());
  if (method) {
    finish(arguments);
    return method(at.run, held, arguments);
  }
  const Value* found = attribute->find_in_dict(held);
  const Value callable = found ? *found : at.run.get_attribute(held, Value(attribute->name));
  finish(arguments);
  return at.run.call(callable, arguments);
}

Value NamedExpr::apply(Activation& at, const Value& self) const {
  const Callable* callable = (kind == ExprKind::kFilter ? at.loaded.filters : at.loaded.tests)[index];
  Arguments arguments;
  parts.eval(at, arguments);
  at.run.charge();
  if (!callable) fail_absent(at, arguments);
  return at.run.apply(*callable, self, arguments);
}

// Only where Jinja2 looks when the place is reached: its stand-in for what is not there takes no keywords.
void NamedExpr::fail_absent(Activation& at, const Arguments& arguments) const {
  const bool filters = kind == ExprKind::kFilter;
  const auto& registry = at.run.registry();
  raise(arguments.keyword.empty() ? "TemplateRuntimeError" : "TypeError",
        no_such(filters ? "filter" : "test", name, filters ? registry.filters : registry.tests));
}

Value NamedExpr::apply_to(Activation& at, const Value& self) const {
  const auto* inner = static_cast<const NamedExpr*>(subject.get());
  return apply(at, inner ? inner->apply_to(at, self) : self);
}

// -- operators -------------------------------------------------------------------------------------------

Value UnaryExpr::eval(Activation& at) const {
  const Value value = operand->eval(at);
  switch (op) {
    case UnaryOp::kNot:
      return !truth(value);
    case UnaryOp::kNegate:
      return negate(value);
    default:
      return plus(value);
  }
}

Value BinaryExpr::eval(Activation& at) const {
  Value first = left->eval(at);
  if (op == BinaryOp::kAnd) return truth(first) ? right->eval(at) : std::move(first);
  if (op == BinaryOp::kOr) return truth(first) ? std::move(first) : right->eval(at);
  const Value second = right->eval(at);
  switch (op) {
    case BinaryOp::kAdd:
      return add(first, second);
    case BinaryOp::kSub:
      return subtract(first, second);
    case BinaryOp::kMul:
      return multiply(first, second);
    case BinaryOp::kDiv:
      return divide(first, second);
    case BinaryOp::kFloorDiv:
      return floor_divide(first, second);
    case BinaryOp::kMod:
      return modulo(first, second);
    default:
      return power(first, second);
  }
}

namespace {

bool holds(CompareOp op, const Value& a, const Value& b) {
  switch (op) {
    case CompareOp::kEqual:
      return equals(a, b);
    case CompareOp::kNotEqual:
      return !equals(a, b);
    case CompareOp::kLess:
      return less(a, b);
    case CompareOp::kLessEqual:
      return less_equal(a, b);
    case CompareOp::kGreater:
      return greater(a, b);
    case CompareOp::kGreaterEqual:
      return greater_equal(a, b);
    case CompareOp::kIn:
      return contains(b, a);
    default:
      return !contains(b, a);
  }
}

}  // namespace

Value CompareExpr::eval(Activation& at) const {
  Value left = first->eval(at);
  for (const auto& [op, operand] : rest) {
    Value right = operand->eval(at);
    if (!holds(op, left, right)) return false;
    left = std::move(right);
  }
  return true;
}

Value ConcatExpr::eval(Activation& at) const {
  Values values;
  values.reserve(parts.size());
  bool markup = false;
  for (const auto& part : parts) {
    values.push_back(part->eval(at));
    markup = markup || values.back().is_markup();
  }
  std::string text;
  // Where only the rendering knows whether output is escaped, Jinja2 joins plain text.
  if (escaping != Escaping::kOn) {
    for (const auto& value : values) append_str(text, value);
    charge_bytes(text.size());
    return text;
  }
  for (const auto& value : values) text += markup ? escape(value).as_string() : str(value);
  charge_bytes(text.size());
  return at.captured(std::move(text), markup);
}

Value ConditionalExpr::eval(Activation& at) const {
  if (truth(test->eval(at))) return then->eval(at);
  if (otherwise) return otherwise->eval(at);
  std::string place = "on line " + std::to_string(line);
  if (const auto& name = at.loaded.code->name; !name.empty()) place += " in " + repr(Value(name));
  return at.run.undefined_hint("the inline if-expression " + place +
                               " evaluated to false and no else section was defined.");
}

}  // namespace core::render
