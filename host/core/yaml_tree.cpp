#include "core/yaml_tree.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "core/source.hpp"
#include "core/utf8.hpp"
#include "core/yaml_scanner.hpp"

namespace core {

namespace {

using Kind = YamlNode::Kind;
using Type = YamlToken::Type;

constexpr int kDeepest = 1000;

/// Tokens to nodes. Each `read_*` starts at its first token and ends behind its last.
class Parser {
 public:
  explicit Parser(std::string_view text) : scanner_(text) {}

  std::vector<YamlTree> read_stream() {
    std::vector<YamlTree> trees;
    skip_document_ends();
    bool marked = true;  // the first document needs no `---`
    while (type() != Type::kStreamEnd) {
      const bool directives = read_directives();
      if (type() == Type::kDocumentStart) {
        marked = true;
      } else if (directives) {
        fail("'---' was expected behind the directives");
      } else if (!marked) {
        fail("this text stands behind the end of the document",
             "check quotes, brackets and indentation above; documents are separated by '---'");
      }
      trees.push_back(read_document());
      marked = false;
      skip_document_ends();
    }
    return trees;
  }

 private:
  Type type() { return scanner_.peek().type; }
  std::size_t offset() { return scanner_.peek().offset; }
  bool accept(Type wanted) {
    if (type() != wanted) return false;
    scanner_.take();
    return true;
  }
  template <class... Types>
  bool is_one_of(Types... types) {
    return ((type() == types) || ...);
  }
  [[noreturn]] void fail(std::string what, std::string hint = "") {
    throw YamlSyntaxError{offset(), std::move(what), std::move(hint)};
  }

  // -- documents ------------------------------------------------------------------------------------
  void skip_document_ends() {
    while (accept(Type::kDocumentEnd)) {
    }
  }

  bool read_directives() {
    tag_handles_ = {{"!", "!"}, {"!!", "tag:yaml.org,2002:"}};
    bool any = false;
    for (; type() == Type::kDirective; any = true) {
      const YamlToken directive = scanner_.take();
      if (directive.handle != "TAG") continue;
      const auto space = directive.text.find(' ');
      if (space == std::string::npos)
        throw YamlSyntaxError{directive.offset, "a %TAG directive has a handle and a prefix", ""};
      const auto prefix = directive.text.find_first_not_of(' ', space);
      tag_handles_[directive.text.substr(0, space)] = directive.text.substr(prefix);
    }
    return any;
  }

  YamlTree read_document() {
    tree_ = {};
    anchors_.clear();
    tree_.offset = offset();
    accept(Type::kDocumentStart);
    const bool empty =
        is_one_of(Type::kDirective, Type::kDocumentStart, Type::kDocumentEnd, Type::kStreamEnd);
    tree_.root = empty ? add_empty() : read_node(true, false);
    return std::exchange(tree_, {});
  }

  // -- nodes ----------------------------------------------------------------------------------------
  struct Properties {
    std::string anchor, tag;
    bool any = false;
    std::size_t offset = 0;
  };

  YamlNode* add(Kind kind, std::size_t at, std::string tag) {
    YamlNode& node = tree_.nodes.emplace_back();
    node.kind = kind;
    node.offset = at;
    node.tag = std::move(tag);
    return &node;
  }
  YamlNode* add_empty() { return add(Kind::kScalar, offset(), "?"); }

  Properties read_properties() {
    Properties properties;
    properties.offset = offset();
    bool has_anchor = false, has_tag = false;
    while (true) {
      if (type() == Type::kAnchor && !has_anchor) {
        properties.anchor = scanner_.take().text;
        has_anchor = true;
      } else if (type() == Type::kTag && !has_tag) {
        properties.tag = full_tag(scanner_.take());
        has_tag = true;
      } else {
        properties.any = has_anchor || has_tag;
        return properties;
      }
    }
  }

  std::string full_tag(const YamlToken& tag) {
    if (tag.handle.empty()) return tag.text == "!" ? "?" : tag.text;  // a lone '!' says nothing
    const auto found = tag_handles_.find(tag.handle);
    if (found == tag_handles_.end())
      throw YamlSyntaxError{tag.offset, "the tag handle " + tag.handle + " is not declared",
                            "quote the string if it is meant to start with '!'"};
    return found->second + tag.text;
  }

