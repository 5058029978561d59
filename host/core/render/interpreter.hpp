// One rendering at work: contexts, scopes, running functions.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/render/engine.hpp"
#include "core/render/runtime_state.hpp"

namespace core::render {

class Interpreter;

/// The variables of one run of some code. Macros keep the scope in which they were defined.
class Slots final : public Tracked {
 public:
  Slots(int count, Ref<Slots> around) : values(static_cast<std::size_t>(count)), outer(std::move(around)) {}
  void clear() noexcept override {
    for (auto& value : values) value = Value();
    outer = Ref<Slots>();
  }
  std::vector<Value> values;
  Ref<Slots> outer;
};

/// A block of some template in the chain of `extends`.
struct BlockImpl {
  const BlockStatement* block;
  const Loaded* owner;
};

/// What a template sees from outside and shows to others (Jinja2's Context).
class Context final : public Tracked {
 public:
  explicit Context(const Loaded& loaded, bool escapes);
  void clear() noexcept override;

  /// Null if there is no such variable.
  const Value* find(const Text& name) const;
  /// Sets a variable of the template's top level.
  void set(const Name& name, Value value);
  void add_export(const Name& name);
  void drop_export(const Name& name);
  /// A context for another template that sees all this one sees, and `locals` over it.
  Ref<Context> derive(const Loaded& loaded, Ref<Dict> locals, bool escapes) const;

  Ref<Dict> vars = make<Dict>();
  /// Searched in order behind `vars`.
  std::vector<Ref<Dict>> layers;
  std::vector<Name> exports;
  std::unordered_map<std::string, std::vector<BlockImpl>> blocks;
  bool autoescape;
  const Loaded* loaded;
};

/// Which template the running one has extended so far.
class Parent final : public Counted {
 public:
  const Loaded* loaded = nullptr;
};

/// One run of a template's body, a block, a macro or a recursive loop.
struct Activation {
  Activation(Interpreter& interpreter, const Loaded& template_, Ref<Context> seen, const Code& code,
             Ref<Slots> around, std::string& sink, int first_line);
  ~Activation();
  Activation(const Activation&) = delete;
  Activation& operator=(const Activation&) = delete;

  Value& variable(const Variable& where) {
    if (where.depth == 0) return slots[where.slot];
    Slots* at = scope.get();
    for (int i = 0; i < where.depth; ++i) at = at->outer.get();
    return at->values[static_cast<std::size_t>(where.slot)];
  }
  /// Fills the slots of a scope that is entered.
  void enter(const Loads& loads);
  /// Empties them again, so that macros that outlive the scope do not see them.
  void leave(const Loads& loads);
  Flow run_body(const Body& body);
  bool escapes(Escaping escaping) const {
    return escaping == Escaping::kOn || (escaping == Escaping::kVolatile && context->autoescape);
  }
  /// `text` as a value: markup where output is escaped.
  Value captured(std::string text, bool markup) const {
    return markup ? Value::markup(std::move(text)) : Value(std::move(text));
  }

  Interpreter& run;
  const Loaded& loaded;
  Ref<Context> context;
  Ref<Slots> scope;
  Value* slots;
  std::string* out;
  Ref<Parent> parent;
  const BlockImpl* block = nullptr;
  int line;
  Activation* const caller;
};

class Interpreter final : public Runtime {
 public:
  explicit Interpreter(const Engine& engine);
  ~Interpreter() override;

  const Options& options() const override { return engine_.options(); }
  const Registry& registry() const override { return engine_.registry(); }
  bool autoescape() const override;
  Value resolve(const Value& name) override;
  Value undefined(Value name, Value owner) override;
  Value undefined_hint(std::string hint) override;
  /// With a name as well.
  Value undefined_hint(std::string hint, Value name);
  Value get_attribute(const Value& owner, const Value& name) override;
  Value get_item(const Value& owner, const Value& key) override;
  Value call(const Value& callable, Arguments& arguments) override;
  Value call_filter(std::string_view name, const Value& self, Arguments& arguments) override;
  bool call_test(std::string_view name, const Value& self, Arguments& arguments) override;
  void charge(std::size_t steps = 1) override {
    steps_ += steps;
    if (steps_ > options().limits.steps) fail_steps();
  }
  void charge_iteration() {
    if (++iterations_ > options().limits.iterations) fail_iterations();
  }
  void check_output(const std::string& out) const {
    if (out.size() > options().limits.output_bytes) fail_output();
  }
  Value apply(const Callable& callable, const Value& self, Arguments& arguments);

  /// The template; raises TemplateNotFound.
  const Loaded& load(const Value& name);
  /// The first that exists of a name or list of names; raises TemplatesNotFound.
  const Loaded& select(const Value& names);
  /// Runs the body of a template, and of those that it extends.
  void run_root(const Loaded& loaded, const Ref<Context>& context, std::string& out);
  void run_block(const std::vector<BlockImpl>& chain, std::size_t depth, const Ref<Context>& context,
                 std::string& out);
  Ref<Context> root_context(const Loaded& loaded, Ref<Dict> variables) const;
  /// The template as a value whose attributes are what it exports. Without a context it is made once.
  Value module(const Loaded& loaded, const Ref<Context>& context);
  Value shared_module(const Loaded& loaded);
  /// Keeps a template until this rendering ends.
  const Loaded& keep(std::shared_ptr<const Loaded> loaded) {
    kept_.push_back(std::move(loaded));
    return *kept_.back();
  }

