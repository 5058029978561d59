#include "core/render/interpreter.hpp"

#include <algorithm>

#include "core/render/operators.hpp"

namespace core::render {

namespace {

thread_local Interpreter* current_interpreter = nullptr;

// Of the usual 8 MiB; the rest is for what called us and for what does not ask.
constexpr std::ptrdiff_t kStackBytes = 3 << 20;
thread_local const char* stack_base = nullptr;

const char* stack_here() {
  const char here = 0;
  const char* volatile address = &here;
  return address;
}

}  // namespace

StackWatch::StackWatch() : outermost_(stack_base == nullptr) {
  if (outermost_) stack_base = stack_here();
}

StackWatch::~StackWatch() {
  if (outermost_) stack_base = nullptr;
}

bool stack_is_low() { return stack_base && std::abs(stack_base - stack_here()) > kStackBytes; }

std::vector<Place> current_places() {
  std::vector<Place> places;
  if (!current_interpreter) return places;
  for (const Activation* at = current_interpreter->top; at; at = at->caller) {
    places.push_back({at->loaded.code->file, at->line});
  }
  std::reverse(places.begin(), places.end());
  return places;
}

Runtime* Runtime::current() { return current_interpreter; }

// -- contexts --------------------------------------------------------------------------------------------

Context::Context(const Loaded& template_, bool escapes) : autoescape(escapes), loaded(&template_) {
  for (const auto* block : template_.code->blocks) {
    blocks[block->code.name->bytes()].push_back({block, &template_});
  }
}

void Context::clear() noexcept {
  vars = Ref<Dict>();
  layers.clear();
}

const Value* Context::find(const Text& name) const {
  if (!vars) return nullptr;
  if (const Value* value = vars->find(name)) return value;
  for (const auto& layer : layers) {
    Value* value = layer->find(name);
    if (!value) continue;
    if (value->is_object()) value->as_object().settle(*value);
    return value;
  }
  return nullptr;
}

void Context::set(const Name& name, Value value) { vars->set(Value(name), std::move(value)); }

void Context::add_export(const Name& name) {
  const bool known = std::any_of(exports.begin(), exports.end(),
                                 [&](const Name& other) { return other->bytes() == name->bytes(); });
  if (!known) exports.push_back(name);
}

void Context::drop_export(const Name& name) {
  std::erase_if(exports, [&](const Name& other) { return other->bytes() == name->bytes(); });
}

Ref<Context> Context::derive(const Loaded& template_, Ref<Dict> locals, bool escapes) const {
  auto context = make<Context>(template_, escapes);
  if (!locals->empty()) context->layers.push_back(std::move(locals));
  if (!vars->empty()) {
    // A copy: what is set later is not seen there.
    auto copy = make<Dict>();
    for (const auto& entry : vars->entries()) {
      if (!entry.key.is_missing()) copy->set(entry.key, entry.value);
    }
    context->layers.push_back(std::move(copy));
  }
  context->layers.insert(context->layers.end(), layers.begin(), layers.end());
  return context;
}

// -- activations -----------------------------------------------------------------------------------------

Activation::Activation(Interpreter& interpreter, const Loaded& template_, Ref<Context> seen, const Code& code,
                       Ref<Slots> around, std::string& sink, int first_line)
    : run(interpreter),
      loaded(template_),
      context(std::move(seen)),
      scope(make<Slots>(code.slots, std::move(around))),
      slots(scope->values.data()),
      out(&sink),
      line(first_line),
      caller(interpreter.top) {
  if (run.depth >= run.options().limits.depth || stack_is_low()) {
    raise("RecursionError",
          "maximum recursion depth exceeded: more than " + std::to_string(run.depth) +
              " macros, includes, blocks and recursive loops inside each other (limit depth)");
  }
  run.charge();
  ++run.depth;
  run.top = this;
}

Activation::~Activation() {
  --run.depth;
  run.top = caller;
}

void Activation::enter(const Loads& loads) {
  for (const auto& load : loads) {
    Value& slot = slots[load.slot];
    switch (load.kind) {
      case Load::Kind::kParameter:
        break;
      case Load::Kind::kAlias:
        slot = variable(load.source);
        break;
      case Load::Kind::kUndefined:
        slot = Value();
        break;
      case Load::Kind::kResolve: {
        const Value* found = context->find(*load.name);
        slot = found ? *found : Value();
        break;
      }
    }
  }
}

void Activation::leave(const Loads& loads) {
  for (const auto& load : loads) slots[load.slot] = Value();
}

Flow Activation::run_body(const Body& body) {
  for (const auto& statement : body) {
    line = statement->line;
    run.charge();
    const Flow flow = statement->run(*this);
    if (flow != Flow::kNext) return flow;
  }
  return Flow::kNext;
}

// -- the interpreter -------------------------------------------------------------------------------------

Interpreter::Interpreter(const Engine& engine)
    : engine_(engine), outer_(current_interpreter), globals_(make<Dict>()), outer_memory_(memory()) {
  memory().limit = memory().used + engine.options().limits.memory_bytes;
  current_interpreter = this;
  for (const auto& [name, value] : engine.registry().globals) globals_->set(Value(name), value);
}

Interpreter::~Interpreter() {
  current_interpreter = outer_;
  memory().limit = outer_memory_.limit;
}

bool Interpreter::autoescape() const { return top ? top->context->autoescape : options().autoescape; }

Value Interpreter::resolve(const Value& name) {
  const Value* found = top && name.is_string() ? top->context->find(name.as_text()) : nullptr;
  return found ? *found : undefined(name, {});
}

Value Interpreter::undefined(Value name, Value owner) {
  auto info = make<UndefinedInfo>();
  info->kind = options().undefined;
  info->name = std::move(name);
  info->owner = std::move(owner);
  return Value::undefined(info);
}

Value Interpreter::undefined_hint(std::string hint) { return undefined_hint(std::move(hint), Value()); }

Value Interpreter::undefined_hint(std::string hint, Value name) {
  auto info = make<UndefinedInfo>();
  info->kind = options().undefined;
  info->hint = std::move(hint);
  info->name = std::move(name);
  return Value::undefined(info);
}

namespace {

/// The attribute of a value that is not undefined; missing if it has none of that name.
Value attribute_of(Interpreter& run, const Value& owner, const std::string& name) {
  if (owner.is_object()) return owner.as_object().attribute(run, name);
  if (const Function method = find_method(owner, name)) return make<NativeFunction>(name, method, owner);
  return find_data_attribute(owner, name);
}

Value text_item(const Value& owner, std::int64_t index) {
  const Text& text = owner.as_text();
  const auto size = static_cast<std::int64_t>(text.length());
  if (index < 0) index += size;
  if (index < 0 || index >= size) return {};
  const std::size_t at = char_offset(text, static_cast<std::size_t>(index));
  std::string character = text.bytes().substr(at, char_size(text.bytes(), at));
  return owner.is_markup() ? Value::markup(std::move(character)) : Value(std::move(character));
}

Value item_of(Interpreter& run, const Value& owner, const Value& key) {
  switch (owner.kind()) {
    case Kind::kDict: {
      if (key.is_list() || key.is_dict()) return {};
      const Value* found = owner.as_dict().find(key);
      return found ? *found : Value();
    }
    case Kind::kList:
    case Kind::kTuple: {
      if (!key.is_integral()) return {};
      const Values& items = owner.items();
      const auto size = static_cast<std::int64_t>(items.size());
      const std::int64_t index = key.as_int() < 0 ? key.as_int() + size : key.as_int();
      return index >= 0 && index < size ? items[static_cast<std::size_t>(index)] : Value();
    }
    case Kind::kString:
      return key.is_integral() ? text_item(owner, key.as_int()) : Value();
    case Kind::kObject:
      return owner.as_object().item(run, key);
    default:
      return {};
  }
}

}  // namespace

Value Interpreter::get_attribute(const Value& owner, const Value& name) {
  if (owner.is_undefined()) {
    if (owner.as_undefined().kind == UndefinedKind::kChainable) return owner;
    owner.as_undefined().fail();
  }
  Value found = attribute_of(*this, owner, name.as_string());
  if (!found.is_missing()) return found;
  found = item_of(*this, owner, name);
  return found.is_missing() ? undefined(name, owner) : found;
}

Value Interpreter::get_item(const Value& owner, const Value& key) {
  if (owner.is_undefined()) {
    if (owner.as_undefined().kind == UndefinedKind::kChainable) return owner;
    owner.as_undefined().fail();
  }
  Value found = item_of(*this, owner, key);
  if (!found.is_missing()) return found;
  if (key.is_string()) found = attribute_of(*this, owner, key.as_string());
  return found.is_missing() ? undefined(key, owner) : found;
}

Value Interpreter::call(const Value& callable, Arguments& arguments) {
  charge();
  if (callable.is_undefined()) callable.as_undefined().fail();
  if (!callable.is_object()) raise_type_error("'" + type_name(callable) + "' object is not callable");
  return callable.as_object().call(*this, arguments);
}

Value Interpreter::apply(const Callable& callable, const Value& self, Arguments& arguments) {
  if (callable.function) return callable.function(*this, self, arguments);
  arguments.positional.insert(arguments.positional.begin(), self);
  return call(callable.value, arguments);
}

const Callable& Interpreter::named(const std::unordered_map<std::string, Callable>& table, const char* kind,
                                   std::string_view name) const {
  const auto at = table.find(std::string(name));
  if (at != table.end()) return at->second;
  raise("TemplateRuntimeError", no_such(kind, name, table));
}

Value Interpreter::call_filter(std::string_view name, const Value& self, Arguments& arguments) {
  return apply(named(registry().filters, "filter", name), self, arguments);
}

bool Interpreter::call_test(std::string_view name, const Value& self, Arguments& arguments) {
  return truth(apply(named(registry().tests, "test", name), self, arguments));
}

void Interpreter::fail_steps() const {
  raise("RuntimeError", "the template does not come to an end: more than " +
                            std::to_string(options().limits.steps) + " steps (limit steps)");
}

void Interpreter::fail_iterations() const {
  raise("RuntimeError", "the template's loops run more than " + std::to_string(options().limits.iterations) +
                            " times in all (limit iterations)");
}

void Interpreter::fail_output() const {
  raise("MemoryError", "the template prints more than " + std::to_string(options().limits.output_bytes) +
                           " bytes (limit output_bytes)");
}

// -- templates -------------------------------------------------------------------------------------------

const Loaded& Interpreter::load(const Value& name) {
  if (name.is_undefined()) name.as_undefined().fail();
  (void)hash(name);
  const std::string shown = str(name);
  const auto known = by_name_.find(shown);
  if (known != by_name_.end()) return *known->second;
  auto loaded = name.is_string() ? engine_.load(shown) : nullptr;
  if (!loaded) {
    Exception error("TemplateNotFound", shown);
    error.variable = shown;
    throw error;
  }
  return *(by_name_[shown] = &keep(std::move(loaded)));
}

const Loaded& Interpreter::select(const Value& names) {
  if (names.is_string() || names.is_undefined()) return load(names);
  if (!truth(names)) raise("TemplatesNotFound", "the list of templates to choose from is empty");
  std::string tried;
  const IteratorPtr steps = iterate(names);
  for (Value name; steps->next(name);) {
    try {
      return load(name);
    } catch (const Exception& error) {
      if (!error.is("TemplateNotFound") && !error.is("UndefinedError")) throw;
      tried += (tried.empty() ? "" : ", ") + (name.is_undefined() ? error.message : str(name));
    }
  }
  raise("TemplatesNotFound", "there is none of these templates: " + tried);
}

Ref<Context> Interpreter::root_context(const Loaded& loaded, Ref<Dict> variables) const {
  auto context = make<Context>(loaded, options().autoescape);
  context->layers = {std::move(variables), globals_};
  return context;
}

void Interpreter::run_root(const Loaded& loaded, const Ref<Context>& context, std::string& out) {
  const Template& code = *loaded.code;
  Activation at(*this, loaded, context, code.code, {}, out, 1);
  at.parent = make<Parent>();
  if (code.self_slot >= 0) at.slots[code.self_slot] = make<TemplateReference>(context);
  at.enter(code.loads);
  at.run_body(code.body);
  if (at.parent->loaded) run_root(*at.parent->loaded, context, out);
}

void Interpreter::run_block(const std::vector<BlockImpl>& chain, std::size_t at_depth,
                            const Ref<Context>& context, std::string& out) {
  const BlockImpl impl = chain[at_depth];
  const BlockCode& code = impl.block->code;
  Activation at(*this, *impl.owner, context, code, {}, out, code.line);
  if (code.self_slot >= 0) at.slots[code.self_slot] = make<TemplateReference>(context);
  if (code.super_slot >= 0)
    at.slots[code.super_slot] = super_block(*this, code.name->bytes(), context, at_depth + 1);
  at.enter(code.loads);
  at.run_body(code.body);
}

Value Interpreter::module(const Loaded& loaded, const Ref<Context>& context) {
  std::string body;
  run_root(loaded, context, body);
  auto exported = make<Dict>();
  for (const auto& name : context->exports) {
    if (const Value* value = context->vars->find(*name)) exported->set(Value(name), *value);
  }
  return make<TemplateModule>(loaded.code->name, std::move(body), std::move(exported));
}

Value Interpreter::shared_module(const Loaded& loaded) {
  const auto known = modules_.find(&loaded);
  if (known != modules_.end()) return known->second;
  Value made = module(loaded, root_context(loaded, make<Dict>()));
  modules_.emplace(&loaded, made);
  return made;
}

}  // namespace core::render
