// `for` and its `loop` variable.
#include <algorithm>

#include "core/render/interpreter.hpp"
#include "core/render/operators.hpp"

namespace core::render {

namespace {

/// The items for which the loop's `if` holds.
class FilteredSteps final : public Iterator {
 public:
  FilteredSteps(const ForStatement& loop, Activation& at, IteratorPtr steps)
      : loop_(loop), at_(at), steps_(std::move(steps)) {}

  bool next(Value& out) override {
    if (!entered_) at_.enter(loop_.test_loads);
    entered_ = true;
    const int line = at_.line;
    while (steps_->next(out)) {
      at_.run.charge_iteration();
      at_.line = loop_.test->line;
      loop_.test_target.assign(at_, out);
      const bool wanted = truth(loop_.test->eval(at_));
      at_.line = line;
      if (wanted) return true;
    }
    return false;
  }

 private:
  const ForStatement& loop_;
  Activation& at_;
  IteratorPtr steps_;
  bool entered_ = false;
};

class TakenSteps final : public Iterator {
 public:
  explicit TakenSteps(Values values) : values_(std::move(values)) {}
  bool next(Value& out) override {
    if (at_ >= values_.size()) return false;
    out = values_[at_++];
    return true;
  }

 private:
  Values values_;
  std::size_t at_ = 0;
};

/// Ends a loop object when its loop ends, however that happens.
class Ending {
 public:
  explicit Ending(Ref<LoopContext> loop) : loop_(std::move(loop)) {}
  ~Ending() {
    if (loop_) loop_->finish();
  }
  Ending(const Ending&) = delete;
  Ending& operator=(const Ending&) = delete;