  YamlNode* read_node(bool block, bool list_at_same_indent) {
    if (type() == Type::kAlias) return read_alias();
    if (++depth_ > kDeepest) fail("nested deeper than " + std::to_string(kDeepest) + " levels");
    const Properties properties = read_properties();
    YamlNode* node = open_node(properties, block, list_at_same_indent);
    if (!properties.anchor.empty() && !anchors_.emplace(properties.anchor, node).second)
      throw YamlSyntaxError{properties.offset,
                            "the anchor &" + properties.anchor + " is defined a second time",
                            "give one of them another name"};
    fill_node(*node, list_at_same_indent);
    --depth_;
    return node;
  }

  YamlNode* read_alias() {
    const YamlToken alias = scanner_.take();
    const auto found = anchors_.find(alias.text);
    if (found == anchors_.end())
      throw YamlSyntaxError{alias.offset,
                            "the alias *" + alias.text + " names an anchor that is not defined above",
                            "define it with &" + alias.text + ", or quote a string that starts with '*'"};
    YamlNode* node = add(Kind::kAlias, alias.offset, "?");
    node->target = found->second;
    return node;
  }

  /// Makes the node; collections are filled later, so that an alias inside can name them.
  YamlNode* open_node(const Properties& properties, bool block, bool list_at_same_indent) {
    const std::string collection_tag = properties.tag.empty() ? "?" : properties.tag;
    const bool list = is_one_of(Type::kFlowList) || (block && type() == Type::kBlockList) ||
                      (list_at_same_indent && type() == Type::kBlockEntry);
    if (list) return add(Kind::kList, properties.offset, collection_tag);
    if (type() == Type::kFlowMap || (block && type() == Type::kBlockMap))
      return add(Kind::kMap, properties.offset, collection_tag);
    if (type() != Type::kScalar) {
      if (properties.any) return add(Kind::kScalar, properties.offset, collection_tag);
      fail("a value was expected here, but found " + describe());
    }
    YamlToken scalar = scanner_.take();
    const bool untagged_quotes = properties.tag.empty() && !scalar.plain;
    YamlNode* node = add(Kind::kScalar, properties.offset, untagged_quotes ? "!" : collection_tag);
    node->text = std::move(scalar.text);
    return node;
  }

  void fill_node(YamlNode& node, bool list_at_same_indent) {
    if (node.kind == Kind::kScalar) return;
    const std::size_t opened = offset();
    if (accept(Type::kFlowList)) return read_flow_list(node, opened);
    if (accept(Type::kFlowMap)) return read_flow_map(node, opened);
    if (accept(Type::kBlockMap)) return read_block_map(node);
    if (accept(Type::kBlockList)) return read_block_list(node);
    if (list_at_same_indent) read_entries(node);
  }

  std::string describe() {
    switch (type()) {
      case Type::kStreamEnd:
        return "the end of the text";
      case Type::kDocumentStart:
      case Type::kDocumentEnd:
        return "the end of the document";
      case Type::kFlowEntry:
        return "','";
      case Type::kFlowListEnd:
        return "']'";
      case Type::kFlowMapEnd:
        return "'}'";
      case Type::kBlockEntry:
        return "'- '";
      case Type::kKey:
        return "a key";
      case Type::kValue:
        return "':'";
      case Type::kBlockEnd:
        return "a smaller indentation";
      default:
        return "something else";
    }
  }

  // -- block collections ------------------------------------------------------------------------------
  void read_entries(YamlNode& list) {
    while (accept(Type::kBlockEntry)) {
      const bool empty = is_one_of(Type::kBlockEntry, Type::kKey, Type::kValue, Type::kBlockEnd);
      list.children.push_back(empty ? add_empty() : read_node(true, false));
    }
  }

  void read_block_list(YamlNode& list) {
    read_entries(list);
    if (accept(Type::kBlockEnd)) return;
    fail("this fits neither as the next item of the list nor as its end",
         "check the indentation; each item starts with '- '");
  }

