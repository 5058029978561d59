// The second pass over a template: gives every name its variable, every scope its loads, and finds what only
// shows in the whole.
#include <algorithm>

#include "core/render/names.hpp"
#include "core/render/parser.hpp"
#include "core/render/symbols.hpp"

namespace core::render {

namespace {

/// What is known at one place of the template.
struct Frame {
  Symbols* symbols;
  bool toplevel = false;       // assignments become visible in the context
  bool rootlevel = false;      // and no branch stands around it
  bool soft = false;           // inside a branch: unknown filters only matter when it is taken
  bool checks_parent = false;  // prints nothing once the template extends another
  bool in_loop = false;
  Escaping escaping = Escaping::kOff;

  Frame inner(Symbols& inside) const {
    Frame frame = *this;
    frame.symbols = &inside;
    frame.toplevel = frame.rootlevel = frame.soft = false;
    return frame;
  }
  Frame branch() const {
    Frame frame = *this;
    frame.rootlevel = false;
    frame.soft = true;
    return frame;
  }
};

class Resolver {
 public:
  Resolver(Template& out, const Options& options) : out_(out), options_(options) {}

  void run() {
    collect_blocks();
    resolve_root();
    for (auto* block : out_.blocks) resolve_block_code(*block);
  }

 private:
  [[noreturn]] void fail(const std::string& message, int line,
                         const char* type = "TemplateAssertionError") const {
    fail_at(type, out_.file, line, message);
  }

  Escaping base_escaping() const { return options_.autoescape ? Escaping::kOn : Escaping::kOff; }
  static Name word(const char* text) { return make<Text>(std::string(text)); }

  void collect_blocks() {
    NameWalk walk;
    walk.into_blocks = true;
    walk.name = [](const Text&, bool, int) {};
    walk.block = [this](BlockStatement& block) {
      for (const auto* other : out_.blocks) {
        if (other->code.name->bytes() == block.code.name->bytes())
          fail("block '" + block.code.name->bytes() + "' defined twice", block.code.line);
      }
      out_.blocks.push_back(&block);
    };
    walk.walk(out_.body);
  }

  void resolve_root() {
    Symbols symbols(nullptr, out_.code, 0);
    Frame frame{&symbols};
    frame.escaping = base_escaping();
    if (!undeclared(out_.body, {"self"}).empty()) out_.self_slot = symbols.declare_parameter(word("self"));
    symbols.analyse(out_.body);
    frame.toplevel = frame.rootlevel = true;
    frame.checks_parent = out_.extends;
    resolve(out_.body, frame);
    out_.loads = symbols.loads();
  }

  void resolve_block_code(BlockStatement& block) {
    Symbols symbols(nullptr, block.code, 0);
    Frame frame{&symbols};
    frame.escaping = base_escaping();
    const auto special = undeclared(block.code.body, {"self", "super"});
    if (special.count("self")) block.code.self_slot = symbols.declare_parameter(word("self"));
    if (special.count("super")) block.code.super_slot = symbols.declare_parameter(word("super"));
    symbols.analyse(block.code.body);
    resolve(block.code.body, frame);
    block.code.loads = symbols.loads();
  }

  // -- expressions -----------------------------------------------------------------------------------

  void resolve(Expr& expr, const Frame& frame) {
    switch (expr.kind) {
      case ExprKind::kName: {
        auto& name = static_cast<NameExpr&>(expr);
        name.variable = frame.symbols->ref(name.name);
        return;
      }
      case ExprKind::kFilter:
      case ExprKind::kTest:
        note_use(static_cast<NamedExpr&>(expr), frame);
        break;
      case ExprKind::kConcat:
        static_cast<ConcatExpr&>(expr).escaping = frame.escaping;
        break;
      case ExprKind::kConditional: {
        const Frame soft = frame.branch();
        return expr.children([&](Expr& child) { resolve(child, soft); });
      }
      case ExprKind::kPlain:
        check_slice(expr);
        break;
      default:
        break;
    }
    expr.children([&](Expr& child) { resolve(child, frame); });
  }

