// A parsed template: expressions that can be evaluated, statements that can be run.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/render/builtins.hpp"

namespace core::render {

struct Activation;
struct Expr;
struct Statement;
using ExprPtr = std::unique_ptr<Expr>;
using Body = std::vector<std::unique_ptr<Statement>>;
using Name = Ref<Text>;
using ExprVisitor = std::function<void(Expr&)>;

/// Where the value of a name lives: how many functions further out, and the slot there.
struct Variable {
  int depth = 0;
  int slot = -1;
};

/// A local name with its variable: what includes and scoped blocks see of a scope.
using Locals = std::vector<std::pair<Name, Variable>>;

/// What happens to one slot when its scope is entered.
struct Load {
  enum class Kind : std::uint8_t { kParameter, kResolve, kAlias, kUndefined };
  int slot = -1;
  Kind kind = Kind::kUndefined;
  Name name;
  Variable source;
};
using Loads = std::vector<Load>;

/// Decided when compiled, unless an `autoescape` tag computes it.
enum class Escaping : std::uint8_t { kOff, kOn, kVolatile };

// -- expressions -----------------------------------------------------------------------------------------

enum class ExprKind : std::uint8_t {
  kPlain,
  kConst,
  kName,
  kTuple,
  kList,
  kCall,
  kFilter,
  kTest,
  kConditional,
  kConcat
};

struct Expr {
  virtual ~Expr() = default;
  virtual Value eval(Activation& at) const = 0;
  /// Adds the text form of the value.
  virtual void print(Activation& at, std::string& out) const;
  virtual void children(const ExprVisitor& /*visit*/) {}

  int line = 0;
  /// Levels below this one; bounded by the parser.
  int height = 0;
  ExprKind kind = ExprKind::kPlain;
  /// Jinja2's class name in lower case, for "can't assign to 'const'".
  const char* label = "";
};

struct ConstExpr final : Expr {
  explicit ConstExpr(Value given) : value(std::move(given)) {
    kind = ExprKind::kConst;
    label = "const";
  }
  Value eval(Activation& /*at*/) const override { return value; }
  void print(Activation& at, std::string& out) const override;
  Value value;
};

struct NameExpr final : Expr {
  explicit NameExpr(Name given) : name(std::move(given)) {
    kind = ExprKind::kName;
    label = "name";
  }
  Value eval(Activation& at) const override;
  void print(Activation& at, std::string& out) const override;
  Name name;
  Variable variable;
};

/// `ns.attr` as the target of `set`.
struct NamespaceExpr final : Expr {
  Value eval(Activation& at) const override;
  Name name, attribute;
};

struct SequenceExpr final : Expr {
  explicit SequenceExpr(ExprKind which) {
    kind = which;
    label = which == ExprKind::kTuple ? "tuple" : "list";
  }
  Value eval(Activation& at) const override;
  void children(const ExprVisitor& visit) override {
    for (auto& item : items) visit(*item);
  }
  std::vector<ExprPtr> items;
};

struct DictExpr final : Expr {
  DictExpr() { label = "dict"; }
  Value eval(Activation& at) const override;
  void children(const ExprVisitor& visit) override {
    for (auto& [key, value] : items) {
      visit(*key);
      visit(*value);
    }
  }
  std::vector<std::pair<ExprPtr, ExprPtr>> items;
};

struct AttributeExpr final : Expr {
  Value eval(Activation& at) const override;
  void print(Activation& at, std::string& out) const override;
  void children(const ExprVisitor& visit) override { visit(*owner); }
  /// Adds to the value of `owner` what Jinja2 does for `owner.name`; null if it needs more than a look-up.
  const Value* find_in_dict(const Value& held) const;
  ExprPtr owner;
  Name name;
  /// Whether dicts have a method of that name, which hides keys.
  bool hidden_by_method = false;
};

struct ItemExpr final : Expr {
  Value eval(Activation& at) const override;
  void children(const ExprVisitor& visit) override {
    visit(*owner);
    visit(*key);
  }
  ExprPtr owner, key;
};

struct SliceExpr final : Expr {
  /// Null owner: a slice inside a tuple of subscripts, which nothing accepts.
  Value eval(Activation& at) const override;
  void children(const ExprVisitor& visit) override {
    for (auto* part : {&owner, &begin, &end, &step}) {
      if (*part) visit(**part);
    }
  }
  ExprPtr owner, begin, end, step;
  /// Printed and made of literals only: Jinja2 slices those while it compiles, where failing gives undefined.
  bool constant = false;
};

/// The arguments of calls, filters and tests.
struct CallParts {
  std::vector<ExprPtr> positional;
  std::vector<std::pair<Name, ExprPtr>> keyword;
  ExprPtr star, star_star;

