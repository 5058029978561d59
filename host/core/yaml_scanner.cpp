#include "core/yaml_scanner.hpp"

#include <algorithm>
#include <utility>

#include "core/utf8.hpp"

namespace core {

namespace {

constexpr std::size_t kLongestKey = 1024;  // bytes between a key's start and its ':'

}  // namespace

// -- characters -------------------------------------------------------------------------------------

std::size_t YamlScanner::break_size(std::size_t ahead) const {
  switch (at(ahead)) {
    case '\n':
      return 1;
    case '\r':
      return at(ahead + 1) == '\n' ? 2 : 1;
    case '\xC2':
      return at(ahead + 1) == '\x85' ? 2 : 0;
    case '\xE2':
      return at(ahead + 1) == '\x80' && (at(ahead + 2) == '\xA8' || at(ahead + 2) == '\xA9') ? 3 : 0;
    default:
      return 0;
  }
}

bool YamlScanner::is_blank(std::size_t ahead) const {
  const char c = at(ahead);
  return c == ' ' || c == '\t' || c == '\0' || break_size(ahead) > 0;
}

void YamlScanner::skip_break() {
  at_ += break_size();
  line_start_ = at_;
  ++line_;
}

std::string_view YamlScanner::take_break() {
  const auto taken = text_.substr(at_, break_size());
  skip_break();
  return taken.size() == 3 ? taken : "\n";
}

bool YamlScanner::at_document_marker() const {
  if (column() != 0) return false;
  const auto word = text_.substr(at_, 3);
  return (word == "---" || word == "...") && is_blank(3);
}

void YamlScanner::fail(std::string what, std::string hint) const {
  fail_at(at_, std::move(what), std::move(hint));
}

void YamlScanner::fail_at(std::size_t offset, std::string what, std::string hint) {
  throw YamlSyntaxError{offset, std::move(what), std::move(hint)};
}

// -- structure --------------------------------------------------------------------------------------

const YamlToken& YamlScanner::peek() {
  while (need_more()) fetch();
  return tokens_.front();
}

YamlToken YamlScanner::take() {
  peek();
  YamlToken token = std::move(tokens_.front());
  if (token.type != Type::kStreamEnd) {
    tokens_.pop_front();
    ++taken_;
  }
  return token;
}

/// A token may only be handed out when no ':' further on can still turn it into a key.
bool YamlScanner::need_more() const {
  if (ended_) return false;
  if (tokens_.empty()) return true;
  return std::any_of(keys_.begin(), keys_.end(),
                     [this](const auto& entry) { return entry.second.token_number == taken_; });
}

void YamlScanner::fetch() {
  skip_to_token();
  drop_stale_keys();
  close_blocks(column());
  if (end()) return fetch_end();
  const char c = at();
  if (fetch_marker() || fetch_flow_indicator(c) || fetch_block_indicator(c) || fetch_scalar(c)) return;
  refuse_character(c);
}

void YamlScanner::skip_to_token() {
  while (true) {
    while (at() == ' ') ++at_;
    if (at() == '#')
      while (!end() && break_size() == 0) ++at_;
    if (break_size() == 0) return;
    skip_break();
    if (flows_.empty()) key_allowed_ = true;
  }
}

bool YamlScanner::fetch_marker() {
  const bool directive = column() == 0 && at() == '%';
  if (!directive && !at_document_marker()) return false;
  close_blocks(-1);
  drop_possible_key();
  key_allowed_ = false;
  if (directive) {
    tokens_.push_back(scan_directive());
  } else {
    push(at() == '-' ? Type::kDocumentStart : Type::kDocumentEnd, 3);
  }
  return true;
}

bool YamlScanner::fetch_flow_indicator(char c) {
  switch (c) {
    case '[':
      open_flow(Type::kFlowList);
      return true;
    case '{':
      open_flow(Type::kFlowMap);
      return true;
    case ']':
      close_flow(Type::kFlowListEnd);
      return true;
    case '}':
      close_flow(Type::kFlowMapEnd);
      return true;
    case ',':
      drop_possible_key();
      key_allowed_ = true;
      push(Type::kFlowEntry, 1);
      return true;
    default:
      return false;
  }
}

bool YamlScanner::fetch_block_indicator(char c) {
  const bool flow = !flows_.empty();
  if (c == '-' && is_blank(1)) {
    fetch_entry();
  } else if (c == '?' && (flow || is_blank(1))) {
    fetch_key();
  } else if (c == ':' && (flow || is_blank(1))) {
    fetch_value();
  } else {
    return false;
  }
  return true;
}

bool YamlScanner::fetch_scalar(char c) {
  if ((c == '|' || c == '>') && flows_.empty()) {
    drop_possible_key();
    key_allowed_ = true;
    tokens_.push_back(scan_block(c == '>'));
    return true;
  }
  static constexpr std::string_view indicators = "-?:,[]{}#&*!|>'\"%@`";
  const bool safe_start = (c == '-' || (flows_.empty() && (c == '?' || c == ':'))) && !is_blank(1);
  const bool plain = !is_blank() && (safe_start || indicators.find(c) == std::string_view::npos);
  if (!plain && c != '*' && c != '&' && c != '!' && c != '\'' && c != '"') return false;
  note_possible_key();
  key_allowed_ = false;
  if (plain) {
    tokens_.push_back(scan_plain());
  } else if (c == '*' || c == '&') {
    tokens_.push_back(scan_name(c == '*' ? Type::kAlias : Type::kAnchor));
  } else {
    tokens_.push_back(c == '!' ? scan_tag() : scan_quoted(c));
  }
  return true;
}

void YamlScanner::refuse_character(char c) const {
  if (c == '\t') fail("a tab is used as indentation or in front of a value", "use spaces");
  fail(std::string("a value cannot start with '") + c + "'", "put it in quotes");
}

void YamlScanner::push(Type type, std::size_t length) {
  YamlToken token;
  token.type = type;
  token.offset = at_;
  tokens_.push_back(std::move(token));
  at_ += length;
}

void YamlScanner::open_flow(Type type) {
  note_possible_key();
  flows_.push_back(at_);
  key_allowed_ = true;
  push(type, 1);
}

void YamlScanner::close_flow(Type type) {
  if (flows_.empty()) fail("a closing bracket without its opening one");
  if (text_[flows_.back()] != (type == Type::kFlowListEnd ? '[' : '{'))
    fail(std::string("'") + at() + "' does not close the '" + text_[flows_.back()] + "' before it");
  drop_possible_key();
  flows_.pop_back();
  key_allowed_ = false;
  push(type, 1);
}

void YamlScanner::fetch_entry() {
  if (flows_.empty()) {
    if (!key_allowed_) fail("a list item ('- ') is not allowed here", "put it on a line of its own");
    if (open_block(column())) push(Type::kBlockList, 0);
  }
  key_allowed_ = true;
  drop_possible_key();
  push(Type::kBlockEntry, 1);
}

void YamlScanner::fetch_key() {
  if (flows_.empty()) {
    if (!key_allowed_) fail("a map key is not allowed here", "put it on a line of its own, or quote the '?'");
    if (open_block(column())) push(Type::kBlockMap, 0);
  }
  key_allowed_ = flows_.empty();
  drop_possible_key();
  push(Type::kKey, 1);
}

void YamlScanner::fetch_value() {
  const auto found = keys_.find(flows_.size());
  if (found != keys_.end()) {
    const PossibleKey key = found->second;
    keys_.erase(found);
    YamlToken token;
    token.type = Type::kKey;
    token.offset = key.offset;
    const auto place = tokens_.begin() + static_cast<std::ptrdiff_t>(key.token_number - taken_);
    const auto inserted = tokens_.insert(place, token);
    if (flows_.empty() && open_block(key.column)) {
      token.type = Type::kBlockMap;
      tokens_.insert(inserted, token);
    }
    key_allowed_ = false;
  } else {
    if (flows_.empty()) {
      if (!key_allowed_)
        fail("a ':' that starts a value is not allowed here",
             "quote a string that contains ': ', or check the indentation");
      if (open_block(column())) push(Type::kBlockMap, 0);
    }
    key_allowed_ = flows_.empty();
    drop_possible_key();
  }
  push(Type::kValue, 1);
}

void YamlScanner::fetch_end() {
  if (!flows_.empty())
    fail_at(flows_.back(), std::string("the '") + text_[flows_.back()] + "' opened here is not closed");
  close_blocks(-1);
  drop_possible_key();
  keys_.clear();
  ended_ = true;
  push(Type::kStreamEnd, 0);
}

void YamlScanner::close_blocks(int column) {
  if (!flows_.empty()) return;
  while (indent_ > column) {
    indent_ = outer_indents_.back();
    outer_indents_.pop_back();
    push(Type::kBlockEnd, 0);
  }
}

bool YamlScanner::open_block(int column) {
  if (indent_ >= column) return false;
  outer_indents_.push_back(indent_);
  indent_ = column;
  return true;
}

void YamlScanner::note_possible_key() {
  if (!key_allowed_) return;
  drop_possible_key();
  const bool required = flows_.empty() && indent_ == column();
  keys_[flows_.size()] = {taken_ + tokens_.size(), at_, line_, column(), required};
}

void YamlScanner::drop_possible_key() {
  const auto found = keys_.find(flows_.size());
  if (found == keys_.end()) return;
  if (found->second.required) missing_colon(found->second);
  keys_.erase(found);
}

void YamlScanner::drop_stale_keys() {
  for (auto it = keys_.begin(); it != keys_.end();) {
    const PossibleKey& key = it->second;
    if (key.line == line_ && at_ - key.offset <= kLongestKey) {
      ++it;
      continue;
    }
    if (key.required) missing_colon(key);
    it = keys_.erase(it);
  }
}

void YamlScanner::missing_colon(const PossibleKey& key) {
  fail_at(key.offset, "a 'key: value' was expected, but this line has no ': '",
          "write a space behind the ':', or check the indentation");
}

}  // namespace core