 private:
  Ref<LoopContext> loop_;
};

/// One round; `whole` becomes false unless the body ran to its end.
Flow run_round(const ForStatement& loop, Activation& at, Value item, bool& empty) {
  at.run.charge_iteration();
  if (loop.target.kind == Target::Kind::kName) {
    at.slots[loop.target.variable.slot] = std::move(item);
  } else {
    loop.target.assign(at, std::move(item));
  }
  at.enter(loop.loads);
  const Flow flow = at.run_body(loop.body);
  if (flow == Flow::kNext) empty = false;
  at.line = loop.line;
  return flow;
}

/// Returns whether no round ran to its end, which is when `else` is taken.
bool run_rounds(const ForStatement& loop, Activation& at, const Value& iterable, int depth0) {
  IteratorPtr steps = iterate(iterable);
  if (loop.test) steps = std::make_unique<FilteredSteps>(loop, at, std::move(steps));
  bool empty = true;
  Value item;
  if (!loop.extended) {
    while (steps->next(item)) {
      if (run_round(loop, at, std::move(item), empty) == Flow::kBreak) break;
    }
    return empty;
  }
  const auto variable = make<LoopContext>(loop, iterable, std::move(steps), at, depth0);
  const Ending ending(variable);
  while (variable->next(item)) {
    at.slots[loop.loop.slot] = variable;
    if (run_round(loop, at, std::move(item), empty) == Flow::kBreak) break;
  }
  return empty;
}

Flow run_loop(const ForStatement& loop, Activation& at, const Value& iterable, int depth0) {
  const bool empty = run_rounds(loop, at, iterable, depth0);
  at.leave(loop.loads);
  if (!empty || loop.otherwise.empty()) return Flow::kNext;
  at.enter(loop.else_loads);
  const Flow flow = at.run_body(loop.otherwise);
  at.leave(loop.else_loads);
  return flow;
}

}  // namespace

Flow ForStatement::run(Activation& at) const {
  const Value items = iterable->eval(at);
  if (!recursive) return run_loop(*this, at, items, 0);
  std::string text;
  {
    Activation inside(at.run, at.loaded, at.context, code, at.scope, text, line);
    inside.parent = at.parent;
    run_loop(*this, inside, items, 0);
  }
  *at.out += text;
  at.run.check_output(*at.out);
  return Flow::kNext;
}

// -- loop ------------------------------------------------------------------------------------------------

LoopContext::LoopContext(const ForStatement& statement_given, Value iterated, IteratorPtr steps,
                         const Activation& at, int depth0_given)
    : statement_(statement_given),
      iterable_(std::move(iterated)),
      steps_(std::move(steps)),
      loaded_(at.loaded),
      context_(at.context),
      around_(statement_given.recursive ? at.scope->outer : Ref<Slots>()),
      parent_(at.parent),
      depth0_(depth0_given) {}

void LoopContext::clear() noexcept {
  steps_.reset();
  iterable_ = before_ = current_ = after_ = last_changed_ = Value();
  context_ = Ref<Context>();
  around_ = Ref<Slots>();
}

bool LoopContext::next(Value& out) {
  Value value;
  if (!after_.is_missing()) {
    value = std::exchange(after_, Value());
  } else if (!steps_ || !steps_->next(value)) {
    return false;
  }
  ++index0_;
  before_ = std::exchange(current_, value);
  out = std::move(value);
  return true;
}

bool LoopContext::peek() {
  if (!after_.is_missing()) return true;
  Value value;
  if (!steps_ || !steps_->next(value)) return false;
  after_ = std::move(value);
  return true;
}

std::optional<std::size_t> LoopContext::length() {
  if (length_) return length_;
  const bool sized = !statement_.test && (!iterable_.is_object() || iterable_.as_object().length());
  if (sized) {
    length_ = render::length(iterable_);
    return length_;
  }
  Values rest;
  for (Value value; steps_ && steps_->next(value);) rest.push_back(std::move(value));
  length_ = rest.size() + static_cast<std::size_t>(index0_ + 1) + (after_.is_missing() ? 0 : 1);
  steps_ = std::make_unique<TakenSteps>(std::move(rest));
  return length_;
}

std::string LoopContext::repr() const {
  const auto size = const_cast<LoopContext*>(this)->length().value_or(0);
  return "<LoopContext " + std::to_string(index0_ + 1) + "/" + std::to_string(size) + ">";
}

Value LoopContext::number_attribute(std::string_view name) {
  if (name == "index") return index0_ + 1;
  if (name == "index0") return index0_;
  if (name == "depth") return depth0_ + 1;
  if (name == "depth0") return depth0_;
  if (name != "length" && name != "revindex" && name != "revindex0") return {};
  const auto size = static_cast<std::int64_t>(*length());
  if (name == "length") return size;
  return name == "revindex" ? size - index0_ : size - index0_ - 1;
}

Value LoopContext::attribute(Runtime& runtime, std::string_view name) {
  if (name == "first") return index0_ == 0;
  if (name == "last") return !peek();
  if (name == "previtem") return index0_ == 0 ? runtime.undefined_hint("there is no previous item") : before_;
  if (name == "nextitem") return peek() ? after_ : runtime.undefined_hint("there is no next item");
  if (name == "cycle") return make<NativeFunction>("cycle", cycle, Value(Ref<LoopContext>(this)));
  if (name == "changed") return make<NativeFunction>("changed", changed, Value(Ref<LoopContext>(this)));
  return number_attribute(name);
}

Value LoopContext::cycle(Runtime& /*runtime*/, const Value& self, Arguments& arguments) {
  if (arguments.positional.empty()) raise_type_error("no items for cycling given");
  const auto index = static_cast<std::size_t>(self.as<LoopContext>()->index0_);
  return arguments.positional[index % arguments.positional.size()];
}

Value LoopContext::changed(Runtime& /*runtime*/, const Value& self, Arguments& arguments) {
  auto& loop = *self.as<LoopContext>();
  Value now = Value::tuple(arguments.positional);
  if (loop.has_changed_ && render::equals(loop.last_changed_, now)) return false;
  loop.last_changed_ = std::move(now);
  loop.has_changed_ = true;
  return true;
}

Value LoopContext::call(Runtime& runtime, Arguments& arguments) {
  const Values bound = bind_arguments(arguments, "LoopContext.__call__", 1, {{"iterable", true}});
  if (!statement_.recursive)
    raise_type_error("The loop must have the 'recursive' marker to be called recursively.");
  auto& run = static_cast<Interpreter&>(runtime);
  if (!context_) raise("RuntimeError", "the loop of a rendering that is over was called");
  const Ref<LoopContext> alive(this);
  std::string text;
  {
    Activation inside(run, loaded_, context_, statement_.code, around_, text, statement_.line);
    inside.parent = parent_;
    run_loop(statement_, inside, bound[0], depth0_ + 1);
  }
  charge_bytes(text.size());
  return run.autoescape() ? Value::markup(std::move(text)) : Value(std::move(text));
}

}  // namespace core::render