  void children(const ExprVisitor& visit) const {
    for (auto& part : positional) visit(*part);
    for (auto& part : keyword) visit(*part.second);
    if (star) visit(*star);
    if (star_star) visit(*star_star);
  }
  void eval(Activation& at, Arguments& arguments) const;
};

struct CallExpr final : Expr {
  CallExpr() {
    kind = ExprKind::kCall;
    label = "call";
  }
  Value eval(Activation& at) const override { return call(at, Value()); }
  /// With `caller` as one more keyword argument unless it is missing.
  Value call(Activation& at, const Value& caller) const;
  void children(const ExprVisitor& visit) override {
    visit(*callee);
    parts.children(visit);
  }
  ExprPtr callee;
  CallParts parts;
};

/// A filter or a test.
struct NamedExpr final : Expr {
  explicit NamedExpr(ExprKind which) {
    kind = which;
    label = which == ExprKind::kFilter ? "filter" : "test";
  }
  Value eval(Activation& at) const override { return apply(at, subject ? subject->eval(at) : Value()); }
  Value apply(Activation& at, const Value& self) const;
  [[noreturn]] void fail_absent(Activation& at, const Arguments& arguments) const;
  /// Applies a chain of filters whose innermost one has no subject to `self`.
  Value apply_to(Activation& at, const Value& self) const;
  void children(const ExprVisitor& visit) override {
    if (subject) visit(*subject);
    parts.children(visit);
  }
  /// Null: what a filter block or a `set` block collected.
  ExprPtr subject;
  CallParts parts;
  std::string name;
  /// Number in the template's table of filters or tests.
  std::size_t index = 0;
};

enum class UnaryOp : std::uint8_t { kNot, kNegate, kPlus };

struct UnaryExpr final : Expr {
  Value eval(Activation& at) const override;
  void children(const ExprVisitor& visit) override { visit(*operand); }
  UnaryOp op = UnaryOp::kNot;
  ExprPtr operand;
};

enum class BinaryOp : std::uint8_t { kAdd, kSub, kMul, kDiv, kFloorDiv, kMod, kPow, kAnd, kOr };

struct BinaryExpr final : Expr {
  Value eval(Activation& at) const override;
  void children(const ExprVisitor& visit) override {
    visit(*left);
    visit(*right);
  }
  BinaryOp op = BinaryOp::kAdd;
  ExprPtr left, right;
};

enum class CompareOp : std::uint8_t {
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kIn,
  kNotIn
};

/// `a < b < c`.
struct CompareExpr final : Expr {
  Value eval(Activation& at) const override;
  void children(const ExprVisitor& visit) override {
    visit(*first);
    for (auto& [op, operand] : rest) visit(*operand);
  }
  ExprPtr first;
  std::vector<std::pair<CompareOp, ExprPtr>> rest;
};

struct ConcatExpr final : Expr {
  ConcatExpr() { kind = ExprKind::kConcat; }
  Value eval(Activation& at) const override;
  void children(const ExprVisitor& visit) override {
    for (auto& part : parts) visit(*part);
  }
  std::vector<ExprPtr> parts;
  Escaping escaping = Escaping::kOff;
};

struct ConditionalExpr final : Expr {
  ConditionalExpr() { kind = ExprKind::kConditional; }
  Value eval(Activation& at) const override;
  void children(const ExprVisitor& visit) override {
    visit(*test);
    visit(*then);
    if (otherwise) visit(*otherwise);
  }
  ExprPtr test, then, otherwise;
};

// -- statements ------------------------------------------------------------------------------------------

/// How a statement ended.
enum class Flow : std::uint8_t { kNext, kBreak, kContinue };

enum class StatementKind : std::uint8_t {
  kOutput,
  kIf,
  kFor,
  kMacro,
  kCallBlock,
  kFilterBlock,
  kWith,
  kSet,
  kSetBlock,
  kInclude,
  kImport,
  kFromImport,
  kExtends,
  kBlock,
  kDo,
  kBreak,
  kContinue,
  kAutoescape
};

struct Statement {
  explicit Statement(StatementKind which) : kind(which) {}
  virtual ~Statement() = default;
  virtual Flow run(Activation& at) const = 0;

