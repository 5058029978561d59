#include <algorithm>
#include <utility>

#include "core/utf8.hpp"
#include "core/yaml_scanner.hpp"

namespace core {

namespace {

bool is_word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// What one line break plus `blank_lines` further ones mean where lines are folded.
std::string fold(std::string_view first_break, const std::string& blank_lines) {
  if (first_break != "\n") return std::string(first_break) + blank_lines;
  return blank_lines.empty() ? " " : blank_lines;
}

YamlToken token_at(YamlToken::Type type, std::size_t offset) {
  YamlToken token;
  token.type = type;
  token.offset = offset;
  return token;
}

}  // namespace

// -- plain ------------------------------------------------------------------------------------------

/// Whether the character here belongs to the plain scalar before it.
bool YamlScanner::plain_goes_on() const {
  if (is_blank()) return false;
  const char c = at();
  static constexpr std::string_view flow_ends = ",[]{}";
  const bool flow = !flows_.empty();
  if (c == ':') return !is_blank(1) && !(flow && flow_ends.find(at(1)) != std::string_view::npos);
  return !flow || (c != '?' && flow_ends.find(c) == std::string_view::npos);
}

YamlToken YamlScanner::scan_plain() {
  YamlToken token = token_at(Type::kScalar, at_);
  token.plain = true;
  const int indent = indent_ + 1;
  std::string space;
  while (at() != '#') {
    const std::size_t start = at_;
    while (plain_goes_on()) ++at_;
    if (at_ == start) break;
    key_allowed_ = false;
    token.text += space;
    token.text.append(text_, start, at_ - start);
    space.clear();
    if (!scan_plain_space(space) || at() == '#' || (flows_.empty() && column() < indent)) break;
  }
  return token;
}

/// Reads the space behind a word. False if there is none or a document ends in it.
bool YamlScanner::scan_plain_space(std::string& space) {
  const std::size_t start = at_;
  while (at() == ' ') ++at_;
  if (break_size() == 0) {
    space.assign(text_, start, at_ - start);
    return !space.empty();
  }
  const auto first = take_break();
  key_allowed_ = true;
  std::string blank_lines;
  while (!at_document_marker()) {
    if (at() == ' ') {
      ++at_;
    } else if (break_size() > 0) {
      blank_lines += take_break();
    } else {
      space = fold(first, blank_lines);
      return true;
    }
  }
  return false;
}

// -- quoted -----------------------------------------------------------------------------------------

YamlToken YamlScanner::scan_quoted(char quote) {
  YamlToken token = token_at(Type::kScalar, at_);
  ++at_;
  scan_quoted_text(quote, token.text);
  while (at() != quote) {
    scan_quoted_space(token.offset, token.text);
    scan_quoted_text(quote, token.text);
  }
  ++at_;
  return token;
}

void YamlScanner::scan_quoted_text(char quote, std::string& out) {
  while (!is_blank()) {
    if (at() == quote) {
      if (quote == '"' || at(1) != '\'') return;
      out += '\'';
      at_ += 2;
    } else if (at() == '\\' && quote == '"') {
      scan_escape(out);
    } else {
      out += at();
      ++at_;
    }
  }
}

void YamlScanner::scan_quoted_space(std::size_t opened, std::string& out) {
  const std::size_t start = at_;
  while (at() == ' ' || at() == '\t') ++at_;
  if (end()) fail_at(opened, "the quoted string that starts here is not closed");
  if (break_size() == 0) {
    out.append(text_, start, at_ - start);
    return;
  }
  const auto first = take_break();
  std::string blank_lines;
  scan_quoted_breaks(blank_lines);
  out += fold(first, blank_lines);
}

void YamlScanner::scan_quoted_breaks(std::string& out) {
  while (true) {
    if (at_document_marker()) fail("a document marker inside a quoted string", "close the quotes above");
    while (at() == ' ' || at() == '\t') ++at_;
    if (break_size() == 0) return;
    out += take_break();
  }
}

void YamlScanner::scan_escape(std::string& out) {
  static constexpr std::pair<char, char32_t> names[] = {
      {'0', 0},     {'a', 7},   {'b', 8},    {'t', 9},    {'\t', 9},     {'n', 10},
      {'v', 11},    {'f', 12},  {'r', 13},   {'e', 0x1B}, {' ', 32},     {'"', '"'},
      {'\\', '\\'}, {'/', '/'}, {'N', 0x85}, {'_', 0xA0}, {'L', 0x2028}, {'P', 0x2029}};
  const std::size_t start = at_++;
  if (break_size() > 0) {  // the line goes on without a space
    skip_break();
    return scan_quoted_breaks(out);
  }
  const char name = at();
  const auto known =
      std::find_if(std::begin(names), std::end(names), [name](auto e) { return e.first == name; });
  if (known != std::end(names)) {
    append_utf8(out, known->second);
    ++at_;
  } else if (name == 'x' || name == 'u' || name == 'U') {
    ++at_;
    scan_hex(name == 'x' ? 2 : name == 'u' ? 4 : 8, out);
  } else {
    fail_at(start, "unknown escape in a double-quoted string",
            "write \\\\ for a backslash, or use single quotes");
  }
}

void YamlScanner::scan_hex(std::size_t digits, std::string& out) {
  char32_t code = 0;
  for (std::size_t i = 0; i < digits; ++i, ++at_) {
    const int digit = hex_digit(at());
    if (digit < 0) fail(std::to_string(digits) + " hexadecimal digits were expected in this escape");
    code = code << 4 | static_cast<char32_t>(digit);
  }
  if (code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
    fail_at(at_ - digits, "this escape is not a Unicode character");
  append_utf8(out, code);
}

// -- block ------------------------------------------------------------------------------------------

YamlToken YamlScanner::scan_block(bool folded) {
  YamlToken token = token_at(Type::kScalar, at_);
  ++at_;
  char chomping = ' ';
  const int increment = scan_block_header(chomping);
  const int least = std::max(indent_ + 1, 1);
  std::string breaks, last_break;
  int indent = least + increment - 1;
  if (increment == 0) {
    indent = std::max(least, scan_block_breaks(-1, breaks));
  } else {
    scan_block_breaks(indent, breaks);
  }
  token.text = scan_block_lines(indent, folded, last_break, breaks);
  if (chomping != '-') token.text += last_break;
  if (chomping == '+') token.text += breaks;
  return token;
}

/// Reads `|+2` up to the end of its line. Returns the indentation it gives, 0 if none.
int YamlScanner::scan_block_header(char& chomping) {
  int increment = 0;
  for (int i = 0; i < 2; ++i) {
    if ((at() == '+' || at() == '-') && chomping == ' ') {
      chomping = at();
    } else if (at() >= '0' && at() <= '9' && increment == 0) {
      increment = at() - '0';
      if (increment == 0) fail("a block's indentation must be 1 to 9");
    } else {
      break;
    }
    ++at_;
  }
  if (at() == '#') fail("a comment needs a blank in front of it");
  finish_line("behind the header of a block");
  return increment;
}

/// Steps over blank lines and the indentation of the next line, at most `indent` columns of it (-1: all).
/// Returns the widest indentation seen.
int YamlScanner::scan_block_breaks(int indent, std::string& breaks) {
  int widest = 0;
  while (true) {
    while (at() == ' ' && (indent < 0 || column() < indent)) ++at_;
    widest = std::max(widest, column());
    if (break_size() == 0) return widest;
    breaks += take_break();
  }
}

std::string YamlScanner::scan_block_lines(int indent, bool folded, std::string& last_break,
                                          std::string& breaks) {
  std::string text;
  while (column() == indent && !end()) {
    text += breaks;
    breaks.clear();
    const bool starts_with_text = at() != ' ' && at() != '\t';
    const std::size_t start = at_;
    while (!end() && break_size() == 0) ++at_;
    text.append(text_, start, at_ - start);
    last_break.clear();
    if (!end()) last_break = take_break();
    scan_block_breaks(indent, breaks);
    if (column() != indent || end()) break;
    const bool next_is_text = at() != ' ' && at() != '\t';
    if (!folded || last_break != "\n" || !starts_with_text || !next_is_text) {
      text += last_break;
    } else if (breaks.empty()) {
      text += ' ';
    }
  }
  return text;
}

void YamlScanner::finish_line(const char* behind) {
  while (at() == ' ') ++at_;
  if (at() == '#')
    while (!end() && break_size() == 0) ++at_;
  if (end()) return;
  if (break_size() == 0) fail(std::string("the line must end ") + behind);
  skip_break();
}

// -- names, tags, directives ------------------------------------------------------------------------

YamlToken YamlScanner::scan_name(Type type) {
  const char* what = type == Type::kAlias ? "an alias ('*name')" : "an anchor ('&name')";
  YamlToken token = token_at(type, at_);
  const std::size_t start = ++at_;
  while (is_word(at())) ++at_;
  token.text = text_.substr(start, at_ - start);
  static constexpr std::string_view ends = "?:,]}%@`";
  if (token.text.empty() || (!is_blank() && ends.find(at()) == std::string_view::npos))
    fail(std::string("the name of ") + what + " has letters, digits, '-' and '_' only",
         std::string("quote the string if it is meant to start with '") + text_[token.offset] + "'");
  return token;
}

YamlToken YamlScanner::scan_tag() {
  YamlToken token = token_at(Type::kTag, at_);
  ++at_;
  if (at() == '<') {
    ++at_;
    token.text = scan_tag_text(">");
    if (at() != '>') fail("'>' was expected at the end of the tag");
    ++at_;
  } else if (is_blank()) {
    token.text = "!";
  } else {
    std::size_t stop = at_;
    while (stop < text_.size() && is_word(text_[stop])) ++stop;
    const bool has_handle = stop < text_.size() && text_[stop] == '!';
    token.handle = has_handle ? std::string(text_.substr(token.offset, stop + 1 - token.offset)) : "!";
    if (has_handle) at_ = stop + 1;
    token.text = scan_tag_text("");
  }
  if (!is_blank() && !(at() == ',' && !flows_.empty())) fail("a space was expected behind the tag");
  return token;
}

std::string YamlScanner::scan_tag_text(std::string_view stops) {
  static constexpr std::string_view marks = ";/?:@&=+$,_.!~*'()[]%";
  std::string text;
  while (!is_blank() && stops.find(at()) == std::string_view::npos) {
    if (!is_word(at()) && marks.find(at()) == std::string_view::npos) break;
    if (at() == ',' && stops.empty() && !flows_.empty()) break;
    if (at() == '%' && hex_digit(at(1)) >= 0 && hex_digit(at(2)) >= 0) {
      text += static_cast<char>(hex_digit(at(1)) * 16 + hex_digit(at(2)));
      at_ += 3;
    } else {
      text += at();
      ++at_;
    }
  }
  if (text.empty()) fail("a tag without a name", "quote the string if it is meant to start with '!'");
  return text;
}

YamlToken YamlScanner::scan_directive() {
  YamlToken token = token_at(Type::kDirective, at_);
  const std::size_t start = ++at_;
  while (!is_blank()) ++at_;
  token.handle = text_.substr(start, at_ - start);
  while (at() == ' ') ++at_;
  const std::size_t arguments = at_;
  while (!end() && break_size() == 0 && !(at() == '#' && at_ > 0 && text_[at_ - 1] == ' ')) ++at_;
  token.text = text_.substr(arguments, at_ - arguments);
  while (!token.text.empty() && token.text.back() == ' ') token.text.pop_back();
  finish_line("behind a directive");
  return token;
}

}  // namespace core