  void check_slice(const Expr& expr) {
    const auto* slice = dynamic_cast<const SliceExpr*>(&expr);
    if (slice && !slice->owner) out_.refuse_late("a slice stands where it slices nothing", slice->line);
  }

  void note_use(NamedExpr& use, const Frame& frame) {
    auto& table = use.kind == ExprKind::kFilter ? out_.filters : out_.tests;
    auto at = std::find_if(table.begin(), table.end(),
                           [&](const UsedName& known) { return known.name == use.name; });
    if (at == table.end()) at = table.insert(at, {use.name, use.line, false});
    use.index = static_cast<std::size_t>(at - table.begin());
    if (frame.soft || at->needed) return;
    at->needed = true;
    at->line = use.line;
  }

  void resolve(Target& target, const Symbols& symbols) {
    target.each([&](Target& part) { part.variable = symbols.ref(part.name); });
  }

  // -- statements ------------------------------------------------------------------------------------

  void resolve(Body& body, const Frame& frame) {
    for (auto& statement : body) resolve(*statement, frame);
  }

  void resolve(Statement& statement, const Frame& frame) {
    switch (statement.kind) {
      case StatementKind::kOutput:
        return resolve_output(static_cast<OutputStatement&>(statement), frame);
      case StatementKind::kIf:
        return resolve_if(static_cast<IfStatement&>(statement), frame);
      case StatementKind::kFor:
        return resolve_for(static_cast<ForStatement&>(statement), frame);
      case StatementKind::kMacro:
        return resolve_macro(static_cast<MacroStatement&>(statement), frame);
      case StatementKind::kCallBlock:
        return resolve_call(static_cast<CallBlockStatement&>(statement), frame);
      case StatementKind::kFilterBlock:
        return resolve_filter(static_cast<FilterBlockStatement&>(statement), frame);
      case StatementKind::kWith:
        return resolve_with(static_cast<WithStatement&>(statement), frame);
      case StatementKind::kSet:
        return resolve_set(static_cast<SetStatement&>(statement), frame);
      case StatementKind::kSetBlock:
        return resolve_set_block(static_cast<SetBlockStatement&>(statement), frame);
      case StatementKind::kInclude: {
        auto& include = static_cast<IncludeStatement&>(statement);
        resolve(*include.name, frame);
        include.locals = frame.symbols->stored();
        return;
      }
      case StatementKind::kImport: {
        auto& import = static_cast<ImportStatement&>(statement);
        resolve(*import.name, frame);
        import.locals = frame.symbols->stored();
        resolve(import.target, *frame.symbols);
        import.exported = exported(frame);
        return;
      }
      case StatementKind::kFromImport: {
        auto& import = static_cast<FromImportStatement&>(statement);
        resolve(*import.name, frame);
        import.locals = frame.symbols->stored();
        for (auto& entry : import.names) resolve(entry.second, *frame.symbols);
        import.exported = exported(frame);
        return;
      }
      case StatementKind::kExtends:
        return resolve_extends(static_cast<ExtendsStatement&>(statement), frame);
      case StatementKind::kBlock:
        return resolve_block(static_cast<BlockStatement&>(statement), frame);
      case StatementKind::kDo:
        return resolve(*static_cast<DoStatement&>(statement).value, frame);
      case StatementKind::kBreak:
      case StatementKind::kContinue:
        return check_jump(statement, frame);
      case StatementKind::kAutoescape:
        return resolve_autoescape(static_cast<AutoescapeStatement&>(statement), frame);
    }
  }

  static Export exported(const Frame& frame) { return frame.toplevel ? Export::kContext : Export::kNone; }

  void check_jump(const Statement& jump, const Frame& frame) {
    if (frame.in_loop) return;
    const char* tag = jump.kind == StatementKind::kBreak ? "break" : "continue";
    out_.refuse_late(std::string("'") + tag + "' stands outside of a loop", jump.line);
  }

  void resolve_output(OutputStatement& output, const Frame& frame) {
    output.escaping = frame.escaping;
    output.checks_parent = frame.checks_parent;
    output.dead = frame.checks_parent && extended_;
    if (output.dead) return;
    for (auto& piece : output.pieces) {
      if (piece.expr) resolve(*piece.expr, frame);
    }
  }