  StatementKind kind;
  int line = 0;
};

/// What can be assigned to: a name, a tuple of targets, an attribute of a namespace.
struct Target {
  enum class Kind : std::uint8_t { kName, kTuple, kAttribute };
  Kind kind = Kind::kName;
  int line = 0;
  Name name, attribute;
  Variable variable;
  std::vector<Target> parts;

  void assign(Activation& at, Value value) const;
  /// Calls `visit` for every target that is not a tuple.
  template <class Visit>
  void each(const Visit& visit) {
    if (kind != Kind::kTuple) return visit(*this);
    for (auto& part : parts) part.each(visit);
  }
};

/// Code with slots of its own: a template's body, a block, a macro, a recursive loop.
struct Code {
  int slots = 0;
};

/// How names that are set at the top of a template become visible to others.
enum class Export : std::uint8_t { kNone, kContext };

/// Text between tags, and `{{ ... }}`.
struct OutputStatement final : Statement {
  OutputStatement() : Statement(StatementKind::kOutput) {}
  Flow run(Activation& at) const override;
  struct Piece {
    std::string_view text;
    ExprPtr expr;  // null: text
  };
  std::vector<Piece> pieces;
  Escaping escaping = Escaping::kOff;
  /// Prints nothing once the template has extended another.
  bool checks_parent = false;
  /// Comes behind an unconditional `extends`.
  bool dead = false;
};

struct IfStatement final : Statement {
  IfStatement() : Statement(StatementKind::kIf) {}
  Flow run(Activation& at) const override;
  struct Branch {
    int line;
    ExprPtr test;
    Body body;
  };
  std::vector<Branch> branches;
  Body otherwise;
};

struct ForStatement final : Statement {
  ForStatement() : Statement(StatementKind::kFor) {}
  Flow run(Activation& at) const override;

  Target target;
  ExprPtr iterable;
  ExprPtr test;
  Body body, otherwise;
  bool recursive = false;

  /// The target as the filter condition sees it.
  Target test_target;
  /// Whether the body may look at `loop`, and where that is.
  bool extended = false;
  Variable loop;
  Loads loads, test_loads, else_loads;
  /// Of a recursive loop.
  Code code;
};

struct MacroCode : Code {
  /// Of the macro; null for a call block.
  Name name;
  struct Parameter {
    Name name;
    Variable variable;
    ExprPtr fallback;
  };
  std::vector<Parameter> parameters;
  Body body;
  int line = 0;

