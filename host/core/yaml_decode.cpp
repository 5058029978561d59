#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "core/fs.hpp"
#include "core/json.hpp"
#include "core/object_builder.hpp"
#include "core/source.hpp"
#include "core/yaml.hpp"
#include "core/yaml_scalar.hpp"
#include "core/yaml_tree.hpp"

namespace core {

namespace {

constexpr int kDeepest = 1000;
constexpr std::size_t kBytesPerNode = 32;  // an aliased long string costs as much as that many nodes
constexpr std::string_view kStandard = "tag:yaml.org,2002:";

/// What is wrong and where; thrown inside this file only.
struct Trouble {
  std::size_t offset;
  std::string what, hint;
};

using Pair = std::pair<YamlNode*, YamlNode*>;

/// Marks a node as being read, for as long as this lives.
class Opened {
 public:
  explicit Opened(YamlNode& node, std::size_t offset) : node_(node) {
    if (node.open) throw Trouble{offset, "the node that this alias names contains the alias itself", ""};
    node.open = true;
  }
  ~Opened() { node_.open = false; }
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;

 private:
  YamlNode& node_;
};

class Converter {
 public:
  Converter(std::string_view text, const YamlReading& reading, const YamlTree& tree)
      : text_(text), reading_(reading) {
    budget_ = reading.max_expanded_nodes + tree.nodes.size();
    for (const auto& node : tree.nodes) budget_ += node.text.size() / kBytesPerNode;
  }

  Value convert(YamlNode& node, std::size_t offset) {
    if (node.kind == YamlNode::Kind::kAlias) return convert(*node.target, node.offset);
    charge(node, offset);
    if (node.kind == YamlNode::Kind::kScalar) return scalar(node);
    enter(offset);
    const Opened guard(node, offset);
    Value value = node.kind == YamlNode::Kind::kList ? list(node) : map(node);
    --depth_;
    return value;
  }

  std::vector<YamlWarning> warnings;

 private:
  void charge(const YamlNode& node, std::size_t offset) {
    const std::size_t cost = 1 + node.text.size() / kBytesPerNode;
    if (cost > budget_)
      throw Trouble{offset,
                    "aliases and merge keys expand this document beyond " +
                        std::to_string(reading_.max_expanded_nodes) + " nodes",
                    "raise max_expanded_nodes if that is meant"};
    budget_ -= cost;
  }

  void enter(std::size_t offset) {
    if (++depth_ > kDeepest)
      throw Trouble{offset, "nested deeper than " + std::to_string(kDeepest) + " levels", ""};
  }

  [[noreturn]] static void bad_tag(const YamlNode& node) {
    std::string tag = node.tag;
    if (tag.rfind(kStandard, 0) == 0) tag = "!!" + tag.substr(kStandard.size());
    throw Trouble{node.offset, "the tag " + tag + " is not supported here", "remove the tag"};
  }

  static Value scalar(const YamlNode& node) {
    if (node.tag == "?") return plain(node);
    if (node.tag == "!") return node.text;
    const bool standard = node.tag.rfind(kStandard, 0) == 0;
    const std::string_view name = standard ? std::string_view(node.tag).substr(kStandard.size()) : "";
    if (name == "str" || name == "timestamp" || name == "binary") return node.text;
    static constexpr std::pair<std::string_view, YamlType> types[] = {{"int", YamlType::kInt},
                                                                      {"float", YamlType::kFloat},
                                                                      {"bool", YamlType::kBool},
                                                                      {"null", YamlType::kNull}};
    for (const auto& [word, type] : types)
      if (word == name) return tagged(node, word, type);
    bad_tag(node);
  }

  static Value tagged(const YamlNode& node, std::string_view name, YamlType type) {
    Value value = yaml_scalar_as(type, node.text);
    if (value.is_discarded())
      throw Trouble{node.offset, "'" + node.text + "' is not of the type !!" + std::string(name), ""};
    return value;
  }

  static Value plain(const YamlNode& node) {
    const auto type = yaml_type(node.text);
    if (type == YamlType::kMerge || type == YamlType::kValue)
      throw Trouble{node.offset, "'" + node.text + "' has a special meaning in YAML 1.1 and is no value",
                    "quote it if the text is meant"};
    return yaml_scalar(node.text);
  }

  Value list(YamlNode& node) {
    static constexpr std::string_view names[] = {"seq", "omap", "pairs"};
    check_collection_tag(node, names);
    Value items = Value::array();
    for (auto* child : node.children) items.push_back(convert(*child, child->offset));
    return items;
  }

  template <std::size_t N>
  static void check_collection_tag(const YamlNode& node, const std::string_view (&names)[N]) {
    if (node.tag == "?" || node.tag == "!") return;
    for (auto name : names)
      if (node.tag == std::string(kStandard).append(name)) return;
    bad_tag(node);
  }

  static YamlNode& resolve(YamlNode& node) {
    return node.kind == YamlNode::Kind::kAlias ? *node.target : node;
  }

  static bool is_merge(const YamlNode& key) {
    return key.kind == YamlNode::Kind::kScalar && key.tag == "?" && key.text == "<<";
  }

