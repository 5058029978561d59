#include "core/yaml_lines.hpp"

#include <algorithm>
#include <vector>

#include "core/yaml_tree.hpp"

namespace core {

namespace {

class Lines {
 public:
  explicit Lines(std::string_view text) {
    for (std::size_t at = 0; at < text.size(); ++at) {
      if (text[at] == '\n') breaks_.push_back(at);
    }
  }

  Value places = Value::object();

  void walk(const YamlNode& node, const std::string& path) {
    if (node.kind == YamlNode::Kind::kList) {
      for (std::size_t i = 0; i < node.children.size(); ++i) {
        enter(*node.children[i], *node.children[i], child(path, std::to_string(i)));
      }
    } else if (node.kind == YamlNode::Kind::kMap) {
      for (std::size_t i = 0; i + 1 < node.children.size(); i += 2) {
        enter(*node.children[i], *node.children[i + 1], child(path, quoted(node.children[i]->text)));
      }
    }
  }

 private:
  void enter(const YamlNode& place, const YamlNode& node, const std::string& path) {
    places[path] = line_of(place.offset);
    walk(node, path);
  }

  long line_of(std::size_t offset) const {
    return std::lower_bound(breaks_.begin(), breaks_.end(), offset) - breaks_.begin() + 1;
  }

  static std::string child(const std::string& path, const std::string& key) {
    return path.empty() ? key : path + "." + key;
  }

  static std::string quoted(const std::string& key) {
    return key.find_first_of(".\"") == std::string::npos ? key : "\"" + key + "\"";
  }

  std::vector<std::size_t> breaks_;
};

}  // namespace

Result<Value> yaml_lines(std::string_view text, const std::string& file) {
  const std::string_view mark = "\xEF\xBB\xBF";
  if (text.substr(0, mark.size()) == mark) text.remove_prefix(mark.size());
  auto trees = parse_yaml_trees(text, file);
  if (!trees) return std::move(trees).error();
  Lines lines(text);
  if (!trees->empty() && trees->front().root) lines.walk(*trees->front().root, "");
  return std::move(lines.places);
}

}  // namespace core
