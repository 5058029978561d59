// A parsed template: statements that can be run, and what surrounds them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/render/expressions.hpp"

namespace core::render {

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
