// YAML 1.1 text to tokens: the half of the parser that knows characters and indentation.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace core {

/// What is wrong and at which byte. Thrown while a text is scanned and parsed; never leaves the parser.
struct YamlSyntaxError {
  std::size_t offset;
  std::string what, hint;
};

struct YamlToken {
  enum class Type {
    kStreamEnd,
    kDirective,
    kDocumentStart,
    kDocumentEnd,
    kBlockList,
    kBlockMap,
    kBlockEnd,
    kFlowList,
    kFlowListEnd,
    kFlowMap,
    kFlowMapEnd,
    kBlockEntry,
    kFlowEntry,
    kKey,
    kValue,
    kAlias,
    kAnchor,
    kTag,
    kScalar
  };
  Type type = Type::kStreamEnd;
  std::size_t offset = 0;
  /// Text of a scalar, name of an anchor or alias, suffix of a tag, arguments of a directive.
  std::string text;
  /// Handle of a tag (`!`, `!!`, `!name!`; empty for a verbatim one); name of a directive.
  std::string handle;
  /// A scalar without quotes that is no block.
  bool plain = false;
};

/// Produces the tokens of one text. Block structure becomes explicit: `kBlockList` ... `kBlockEnd`.
class YamlScanner {
 public:
  /// `text` must be UTF-8 without control characters and byte order mark, and must outlive this.
  explicit YamlScanner(std::string_view text) : text_(text) {}

  /// The next token, which stays until `take`.
  const YamlToken& peek();
  YamlToken take();

 private:
  using Type = YamlToken::Type;

  /// A place where a key may have started that nothing but the ':' behind it announces.
  struct PossibleKey {
    std::size_t token_number, offset;
    int line, column;
    bool required;  // it stands at the indentation of its map, so it can be nothing else
  };

  // -- characters ---------------------------------------------------------------------------------
  char at(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  bool end() const { return at_ >= text_.size(); }
  /// Bytes of the line break `ahead` of here, 0 if there is none.
  std::size_t break_size(std::size_t ahead = 0) const;
  /// A space, tab, line break or the end.
  bool is_blank(std::size_t ahead = 0) const;
  int column() const { return static_cast<int>(at_ - line_start_); }
  void skip_break();
  /// Steps over a line break; returns what it means inside a scalar.
  std::string_view take_break();
  bool at_document_marker() const;
  [[noreturn]] void fail(std::string what, std::string hint = "") const;
  [[noreturn]] static void fail_at(std::size_t offset, std::string what, std::string hint = "");

  // -- structure ----------------------------------------------------------------------------------
  bool need_more() const;
  void fetch();
  bool fetch_marker();
  bool fetch_flow_indicator(char c);
  bool fetch_block_indicator(char c);
  bool fetch_scalar(char c);
  [[noreturn]] void refuse_character(char c) const;
  void skip_to_token();
  void push(Type type, std::size_t length);
  void open_flow(Type type);
  void close_flow(Type type);
  void fetch_entry();
  void fetch_key();
  void fetch_value();
  void fetch_end();
  void close_blocks(int column);
  bool open_block(int column);
  void note_possible_key();
  void drop_possible_key();
  void drop_stale_keys();
  [[noreturn]] static void missing_colon(const PossibleKey& key);

  // -- scalars, tags, directives (yaml_scan_text.cpp) -----------------------------------------------
  YamlToken scan_plain();
  bool plain_goes_on() const;
  bool scan_plain_space(std::string& space);
  YamlToken scan_quoted(char quote);
  void scan_quoted_text(char quote, std::string& out);
  void scan_quoted_space(std::size_t opened, std::string& out);
  void scan_quoted_breaks(std::string& out);
  void scan_escape(std::string& out);
  void scan_hex(std::size_t digits, std::string& out);
  YamlToken scan_block(bool folded);
  int scan_block_header(char& chomping);
  int scan_block_breaks(int indent, std::string& breaks);
  std::string scan_block_lines(int indent, bool folded, std::string& last_break, std::string& breaks);
  YamlToken scan_name(Type type);
  YamlToken scan_tag();
  std::string scan_tag_text(std::string_view stops);
  YamlToken scan_directive();
  void finish_line(const char* behind);

  std::string_view text_;
  std::size_t at_ = 0, line_start_ = 0;
  int line_ = 0;
  std::deque<YamlToken> tokens_;
  std::size_t taken_ = 0;  // tokens handed out so far
  bool ended_ = false;
  int indent_ = -1;
  std::vector<int> outer_indents_;
  std::vector<std::size_t> flows_;  // offsets of the open brackets
  bool key_allowed_ = true;
  std::map<std::size_t, PossibleKey> keys_;  // by depth of flow
};

}  // namespace core
