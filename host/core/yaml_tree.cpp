#include "core/yaml_tree.hpp"

#include <algorithm>
#include <istream>
#include <streambuf>
#include <utility>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "core/source.hpp"
#include "core/utf8.hpp"

namespace core {

namespace {

/// yaml-cpp counts bytes in its columns and knows no other line break than '\n', like us.
std::size_t offset_of(std::string_view text, const YAML::Mark& mark) {
  if (mark.is_null()) return 0;
  const std::size_t start = line_start(text, mark.line);
  return std::min(start + static_cast<std::size_t>(std::max(mark.column, 0)), text.size());
}

class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(const std::vector<std::size_t>& lines, std::size_t size) : lines_(lines), size_(size) {}

  YamlTree finish() { return std::exchange(tree_, {}); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    tree_.offset = at(mark);
    anchors_.clear();
    stack_.clear();
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(YamlNode::Kind::kScalar, mark, "?", anchor);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    add(YamlNode::Kind::kScalar, mark, tag, anchor)->text = text;
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(YamlNode::Kind::kAlias, mark, "?", 0)->target = anchors_.at(anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    stack_.push_back(add(YamlNode::Kind::kList, mark, tag, anchor));
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    stack_.push_back(add(YamlNode::Kind::kMap, mark, tag, anchor));
  }
  void OnSequenceEnd() override { stack_.pop_back(); }
  void OnMapEnd() override { stack_.pop_back(); }

 private:
  std::size_t at(const YAML::Mark& mark) const {
    if (mark.is_null() || mark.line >= static_cast<int>(lines_.size())) return size_;
    return std::min(lines_[static_cast<std::size_t>(mark.line)] + static_cast<std::size_t>(mark.column),
                    size_);
  }

  YamlNode* add(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    YamlNode& node = tree_.nodes.emplace_back();
    node.kind = kind;
    node.tag = tag;
    node.offset = at(mark);
    if (anchor) {
      if (anchors_.size() <= anchor) anchors_.resize(anchor + 1);
      anchors_[anchor] = &node;
    }
    if (stack_.empty()) {
      tree_.root = &node;
    } else {
      stack_.back()->children.push_back(&node);
    }
    return &node;
  }

  const std::vector<std::size_t>& lines_;  // offset of each line
  std::size_t size_;
  YamlTree tree_;
  std::vector<YamlNode*> stack_, anchors_;
};

/// Reads from memory that somebody else owns.
class ViewBuffer : public std::streambuf {
 public:
  explicit ViewBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());  // streambuf's interface; nothing writes
    setg(begin, begin, begin + text.size());
  }
};

struct Rewording {
  const char *theirs, *ours, *hint;
};

constexpr Rewording kRewordings[] = {
    {YAML::ErrorMsg::MAP_VALUE, "a ':' that starts a value is not allowed here",
     "quote a string that contains ': ', or check the indentation"},
    {YAML::ErrorMsg::MAP_KEY, "a map key is not allowed here", "check the indentation"},
    {YAML::ErrorMsg::BLOCK_ENTRY, "a list item ('- ') is not allowed here", "check the indentation"},
    {YAML::ErrorMsg::END_OF_MAP, "this line fits neither as the next key of the map nor as its end",
     "check the indentation, and that the line has the form 'key: value'"},
    {YAML::ErrorMsg::END_OF_SEQ, "this line fits neither as the next item of the list nor as its end",
     "check the indentation"},
    {YAML::ErrorMsg::END_OF_MAP_FLOW, "the map in braces is not closed; ',' or '}' was expected", ""},
    {YAML::ErrorMsg::END_OF_SEQ_FLOW, "the list in brackets is not closed; ',' or ']' was expected", ""},
    {YAML::ErrorMsg::FLOW_END, "a closing bracket without its opening one", ""},
    {YAML::ErrorMsg::TAB_IN_INDENTATION, "a tab is used as indentation", "indent with spaces"},
    {YAML::ErrorMsg::EOF_IN_SCALAR, "the quoted string is not closed", ""},
    {YAML::ErrorMsg::UNKNOWN_TOKEN, "a value cannot start with this character", "put it in quotes"},
    {YAML::ErrorMsg::UNKNOWN_ANCHOR, "this alias names an anchor that is not defined above it",
     "define it with '&name', or quote a string that starts with '*'"},
};

Error reworded(std::string_view text, const std::string& file, const YAML::Exception& e) {
  const std::size_t offset = offset_of(text, e.mark);
  const auto known = std::find_if(std::begin(kRewordings), std::end(kRewordings),
                                  [&e](const Rewording& r) { return e.msg.rfind(r.theirs, 0) == 0; });
  const bool found = known != std::end(kRewordings);
  Error error = text_error(text, file, offset, found ? known->ours : e.msg);
  if (found) error.hint = known->hint;
  if (error.facts["source"].get<std::string>().find("{{") != std::string::npos)
    error.hint = "this looks like a template; render it before it is read as YAML";
  return error;
}

/// Characters that YAML 1.1 allows in a text.
bool is_printable(char32_t c) {
  if (c < 0x7F) return c >= 0x20 || c == '\t' || c == '\n' || c == '\r';
  return c == 0x85 || (c >= 0xA0 && c != 0xFFFE && c != 0xFFFF);
}

/// yaml-cpp takes the byte 0x04 for the end of the text, so nothing unprintable may reach it.
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

std::vector<std::size_t> line_offsets(std::string_view text) {
  std::vector<std::size_t> lines{0};
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] == '\n') lines.push_back(i + 1);
  return lines;
}

/// yaml-cpp starts a new document wherever the old one cannot go on; YAML wants a `---` or `...` there.
const YamlTree* find_unmarked(std::string_view text, const std::vector<std::size_t>& lines,
                              const std::vector<YamlTree>& trees) {
  const auto is_marker = [text](std::size_t line) {
    const auto word = text.substr(line, 3);
    return word == "---" || word == "...";
  };
  for (std::size_t i = 1; i < trees.size(); ++i) {
    const auto from = std::upper_bound(lines.begin(), lines.end(), trees[i - 1].offset);
    const auto to = std::upper_bound(lines.begin(), lines.end(), trees[i].offset);
    if (from >= to || std::none_of(from, to, is_marker)) return &trees[i];
  }
  return nullptr;
}

}  // namespace

Result<std::vector<YamlTree>> parse_yaml_trees(std::string_view text, const std::string& file) {
  if (auto checked = check_characters(text, file); !checked) return std::move(checked).error();
  ViewBuffer buffer(text);
  std::istream stream(&buffer);
  const auto lines = line_offsets(text);
  std::vector<YamlTree> trees;
  try {
    YAML::Parser parser(stream);
    TreeBuilder builder(lines, text.size());
    while (parser.HandleNextDocument(builder)) trees.push_back(builder.finish());
  } catch (const YAML::Exception& e) {
    return reworded(text, file, e);
  } catch (const std::exception& e) {
    return text_error(text, file, 0, std::string("the text cannot be read as YAML: ") + e.what());
  }
  if (const auto* tree = find_unmarked(text, lines, trees))
    return text_error(text, file, tree->offset, "this text stands behind the end of the document")
        .advise("check quotes, brackets and indentation above; documents are separated by '---'");
  return trees;
}

}  // namespace core