  Activation* top = nullptr;
  std::size_t depth = 0;

 private:
  friend std::vector<Place> current_places();
  [[noreturn]] void fail_steps() const;
  [[noreturn]] void fail_iterations() const;
  [[noreturn]] void fail_output() const;
  const Callable& named(const std::unordered_map<std::string, Callable>& table, const char* kind,
                        std::string_view name) const;

  const Engine& engine_;
  Interpreter* outer_;
  Ref<Dict> globals_;
  std::vector<std::shared_ptr<const Loaded>> kept_;
  std::unordered_map<std::string, const Loaded*> by_name_;
  std::unordered_map<const Loaded*, Value> modules_;
  std::size_t steps_ = 0, iterations_ = 0;
  Memory outer_memory_;
};

/// A macro, or the body of a `call` block.
class Macro final : public Object {
 public:
  Macro(const MacroCode& code_given, const Activation& at);
  void clear() noexcept override;
  std::string type_name() const override { return "Macro"; }
  Value attribute(Runtime& runtime, std::string_view name) override;
  bool is_callable() const override { return true; }
  Value call(Runtime& runtime, Arguments& arguments) override;
  std::string repr() const override;

 private:
  /// The values of the parameters, and behind them those of caller, kwargs and varargs.
  Values bind(Interpreter& run, Arguments& arguments) const;
  bool bind_named(Values& bound, Arguments& arguments) const;
  void fill_defaults(Activation& at, Values& bound) const;
  std::string shown_name() const;

  const MacroCode& code_;
  const Loaded& loaded_;
  Ref<Context> context_;
  Ref<Slots> scope_;
};

/// `loop`.
class LoopContext final : public Object {
 public:
  LoopContext(const ForStatement& statement_given, Value iterated, IteratorPtr steps, const Activation& at,
              int depth0_given);
  /// The loop is over: what is left of the iterable is out of reach.
  void finish() { steps_.reset(); }
  void clear() noexcept override;
  std::string type_name() const override { return "LoopContext"; }
  Value attribute(Runtime& runtime, std::string_view name) override;
  bool is_callable() const override { return true; }
  Value call(Runtime& runtime, Arguments& arguments) override;
  std::optional<std::size_t> length() override;
  bool truth() override { return length() != std::size_t{0}; }
  std::string repr() const override;

  /// Steps on; false at the end.
  bool next(Value& out);

 private:
  Value number_attribute(std::string_view name);
  static Value cycle(Runtime& runtime, const Value& self, Arguments& arguments);
  static Value changed(Runtime& runtime, const Value& self, Arguments& arguments);
  bool peek();

  const ForStatement& statement_;
  Value iterable_;
  IteratorPtr steps_;
  const Loaded& loaded_;
  Ref<Context> context_;
  Ref<Slots> around_;
  Ref<Parent> parent_;
  int depth0_;
  std::int64_t index0_ = -1;
  std::optional<std::size_t> length_;
  Value before_, current_, after_, last_changed_;
  bool has_changed_ = false;
};

/// What `self` is: its attributes are blocks.
class TemplateReference final : public Object {
 public:
  explicit TemplateReference(Ref<Context> context) : context_(std::move(context)) {}
  void clear() noexcept override { context_ = Ref<Context>(); }
  std::string type_name() const override { return "TemplateReference"; }
  Value item(Runtime& runtime, const Value& key) override;
  std::string repr() const override;

 private:
  Ref<Context> context_;
};

/// A block that can be called: `super`, `self.title`.
class BlockReference final : public Object {
 public:
  BlockReference(std::string name, Ref<Context> context, std::size_t depth)
      : name_(std::move(name)), context_(std::move(context)), depth_(depth) {}
  void clear() noexcept override { context_ = Ref<Context>(); }
  std::string type_name() const override { return "BlockReference"; }
  Value attribute(Runtime& runtime, std::string_view name) override;
  bool is_callable() const override { return true; }
  Value call(Runtime& runtime, Arguments& arguments) override;

 private:
  std::string name_;
  Ref<Context> context_;
  std::size_t depth_;
};

/// Undefined if `context` has no block `name` that deep.
Value super_block(Interpreter& run, const std::string& name, const Ref<Context>& context, std::size_t depth);

/// An imported template.
class TemplateModule final : public Object {
 public:
  TemplateModule(std::string name, std::string body, Ref<Dict> exported)
      : name_(std::move(name)), body_(std::move(body)), exported_(std::move(exported)) {}
  void clear() noexcept override { exported_ = Ref<Dict>(); }
  std::string type_name() const override { return "TemplateModule"; }
  Value attribute(Runtime& runtime, std::string_view name) override;
  std::string str() const override { return body_; }
  std::string repr() const override { return "<TemplateModule " + render::repr(Value(name_)) + ">"; }
  bool truth() override { return true; }
  const std::string& body() const { return body_; }
  const std::string& name() const { return name_; }

 private:
  std::string name_, body_;
  Ref<Dict> exported_;
};

}  // namespace core::render
