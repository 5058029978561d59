// A YAML text as nodes, before anything is decided about types.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"

namespace core {

/// One node of a document. Children of a map alternate between key and value.
struct YamlNode {
  enum class Kind { kScalar, kList, kMap, kAlias };
  Kind kind = Kind::kScalar;
  /// `?` for an untagged plain scalar or collection, `!` for an untagged quoted scalar, else the full tag.
  std::string tag;
  std::string text;
  std::vector<YamlNode*> children;
  /// What an alias stands for. May be a node that contains the alias.
  YamlNode* target = nullptr;
  /// Byte offset in the text.
  std::size_t offset = 0;
  /// Set by readers while they are inside the node, to notice a node that contains itself.
  bool open = false;
};

/// Owns the nodes of one document. Moved only: the nodes point at each other.
struct YamlTree {
  YamlTree() = default;
  YamlTree(YamlTree&&) = default;
  YamlTree& operator=(YamlTree&&) = default;

  std::deque<YamlNode> nodes;
  YamlNode* root = nullptr;
  std::size_t offset = 0;
};

/// Splits a text (without byte order mark) into documents. `file` is used in errors, which have code
/// `invalid`.
Result<std::vector<YamlTree>> parse_yaml_trees(std::string_view text, const std::string& file);

}  // namespace core
