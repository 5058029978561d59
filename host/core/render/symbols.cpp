#include "core/render/symbols.hpp"

#include <algorithm>

namespace core::render {

Symbols::Symbols(Symbols* parent, Code& code, int function)
    : parent_(parent),
      code_(&code),
      function_(function),
      slots_(std::make_shared<std::unordered_map<std::string_view, int>>()) {}

int Symbols::slot_of(const Name& name) {
  const auto [at, added] = slots_->try_emplace(name->bytes(), code_->slots);
  if (added) ++code_->slots;
  return at->second;
}

bool Symbols::knows(std::string_view name) const {
  return std::any_of(refs_.begin(), refs_.end(), [&](const Entry& e) { return e.name->bytes() == name; });
}

bool Symbols::stores(std::string_view name) const {
  return std::any_of(stores_.begin(), stores_.end(), [&](const Name& n) { return n->bytes() == name; });
}

void Symbols::set_load(Load load) {
  for (auto& known : loads_) {
    if (known.slot != load.slot) continue;
    known = std::move(load);
    return;
  }
  loads_.push_back(std::move(load));
}

void Symbols::define(const Name& name, Load::Kind kind, Variable source) {
  const int slot = slot_of(name);
  if (!knows(name->bytes())) refs_.push_back({name, slot});
  set_load({slot, kind, name, source});
}

std::optional<Variable> Symbols::find(const Name& name, int from_function) const {
  for (const Symbols* at = this; at; at = at->parent_) {
    for (const auto& entry : at->refs_) {
      if (entry.name->bytes() == name->bytes()) return Variable{from_function - at->function_, entry.slot};
    }
  }
  return std::nullopt;
}

Variable Symbols::ref(const Name& name) const { return find(name, function_).value_or(Variable{}); }

void Symbols::load(const Name& name) {
  if (!find(name, function_)) define(name, Load::Kind::kResolve);
}

void Symbols::store(const Name& name) {
  if (!stores(name->bytes())) stores_.push_back(name);
  if (knows(name->bytes())) return;
  const auto outer = parent_ ? parent_->find(name, function_) : std::nullopt;
  if (outer) {
    define(name, Load::Kind::kAlias, *outer);
  } else {
    define(name, Load::Kind::kUndefined);
  }
}

int Symbols::declare_parameter(const Name& name) {
  if (!stores(name->bytes())) stores_.push_back(name);
  define(name, Load::Kind::kParameter);
  return slot_of(name);
}

Locals Symbols::stored() const {
  Locals all;
  for (const Symbols* at = this; at; at = at->parent_) {
    for (const auto& name : at->stores_) {
      const bool seen = std::any_of(all.begin(), all.end(),
                                    [&](const auto& entry) { return entry.first->bytes() == name->bytes(); });
      if (!seen) all.emplace_back(name, ref(name));
    }
  }
  return all;
}

// -- analysis --------------------------------------------------------------------------------------------

void Symbols::analyse(Body& body) {
  for (auto& statement : body) analyse(*statement);
}

void Symbols::analyse(Expr& expr) {
  if (expr.kind == ExprKind::kName) load(static_cast<NameExpr&>(expr).name);
  expr.children([this](Expr& child) { analyse(child); });
}

void Symbols::analyse(Target& target, bool as_parameter) {
  target.each([&](Target& part) {
    if (part.kind == Target::Kind::kAttribute) {
      load(part.name);
    } else if (as_parameter) {
      declare_parameter(part.name);
    } else {
      store(part.name);
    }
  });
}

void Symbols::analyse_if(IfStatement& statement) {
  analyse(*statement.branches.front().test);
  std::vector<Symbols> branches(3, *this);
  branches[0].analyse(statement.branches.front().body);
  for (std::size_t i = 1; i < statement.branches.size(); ++i) {
    // Jinja2 sees each `elif` as an `if` inside the second branch.
    auto& branch = statement.branches[i];
    branches[1].analyse(*branch.test);
    std::vector<Symbols> inner(3, branches[1]);
    inner[0].analyse(branch.body);
    branches[1].merge(inner);
  }
  branches[2].analyse(statement.otherwise);
  merge(branches);
}

/// Joins what the branches of an `if` did. What only some of them assign may come from outside as well.
void Symbols::merge(const std::vector<Symbols>& branches) {
  std::vector<Name> added;
  for (const auto& branch : branches) {
    for (const auto& name : branch.stores_) {
      const bool known = stores(name->bytes()) ||
                         std::any_of(added.begin(), added.end(),
                                     [&](const Name& other) { return other->bytes() == name->bytes(); });
      if (!known) added.push_back(name);
    }
  }
  for (const auto& branch : branches) {
    for (const auto& entry : branch.refs_) {
      if (!knows(entry.name->bytes())) refs_.push_back(entry);
    }
    for (const auto& load : branch.loads_) set_load(load);
  }
  stores_.insert(stores_.end(), added.begin(), added.end());
  for (const auto& name : added) {
    const auto outer = parent_ ? parent_->find(name, function_) : std::nullopt;
    set_load(
        {slot_of(name), outer ? Load::Kind::kAlias : Load::Kind::kResolve, name, outer.value_or(Variable{})});
  }
}

void Symbols::analyse(Statement& statement) {
  switch (statement.kind) {
    case StatementKind::kOutput:
      for (auto& piece : static_cast<OutputStatement&>(statement).pieces) {
        if (piece.expr) analyse(*piece.expr);
      }
      return;
    case StatementKind::kIf:
      return analyse_if(static_cast<IfStatement&>(statement));
    case StatementKind::kFor:
      return analyse(*static_cast<ForStatement&>(statement).iterable);
    case StatementKind::kMacro:
      return store(static_cast<MacroStatement&>(statement).macro.name);
    case StatementKind::kCallBlock:
      return analyse(*static_cast<CallBlockStatement&>(statement).call);
    case StatementKind::kFilterBlock:
      return analyse(*static_cast<FilterBlockStatement&>(statement).filter);
    case StatementKind::kWith:
      for (auto& value : static_cast<WithStatement&>(statement).values) analyse(*value);
      return;
    case StatementKind::kSet: {
      auto& set = static_cast<SetStatement&>(statement);
      analyse(*set.value);
      return analyse(set.target);
    }
    case StatementKind::kSetBlock:
      return analyse(static_cast<SetBlockStatement&>(statement).target);
    case StatementKind::kInclude:
      return analyse(*static_cast<IncludeStatement&>(statement).name);
    case StatementKind::kImport: {
      auto& import = static_cast<ImportStatement&>(statement);
      analyse(*import.name);
      return store(import.target.name);
    }
    case StatementKind::kFromImport: {
      auto& import = static_cast<FromImportStatement&>(statement);
      analyse(*import.name);
      for (auto& entry : import.names) store(entry.second.name);
      return;
    }
    case StatementKind::kExtends:
      return analyse(*static_cast<ExtendsStatement&>(statement).name);
    case StatementKind::kDo:
      return analyse(*static_cast<DoStatement&>(statement).value);
    default:
      return;
  }
}

}  // namespace core::render
