// Expressions of a parsed template, which can be evaluated.
#pragma once

#include <functional>
#include <memory>
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

}  // namespace core::render