  void resolve_if(IfStatement& statement, const Frame& frame) {
    const Frame branch = frame.branch();
    for (auto& part : statement.branches) {
      resolve(*part.test, branch);
      resolve(part.body, branch);
    }
    resolve(statement.otherwise, branch);
  }

  bool needs_loop_variable(ForStatement& loop) const {
    if (loop.recursive || !undeclared(loop.body, {"loop"}).empty()) return true;
    bool scoped = false;
    NameWalk walk;
    walk.into_blocks = true;
    walk.name = [](const Text&, bool, int) {};
    walk.block = [&](BlockStatement& block) { scoped = scoped || block.scoped; };
    walk.walk(loop);
    return scoped;
  }

  void check_loop_names(ForStatement& loop) const {
    NameWalk walk;
    walk.into_blocks = true;
    walk.name = [this](const Text& name, bool load, int line) {
      if (!load && name.bytes() == "loop")
        fail("'loop' is the loop's own variable: 'for' needs another name", line);
    };
    walk.walk(loop);
  }

  void resolve_for(ForStatement& loop, const Frame& frame) {
    // A recursive loop is a function, which sees the variables around it from outside.
    const int function = frame.symbols->function() + (loop.recursive ? 1 : 0);
    Code& code = loop.recursive ? loop.code : frame.symbols->code();
    Symbols body(frame.symbols, code, function);
    Symbols otherwise(frame.symbols, code, function);
    Symbols test(frame.symbols, code, function);
    loop.extended = needs_loop_variable(loop);
    if (loop.extended) loop.loop = {0, body.declare_parameter(word("loop"))};
    body.analyse(loop.target, true);
    body.analyse(loop.body);
    otherwise.analyse(loop.otherwise);
    loop.test_target = loop.target;
    if (loop.test) {
      test.analyse(loop.test_target, true);
      test.analyse(*loop.test);
      Frame inside = frame.inner(test);
      resolve(loop.test_target, test);
      resolve(*loop.test, inside);
      loop.test_loads = test.loads();
    }
    check_loop_names(loop);
    resolve(loop.target, body);
    Frame inside = frame.inner(body);
    inside.in_loop = true;
    resolve(loop.body, inside);
    resolve(loop.otherwise, frame.inner(otherwise));
    loop.loads = body.loads();
    loop.else_loads = otherwise.loads();
    resolve(*loop.iterable, frame);
  }

  void resolve_macro_code(MacroCode& macro, const Frame& frame) {
    Symbols symbols(frame.symbols, macro, frame.symbols->function() + 1);
    for (auto& parameter : macro.parameters) {
      parameter.variable = {0, symbols.declare_parameter(parameter.name)};
    }
    declare_special(macro, symbols);
    for (auto& parameter : macro.parameters) {
      if (parameter.fallback) symbols.analyse(*parameter.fallback);
    }
    symbols.analyse(macro.body);
    Frame inside = frame.inner(symbols);
    inside.checks_parent = false;
    inside.in_loop = false;
    for (auto& parameter : macro.parameters) {
      if (parameter.fallback) resolve(*parameter.fallback, inside);
    }
    resolve(macro.body, inside);
    macro.loads = symbols.loads();
  }

  void declare_special(MacroCode& macro, Symbols& symbols) const {
    const auto used = undeclared(macro.body, {"caller", "kwargs", "varargs"});
    const auto parameter = [&](const char* name) {
      return std::find_if(macro.parameters.begin(), macro.parameters.end(),
                          [&](const auto& known) { return known.name->bytes() == name; });
    };
    const auto none = macro.parameters.end();
    const auto caller = parameter("caller");
    macro.explicit_caller = caller != none;
    if (used.count("caller")) {
      macro.uses_caller = true;
      if (caller == none) {
        macro.caller_slot = symbols.declare_parameter(word("caller"));
      } else if (!caller->fallback) {
        fail(
            "When defining macros or call blocks the special \"caller\" argument must be omitted or be given "
            "a "
            "default.",
            macro.line);
      }
    }
    if (used.count("kwargs") && parameter("kwargs") == none)
      macro.kwargs_slot = symbols.declare_parameter(word("kwargs"));
    if (used.count("varargs") && parameter("varargs") == none)
      macro.varargs_slot = symbols.declare_parameter(word("varargs"));
  }

