// Which names a scope of a template knows, where they live and what fills them when it is entered. The rules
// are Jinja2's, so that templates see the same variables at the same time.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/render/nodes.hpp"

namespace core::render {

/// The names of one scope. Scopes of one function share its slots.
class Symbols {
 public:
  /// `function` counts from the outermost function of the template part.
  Symbols(Symbols* parent, Code& code, int function);

  /// A name is read: unless a scope knows it, this one takes it from the context when it is entered.
  void load(const Name& name);
  /// A name is assigned to: this scope gets its own variable, which starts as a copy of an outer one.
  void store(const Name& name);
  /// A name that the scope's owner fills: a loop target, a macro's parameter. Returns its slot.
  int declare_parameter(const Name& name);

  /// Where `name` lives as seen from a scope of function number `from_function`.
  std::optional<Variable> find(const Name& name, int from_function) const;
  /// The same, for a name that was analysed.
  Variable ref(const Name& name) const;
  /// All names assigned here and further out.
  Locals stored() const;
  const Loads& loads() const { return loads_; }
  int function() const { return function_; }
  Code& code() const { return *code_; }

  /// Adds what `statement` does to this scope, without what its inner scopes do.
  void analyse(Statement& statement);
  void analyse(Body& body);
  void analyse(Expr& expr);
  void analyse(Target& target, bool as_parameter = false);

 private:
  struct Entry {
    Name name;
    int slot;
  };

  int slot_of(const Name& name);
  bool knows(std::string_view name) const;
  bool stores(std::string_view name) const;
  void define(const Name& name, Load::Kind kind, Variable source = {});
  void set_load(Load load);
  void analyse_if(IfStatement& statement);
  void merge(const std::vector<Symbols>& branches);

  Symbols* parent_;
  Code* code_;
  int function_;
  std::vector<Entry> refs_;
  std::vector<Name> stores_;
  Loads loads_;
  /// Slots by name; branches of an `if` agree on them.
  std::shared_ptr<std::unordered_map<std::string_view, int>> slots_;
};

}  // namespace core::render
