#include "core/render/names.hpp"

namespace core::render {

void NameWalk::walk(Body& body) const {
  for (auto& statement : body) walk(*statement);
}

void NameWalk::walk(Expr& expr) const {
  if (expr.kind == ExprKind::kName) name(*static_cast<NameExpr&>(expr).name, true, expr.line);
  expr.children([this](Expr& child) { walk(child); });
}

void NameWalk::walk(Target& target) const {
  target.each([this](Target& part) {
    if (part.kind == Target::Kind::kName) name(*part.name, false, part.line);
  });
}

void NameWalk::walk(MacroCode& macro) const {
  for (auto& parameter : macro.parameters) name(*parameter.name, false, macro.line);
  for (auto& parameter : macro.parameters) {
    if (parameter.fallback) walk(*parameter.fallback);
  }
  walk(macro.body);
}

void NameWalk::walk(Statement& statement) const {
  switch (statement.kind) {
    case StatementKind::kOutput:
      for (auto& piece : static_cast<OutputStatement&>(statement).pieces) {
        if (piece.expr) walk(*piece.expr);
      }
      return;
    case StatementKind::kIf: {
      auto& branches = static_cast<IfStatement&>(statement);
      for (auto& branch : branches.branches) {
        walk(*branch.test);
        walk(branch.body);
      }
      return walk(branches.otherwise);
    }
    case StatementKind::kFor: {
      auto& loop = static_cast<ForStatement&>(statement);
      walk(loop.target);
      walk(*loop.iterable);
      walk(loop.body);
      walk(loop.otherwise);
      if (loop.test) walk(*loop.test);
      return;
    }
    case StatementKind::kMacro:
      return walk(static_cast<MacroStatement&>(statement).macro);
    case StatementKind::kCallBlock: {
      auto& piece = static_cast<CallBlockStatement&>(statement);
      walk(*piece.call);
      return walk(piece.macro);
    }
    case StatementKind::kFilterBlock: {
      auto& piece = static_cast<FilterBlockStatement&>(statement);
      walk(piece.body);
      return walk(*piece.filter);
    }
    case StatementKind::kWith: {
      auto& with = static_cast<WithStatement&>(statement);
      for (auto& target : with.targets) walk(target);
      for (auto& value : with.values) walk(*value);
      return walk(with.body);
    }
    case StatementKind::kSet: {
      auto& set = static_cast<SetStatement&>(statement);
      walk(set.target);
      return walk(*set.value);
    }
    case StatementKind::kSetBlock: {
      auto& set = static_cast<SetBlockStatement&>(statement);
      walk(set.target);
      if (set.filter) walk(*set.filter);
      return walk(set.body);
    }
    case StatementKind::kInclude:
      return walk(*static_cast<IncludeStatement&>(statement).name);
    case StatementKind::kImport:
      return walk(*static_cast<ImportStatement&>(statement).name);
    case StatementKind::kFromImport:
      return walk(*static_cast<FromImportStatement&>(statement).name);
    case StatementKind::kExtends:
      return walk(*static_cast<ExtendsStatement&>(statement).name);
    case StatementKind::kBlock: {
      auto& found = static_cast<BlockStatement&>(statement);
      if (block) block(found);
      if (into_blocks) walk(found.code.body);
      return;
    }
    case StatementKind::kDo:
      return walk(*static_cast<DoStatement&>(statement).value);
    case StatementKind::kAutoescape: {
      auto& scope = static_cast<AutoescapeStatement&>(statement);
      walk(*scope.value);
      return walk(scope.body);
    }
    default:
      return;
  }
}

std::set<std::string_view> undeclared(Body& body, std::set<std::string_view> wanted) {
  std::set<std::string_view> found;
  NameWalk walk;
  walk.name = [&](const Text& name, bool load, int /*line*/) {
    const auto at = wanted.find(name.bytes());
    if (at == wanted.end()) return;
    if (load) {
      found.insert(*at);
    } else {
      wanted.erase(at);
    }
  };
  walk.walk(body);
  return found;
}

}  // namespace core::render