  void resolve_macro(MacroStatement& statement, const Frame& frame) {
    resolve_macro_code(statement.macro, frame);
    statement.variable = frame.symbols->ref(statement.macro.name);
    statement.exported = exported(frame);
  }

  void resolve_call(CallBlockStatement& block, const Frame& frame) {
    resolve_macro_code(block.macro, frame);
    resolve(*block.call, frame);
  }

  void resolve_filter(FilterBlockStatement& block, const Frame& frame) {
    Symbols symbols(frame.symbols, frame.symbols->code(), frame.symbols->function());
    symbols.analyse(block.body);
    symbols.analyse(*block.filter);
    const Frame inside = frame.inner(symbols);
    resolve(block.body, inside);
    resolve(*block.filter, inside);
    block.loads = symbols.loads();
    block.escaping = frame.escaping;
  }

  void resolve_with(WithStatement& with, const Frame& frame) {
    Symbols symbols(frame.symbols, frame.symbols->code(), frame.symbols->function());
    for (auto& target : with.targets) symbols.analyse(target, true);
    symbols.analyse(with.body);
    for (auto& target : with.targets) resolve(target, symbols);
    for (auto& value : with.values) resolve(*value, frame);
    resolve(with.body, frame.inner(symbols));
    with.loads = symbols.loads();
  }

  void resolve_set(SetStatement& set, const Frame& frame) {
    resolve(set.target, *frame.symbols);
    resolve(*set.value, frame);
    set.exported = exported(frame);
  }

  void resolve_set_block(SetBlockStatement& set, const Frame& frame) {
    Symbols symbols(frame.symbols, frame.symbols->code(), frame.symbols->function());
    symbols.analyse(set.body);
    if (set.filter) symbols.analyse(*set.filter);
    Frame inside = frame.inner(symbols);
    inside.checks_parent = false;
    resolve(set.body, inside);
    resolve(set.target, *frame.symbols);
    if (set.filter) resolve(*set.filter, inside);
    set.loads = symbols.loads();
    set.exported = exported(frame);
  }

  void resolve_extends(ExtendsStatement& statement, const Frame& frame) {
    if (!frame.toplevel) fail("'extends' must not stand inside another tag", statement.line);
    resolve(*statement.name, frame);
    statement.repeated = extends_so_far_ > 0;
    ++extends_so_far_;
    if (frame.rootlevel) extended_ = true;
  }

  void resolve_block(BlockStatement& block, const Frame& frame) {
    block.checks_parent = frame.toplevel && out_.extends;
    block.dead = frame.toplevel && extended_;
    if (block.scoped) block.locals = frame.symbols->stored();
  }

  void resolve_autoescape(AutoescapeStatement& scope, const Frame& frame) {
    Symbols symbols(frame.symbols, frame.symbols->code(), frame.symbols->function());
    symbols.analyse(*scope.value);
    symbols.analyse(scope.body);
    Frame inside = frame.inner(symbols);
    resolve(*scope.value, inside);
    if (scope.value->kind == ExprKind::kConst) {
      const auto& value = static_cast<const ConstExpr&>(*scope.value).value;
      inside.escaping = truth(value) ? Escaping::kOn : Escaping::kOff;
    } else {
      inside.escaping = Escaping::kVolatile;
    }
    resolve(scope.body, inside);
    scope.loads = symbols.loads();
  }

  Template& out_;
  const Options& options_;
  bool extended_ = false;  // an unconditional `extends` was met
  int extends_so_far_ = 0;
};

}  // namespace

std::shared_ptr<const Template> parse_template(std::string name, std::string file, std::string_view source,
                                               const Options& options) {
  auto out = std::make_shared<Template>();
  out->name = std::move(name);
  out->file = std::move(file);
  out->source = normalise_source(source, options);
  Parser(*out, options).run();
  Resolver(*out, options).run();
  return out;
}

}  // namespace core::render
