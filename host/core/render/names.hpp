// Walks over the names and blocks of statements, in the order in which Jinja2's visitors meet them.
#pragma once

#include <functional>
#include <set>
#include <string_view>

#include "core/render/nodes.hpp"

namespace core::render {

struct NameWalk {
  /// Called for each name; `load`: it is read, else it is assigned to or declared.
  std::function<void(const Text& name, bool load, int line)> name;
  /// Called for each block; may be empty.
  std::function<void(BlockStatement& block)> block;
  bool into_blocks = false;

  void walk(Body& body) const;
  void walk(Statement& statement) const;
  void walk(Expr& expr) const;
  void walk(Target& target) const;

 private:
  void walk(MacroCode& macro) const;
};

/// Those of `wanted` that are read in `body` before anything there assigns to them. Blocks do not count.
std::set<std::string_view> undeclared(Body& body, std::set<std::string_view> wanted);

}  // namespace core::render