  YamlNode* read_block_part() {
    if (is_one_of(Type::kKey, Type::kValue, Type::kBlockEnd)) return add_empty();
    return read_node(true, true);
  }

  void read_block_map(YamlNode& map) {
    while (accept(Type::kKey)) {
      map.children.push_back(read_block_part());
      map.children.push_back(accept(Type::kValue) ? read_block_part() : add_empty());
    }
    if (accept(Type::kBlockEnd)) return;
    fail("this fits neither as the next key of the map nor as its end",
         "check the indentation, and quote a value that goes on behind its closing quote");
  }

  // -- flow collections -------------------------------------------------------------------------------
  void expect_comma(const char* what, const char* close, std::size_t opened) {
    if (accept(Type::kFlowEntry)) return;
    std::string line = "this is neither a ',' nor the '";
    throw YamlSyntaxError{std::max(offset(), opened), line + close + "' that ends the " + what,
                          "check the brackets"};
  }

  YamlNode* read_flow_part(Type end) {
    if (is_one_of(Type::kValue, Type::kFlowEntry, end)) return add_empty();
    return read_node(false, false);
  }

  void read_flow_pair(YamlNode& map, Type end) {
    map.children.push_back(read_flow_part(end));
    map.children.push_back(accept(Type::kValue) ? read_flow_part(end) : add_empty());
  }

  void read_flow_list(YamlNode& list, std::size_t opened) {
    while (type() != Type::kFlowListEnd) {
      if (!list.children.empty()) expect_comma("list", "]", opened);
      if (type() == Type::kFlowListEnd) break;
      if (accept(Type::kKey)) {
        YamlNode* map = add(Kind::kMap, offset(), "?");
        read_flow_pair(*map, Type::kFlowListEnd);
        list.children.push_back(map);
      } else {
        list.children.push_back(read_node(false, false));
      }
    }
    scanner_.take();
  }

  void read_flow_map(YamlNode& map, std::size_t opened) {
    while (type() != Type::kFlowMapEnd) {
      if (!map.children.empty()) expect_comma("map", "}", opened);
      if (type() == Type::kFlowMapEnd) break;
      if (accept(Type::kKey)) {
        read_flow_pair(map, Type::kFlowMapEnd);
      } else {
        map.children.push_back(read_node(false, false));
        map.children.push_back(add_empty());
      }
    }
    scanner_.take();
  }

  YamlScanner scanner_;
  YamlTree tree_;
  std::map<std::string, YamlNode*> anchors_;
  std::map<std::string, std::string> tag_handles_;
  int depth_ = 0;
};

Error to_error(std::string_view text, const std::string& file, const YamlSyntaxError& e) {
  Error error = text_error(text, file, e.offset, e.what).advise(e.hint);
  if (error.facts["source"].get<std::string>().find("{{") != std::string::npos)
    error.hint = "this looks like a template; render it before it is read as YAML";
  return error;
}

/// Characters that YAML 1.1 allows in a text.
bool is_printable(char32_t c) {
  if (c < 0x7F) return c >= 0x20 || c == '\t' || c == '\n' || c == '\r';
  return c == 0x85 || (c >= 0xA0 && c != 0xFFFE && c != 0xFFFF);
}

std::size_t find_unprintable(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto c = utf8_at(text, at);
    if (!is_printable(c.code)) return at;
    at += c.size;
  }
  return std::string_view::npos;
}

Result<Done> check_characters(std::string_view text, const std::string& file) {
  if (const auto at = find_invalid_utf8(text); at != std::string_view::npos)
    return text_error(text, file, at, "a byte that is not UTF-8").advise("save the text as UTF-8");
  if (const auto at = find_unprintable(text); at != std::string_view::npos)
    return text_error(text, file, at, "a control character, which YAML does not allow")
        .advise("write it as an escape in double quotes, e.g. \"\\x00\"");
  return Done{};
}

}  // namespace

Result<std::vector<YamlTree>> parse_yaml_trees(std::string_view text, const std::string& file) {
  if (auto checked = check_characters(text, file); !checked) return std::move(checked).error();
  try {
    return Parser(text).read_stream();
  } catch (const YamlSyntaxError& e) {
    return to_error(text, file, e);
  }
}

}  // namespace core
