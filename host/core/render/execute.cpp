// Runs statements.
#include "core/render/interpreter.hpp"
#include "core/render/operators.hpp"

namespace core::render {

namespace {

/// Makes the output of an activation go somewhere else while it lives.
class Capture {
 public:
  Capture(Activation& at, std::string& sink) : at_(at), outer_(at.out) { at.out = &sink; }
  ~Capture() { at_.out = outer_; }
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

 private:
  Activation& at_;
  std::string* outer_;
};

/// Runs a body whose output goes to `text`.
Flow run_captured(Activation& at, const Body& body, std::string& text) {
  const Capture capture(at, text);
  return at.run_body(body);
}

void print_escaped(const Value& value, std::string& out) {
  if (value.is_markup()) {
    out += value.as_string();
  } else if (value.is_number()) {
    append_str(out, value);
  } else {
    out += escape_html(str(value));
  }
}

/// Adds what a filter or call block gives, which has to be text.
void print_text(Activation& at, const Value& value) {
  if (!value.is_string())
    raise_type_error("sequence item 0: expected str instance, " + type_name(value) + " found");
  *at.out += value.as_string();
  at.run.check_output(*at.out);
}

bool hides_output(bool checks_parent, bool dead, const Activation& at) {
  return checks_parent && (dead || (at.parent && at.parent->loaded));
}

bool is_public(const Name& name) { return name->bytes().empty() || name->bytes()[0] != '_'; }

void export_name(Activation& at, const Name& name, const Variable& variable) {
  at.context->set(name, at.variable(variable));
  if (is_public(name)) at.context->add_export(name);
}

/// The local variables that have a value, as a dict.
Ref<Dict> local_values(Activation& at, const Locals& locals) {
  auto values = make<Dict>();
  for (const auto& [name, variable] : locals) {
    const Value& value = at.variable(variable);
    if (!value.is_missing()) values->set(Value(name), value);
  }
  return values;
}

}  // namespace

// -- assignment ------------------------------------------------------------------------------------------

namespace {

void assign_parts(const Target& target, Activation& at, const Value& value) {
  const std::size_t wanted = target.parts.size();
  if (!value.is_tuple() && !value.is_list()) {
    const bool iterable = value.is_string() || value.is_dict() || value.is_undefined() || value.is_object();
    if (!iterable) raise_type_error("cannot unpack non-iterable " + type_name(value) + " object");
  }
  Values items;
  const IteratorPtr steps = iterate(value);
  for (Value item; items.size() <= wanted && steps->next(item);) items.push_back(std::move(item));
  if (items.size() > wanted)
    raise_value_error("too many values to unpack (expected " + std::to_string(wanted) + ")");
  if (items.size() < wanted)
    raise_value_error("not enough values to unpack (expected " + std::to_string(wanted) + ", got " +
                      std::to_string(items.size()) + ")");
  for (std::size_t i = 0; i < wanted; ++i) target.parts[i].assign(at, std::move(items[i]));
}

[[noreturn]] void fail_namespace() {
  raise("TemplateRuntimeError", "cannot assign attribute on non-namespace object");
}

void check_namespaces(const Target& target, Activation& at) {
  if (target.kind == Target::Kind::kAttribute && !at.variable(target.variable).as<Namespace>())
    fail_namespace();
  for (const auto& part : target.parts) check_namespaces(part, at);
}

}  // namespace

void Target::assign(Activation& at, Value value) const {
  switch (kind) {
    case Kind::kName:
      at.variable(variable) = std::move(value);
      return;
    case Kind::kTuple:
      return assign_parts(*this, at, value);
    case Kind::kAttribute:
      break;
  }
  const Value& owner = at.variable(variable);
  if (owner.is_dict()) return owner.as_dict().set(Value(attribute), std::move(value));
  if (owner.is_object() && owner.as_object().set_attribute(at.run, Value(attribute), std::move(value)))
    return;
  const std::string type =
      owner.is_missing() ? type_name(at.run.undefined(Value(name), {})) : type_name(owner);
  raise_type_error("'" + type + "' object does not support item assignment");
}

Flow SetStatement::run(Activation& at) const {
  check_namespaces(target, at);
  if (target.kind == Target::Kind::kName) {
    Value evaluated = value->eval(at);
    at.variable(target.variable) = std::move(evaluated);
  } else {
    target.assign(at, value->eval(at));
  }
  if (exported == Export::kContext) {
    const_cast<Target&>(target).each([&](Target& part) {
      if (part.kind == Target::Kind::kName) export_name(at, part.name, part.variable);
    });
  }
  return Flow::kNext;
}

Flow SetBlockStatement::run(Activation& at) const {
  std::string text;
  at.enter(loads);
  const Flow flow = run_captured(at, body, text);
  if (flow != Flow::kNext) return flow;
  at.line = line;
  const bool markup = at.context->autoescape;
  Value captured = at.captured(std::move(text), at.escapes(escaping));
  if (filter) captured = filter->apply_to(at, captured);
  if (markup && captured.is_string()) captured = Value::markup(captured.as_string());
  target.assign(at, std::move(captured));
  if (exported == Export::kContext && target.kind == Target::Kind::kName)
    export_name(at, target.name, target.variable);
  at.leave(loads);
  return flow;
}

// -- output and branches ---------------------------------------------------------------------------------

Flow OutputStatement::run(Activation& at) const {
  if (hides_output(checks_parent, dead, at)) return Flow::kNext;
  const bool escapes = at.escapes(escaping);
  for (const auto& piece : pieces) {
    if (!piece.expr) {
      *at.out += piece.text;
      continue;
    }
    at.line = piece.expr->line;
    if (escapes) {
      print_escaped(piece.expr->eval(at), *at.out);
    } else {
      piece.expr->print(at, *at.out);
    }
    at.run.charge();
  }
  at.run.check_output(*at.out);
  return Flow::kNext;
}

Flow IfStatement::run(Activation& at) const {
  for (const auto& branch : branches) {
    at.line = branch.line;
    if (truth(branch.test->eval(at))) return at.run_body(branch.body);
  }
  return at.run_body(otherwise);
}

Flow DoStatement::run(Activation& at) const {
  value->eval(at);
  return Flow::kNext;
}

// -- scopes ----------------------------------------------------------------------------------------------

Flow WithStatement::run(Activation& at) const {
  at.enter(loads);
  for (std::size_t i = 0; i < targets.size(); ++i) targets[i].assign(at, values[i]->eval(at));
  const Flow flow = at.run_body(body);
  at.leave(loads);
  return flow;
}

Flow FilterBlockStatement::run(Activation& at) const {
  std::string text;
  at.enter(loads);
  const Flow flow = run_captured(at, body, text);
  if (flow != Flow::kNext) return flow;
  at.line = line;
  print_text(at, filter->apply_to(at, at.captured(std::move(text), at.escapes(escaping))));
  at.leave(loads);
  return flow;
}

Flow AutoescapeStatement::run(Activation& at) const {
  at.enter(loads);
  const bool before = at.context->autoescape;
  at.context->autoescape = truth(value->eval(at));
  const Flow flow = at.run_body(body);
  at.context->autoescape = before;
  at.leave(loads);
  return flow;
}

// -- macros ----------------------------------------------------------------------------------------------

Flow MacroStatement::run(Activation& at) const {
  Value made = make<Macro>(macro, at);
  at.variable(variable) = std::move(made);
  if (exported == Export::kContext) export_name(at, macro.name, variable);
  return Flow::kNext;
}

Flow CallBlockStatement::run(Activation& at) const {
  const Value caller = make<Macro>(macro, at);
  print_text(at, call->call(at, caller));
  return Flow::kNext;
}

// -- other templates -------------------------------------------------------------------------------------

Flow IncludeStatement::run(Activation& at) const {
  const Value wanted = name->eval(at);
  const Loaded* found = nullptr;
  try {
    found =
        name->kind == ExprKind::kConst && wanted.is_string() ? &at.run.load(wanted) : &at.run.select(wanted);
  } catch (const Exception& error) {
    if (!ignore_missing || !error.is("TemplateNotFound")) throw;
    return Flow::kNext;
  }
  if (!with_context) {
    *at.out += at.run.shared_module(*found).as<TemplateModule>()->body();
    return Flow::kNext;
  }
  const auto context = at.context->derive(*found, local_values(at, locals), at.run.options().autoescape);
  at.run.run_root(*found, context, *at.out);
  return Flow::kNext;
}

namespace {

Value import_module(Activation& at, const Expr& name, bool with_context, const Locals& locals) {
  const Loaded& found = at.run.load(name.eval(at));
  if (!with_context) return at.run.shared_module(found);
  return at.run.module(found,
                       at.context->derive(found, local_values(at, locals), at.run.options().autoescape));
}

void import_name(Activation& at, const Target& target, Value value, Export exported) {
  at.variable(target.variable) = std::move(value);
  if (exported != Export::kContext) return;
  at.context->set(target.name, at.variable(target.variable));
  if (is_public(target.name)) at.context->drop_export(target.name);
}

}  // namespace

Flow ImportStatement::run(Activation& at) const {
  import_name(at, target, import_module(at, *name, with_context, locals), exported);
  return Flow::kNext;
}

Flow FromImportStatement::run(Activation& at) const {
  const Value module = import_module(at, *name, with_context, locals);
  const auto& imported = *module.as<TemplateModule>();
  for (const auto& [wanted, target] : names) {
    Value value = module.as_object().attribute(at.run, wanted->bytes());
    if (value.is_missing()) {
      std::string place = "line " + std::to_string(line);
      if (const auto& own = at.loaded.code->name; !own.empty()) place += " in " + repr(Value(own));
      value = at.run.undefined_hint("the template " + repr(Value(imported.name())) + " (imported on " +
                                        place + ") does not export the requested name " + repr(Value(wanted)),
                                    Value(wanted));
    }
    import_name(at, target, std::move(value), exported);
  }
  return Flow::kNext;
}

Flow ExtendsStatement::run(Activation& at) const {
  if (repeated && at.parent && at.parent->loaded) raise("TemplateRuntimeError", "extended multiple times");
  const Loaded& found = at.run.load(name->eval(at));
  at.parent->loaded = &found;
  for (const auto* block : found.code->blocks) {
    at.context->blocks[block->code.name->bytes()].push_back({block, &found});
  }
  return Flow::kNext;
}

Flow BlockStatement::run(Activation& at) const {
  if (hides_output(checks_parent, dead, at)) return Flow::kNext;
  const std::string& shown = code.name->bytes();
  const Ref<Context> context =
      scoped ? at.context->derive(*at.context->loaded, local_values(at, locals), at.context->autoescape)
             : at.context;
  if (scoped) context->blocks = at.context->blocks;
  const auto& chain = context->blocks[shown];
  if (required && chain.size() <= 1)
    raise("TemplateRuntimeError", "Required block " + repr(Value(shown)) + " not found");
  at.run.run_block(chain, 0, context, *at.out);
  return Flow::kNext;
}

}  // namespace core::render