  Loads loads;
  /// Slots of the special parameters, -1 if the body does not use them.
  int caller_slot = -1, kwargs_slot = -1, varargs_slot = -1;
  /// Whether `caller` is used, and whether it is one of the parameters.
  bool uses_caller = false, explicit_caller = false;
};

struct MacroStatement final : Statement {
  MacroStatement() : Statement(StatementKind::kMacro) {}
  Flow run(Activation& at) const override;
  MacroCode macro;
  Variable variable;
  Export exported = Export::kNone;
};

struct CallBlockStatement final : Statement {
  CallBlockStatement() : Statement(StatementKind::kCallBlock) {}
  Flow run(Activation& at) const override;
  MacroCode macro;
  std::unique_ptr<CallExpr> call;
};

struct FilterBlockStatement final : Statement {
  FilterBlockStatement() : Statement(StatementKind::kFilterBlock) {}
  Flow run(Activation& at) const override;
  Body body;
  std::unique_ptr<NamedExpr> filter;
  Loads loads;
  Escaping escaping = Escaping::kOff;
};

struct WithStatement final : Statement {
  WithStatement() : Statement(StatementKind::kWith) {}
  Flow run(Activation& at) const override;
  std::vector<Target> targets;
  std::vector<ExprPtr> values;
  Body body;
  Loads loads;
};

struct SetStatement final : Statement {
  SetStatement() : Statement(StatementKind::kSet) {}
  Flow run(Activation& at) const override;
  Target target;
  ExprPtr value;
  Export exported = Export::kNone;
};

struct SetBlockStatement final : Statement {
  SetBlockStatement() : Statement(StatementKind::kSetBlock) {}
  Flow run(Activation& at) const override;
  Target target;
  std::unique_ptr<NamedExpr> filter;
  Body body;
  Loads loads;
  Export exported = Export::kNone;
  Escaping escaping = Escaping::kOff;
};

struct IncludeStatement final : Statement {
  IncludeStatement() : Statement(StatementKind::kInclude) {}
  Flow run(Activation& at) const override;
  ExprPtr name;
  bool ignore_missing = false;
  bool with_context = true;
  Locals locals;
};

struct ImportStatement final : Statement {
  ImportStatement() : Statement(StatementKind::kImport) {}
  Flow run(Activation& at) const override;
  ExprPtr name;
  Target target;
  bool with_context = false;
  Locals locals;
  Export exported = Export::kNone;
};

struct FromImportStatement final : Statement {
  FromImportStatement() : Statement(StatementKind::kFromImport) {}
  Flow run(Activation& at) const override;
  ExprPtr name;
  /// What the other template calls it, and the target here.
  std::vector<std::pair<Name, Target>> names;
  bool with_context = false;
  Locals locals;
  Export exported = Export::kNone;
};

struct ExtendsStatement final : Statement {
  ExtendsStatement() : Statement(StatementKind::kExtends) {}
  Flow run(Activation& at) const override;
  ExprPtr name;
  /// Another `extends` stands before it: run-time error if that one was taken.
  bool repeated = false;
};

struct BlockCode : Code {
  Name name;
  Body body;
  int line = 0;
  Loads loads;
  int self_slot = -1, super_slot = -1;
};

struct BlockStatement final : Statement {
  BlockStatement() : Statement(StatementKind::kBlock) {}
  Flow run(Activation& at) const override;
  BlockCode code;
  bool scoped = false, required = false;
  Locals locals;
  bool checks_parent = false, dead = false;
};

/// `do`, and what else is only evaluated.
struct DoStatement final : Statement {
  DoStatement() : Statement(StatementKind::kDo) {}
  Flow run(Activation& at) const override;
  ExprPtr value;
};

struct JumpStatement final : Statement {
  explicit JumpStatement(StatementKind which) : Statement(which) {}
  Flow run(Activation& /*at*/) const override {
    return kind == StatementKind::kBreak ? Flow::kBreak : Flow::kContinue;
  }
};

struct AutoescapeStatement final : Statement {
  AutoescapeStatement() : Statement(StatementKind::kAutoescape) {}
  Flow run(Activation& at) const override;
  ExprPtr value;
  Body body;
  Loads loads;
};

/// A filter or test that a template names, and where it does so first.
struct UsedName {
  std::string name;
  int line = 0;
  /// Named outside of branches too: it has to exist for the template to be accepted.
  bool needed = false;
};

/// A parsed template. Immutable, so renderings share it.
struct Template {
  /// The name under which other templates know it; may be empty.
  std::string name;
  /// What messages call it: its file.
  std::string file;
  std::string source;
  Code code;
  Body body;
  Loads loads;
  int self_slot = -1;
  std::vector<BlockStatement*> blocks;
  bool extends = false;
  std::vector<UsedName> filters, tests;
  /// What Jinja2 leaves to Python's compiler to refuse, the first of it: said when nothing else is wrong.
  struct LateFault {
    int line = 0;
    std::string message;
  };
  std::optional<LateFault> late_fault;
  void refuse_late(std::string message, int line_of_fault) {
    if (!late_fault || line_of_fault < late_fault->line) late_fault = {line_of_fault, std::move(message)};
  }
  std::vector<std::unique_ptr<std::string>> texts;  // data whose line ends were changed
};

}  // namespace core::render