  /// The pairs of a map: first what it merges in, then its own. A later pair wins.
  std::vector<Pair> pairs_of(YamlNode& node) {
    std::vector<Pair> merged, own;
    for (std::size_t i = 0; i + 1 < node.children.size(); i += 2) {
      YamlNode& key = resolve(*node.children[i]);
      if (is_merge(key)) {
        merge(*node.children[i + 1], merged);
      } else {
        own.emplace_back(node.children[i], node.children[i + 1]);
      }
    }
    merged.insert(merged.end(), own.begin(), own.end());
    return merged;
  }

  void merge(YamlNode& reference, std::vector<Pair>& into) {
    YamlNode& source = resolve(reference);
    if (source.kind == YamlNode::Kind::kMap) return merge_map(source, reference.offset, into);
    if (source.kind != YamlNode::Kind::kList) bad_merge(reference);
    for (auto item = source.children.rbegin(); item != source.children.rend(); ++item) {
      YamlNode& map = resolve(**item);
      if (map.kind != YamlNode::Kind::kMap) bad_merge(**item);
      merge_map(map, (*item)->offset, into);
    }
  }

  [[noreturn]] static void bad_merge(const YamlNode& node) {
    throw Trouble{node.offset, "only a map or a list of maps can be merged with '<<'",
                  "let the alias name a map"};
  }

  void merge_map(YamlNode& map, std::size_t offset, std::vector<Pair>& into) {
    enter(offset);
    const Opened guard(map, offset);
    charge(map, offset);
    for (const auto& pair : pairs_of(map)) {
      charge(*pair.first, offset);
      into.push_back(pair);
    }
    --depth_;
  }

  Value map(YamlNode& node) {
    static constexpr std::string_view names[] = {"map", "set"};
    check_collection_tag(node, names);
    const auto pairs = pairs_of(node);
    warn_of_repeats(node);
    ObjectBuilder object;
    for (const auto& [key, value] : pairs) object.add(key_text(*key), convert(*value, value->offset));
    return std::move(object).finish();
  }

  static std::string key_text(YamlNode& reference) {
    const YamlNode& key = resolve(reference);
    if (key.kind != YamlNode::Kind::kScalar)
      throw Trouble{reference.offset,
                    std::string("a ") + (key.kind == YamlNode::Kind::kList ? "list" : "map") +
                        " cannot be the key of a map",
                    "if this is an unrendered template '{{...}}', render it or quote it"};
    if (key.tag == "?" && key.text == "=") return "=";
    const Value value = scalar(key);
    return value.is_string() ? value.get<std::string>() : encode_json(value, {.nan_literals = true});
  }

  void warn_of_repeats(const YamlNode& node) {
    if (!checked_.insert(&node).second) return;
    std::unordered_map<std::string, std::size_t> seen;
    for (std::size_t i = 0; i + 1 < node.children.size(); i += 2) {
      YamlNode& key = *node.children[i];
      if (is_merge(resolve(key))) continue;
      const auto [first, fresh] = seen.emplace(key_text(key), key.offset);
      if (!fresh) warn(first->first, key.offset, first->second);
    }
  }

  void warn(const std::string& key, std::size_t offset, std::size_t first) {
    const auto place = place_of(text_, offset);
    const std::string where = std::to_string(place.line) + ":" + std::to_string(place.column);
    warnings.push_back({(reading_.file.empty() ? "line " : reading_.file + ":") + where + ": key '" + key +
                            "' is given again (first in line " + std::to_string(place_of(text_, first).line) +
                            "); the last one is used",
                        place.line, place.column});
  }

  std::string_view text_;
  const YamlReading& reading_;
  std::size_t budget_ = 0;
  int depth_ = 0;
  std::unordered_set<const YamlNode*> checked_;  // maps whose keys were looked at; aliases come back
};

Result<YamlDocument> to_document(std::string_view text, const YamlReading& reading, YamlTree& tree) {
  Converter converter(text, reading, tree);
  YamlDocument document;
  try {
    if (tree.root) document.value = converter.convert(*tree.root, tree.root->offset);
  } catch (const Trouble& e) {
    return text_error(text, reading.file, e.offset, e.what).advise(e.hint);
  }
  document.warnings = std::move(converter.warnings);
  return document;
}

std::string_view without_mark(std::string_view text) {
  return text.substr(0, 3) == "\xEF\xBB\xBF" ? text.substr(3) : text;
}

}  // namespace

Result<std::vector<YamlDocument>> decode_yaml_all(std::string_view text, const YamlReading& reading) {
  text = without_mark(text);
  auto trees = parse_yaml_trees(text, reading.file);
  if (!trees) return std::move(trees).error();
  std::vector<YamlDocument> documents;
  for (auto& tree : *trees) {
    auto document = to_document(text, reading, tree);
    if (!document) return std::move(document).error();
    documents.push_back(std::move(*document));
  }
  return documents;
}

Result<YamlDocument> decode_yaml(std::string_view text, const YamlReading& reading) {
  text = without_mark(text);
  auto trees = parse_yaml_trees(text, reading.file);
  if (!trees) return std::move(trees).error();
  if (trees->empty()) return YamlDocument{};
  if (trees->size() > 1)
    return text_error(text, reading.file, (*trees)[1].offset,
                      "a second document starts here; one was expected")
        .advise(
            "keep one document, without the line '---' before the second; scripts read several with "
            "decode_all");
  return to_document(text, reading, trees->front());
}

Result<YamlDocument> load_yaml(const std::string& path, YamlReading reading) {
  auto text = read_file(path);
  if (!text) return std::move(text).error();
  reading.file = path;
  return decode_yaml(*text, reading);
}

}  // namespace core
