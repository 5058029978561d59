#include "core/render/lexer.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "core/render/operators.hpp"
#include "core/render/unicode.hpp"

namespace core::render {

namespace {

struct Operator {
  std::string_view text;
  TokenType type;
};

// Two-character operators stand before their first character.
constexpr std::array<Operator, 27> kOperators = {{
    {"//", TokenType::kFloorDiv},   {"**", TokenType::kPow},          {"==", TokenType::kEqual},
    {"!=", TokenType::kNotEqual},   {">=", TokenType::kGreaterEqual}, {"<=", TokenType::kLessEqual},
    {"+", TokenType::kAdd},         {"-", TokenType::kSub},           {"/", TokenType::kDiv},
    {"*", TokenType::kMul},         {"%", TokenType::kMod},           {"~", TokenType::kTilde},
    {"[", TokenType::kLeftBracket}, {"]", TokenType::kRightBracket},  {"(", TokenType::kLeftParen},
    {")", TokenType::kRightParen},  {"{", TokenType::kLeftBrace},     {"}", TokenType::kRightBrace},
    {">", TokenType::kGreater},     {"<", TokenType::kLess},          {"=", TokenType::kAssign},
    {".", TokenType::kDot},         {":", TokenType::kColon},         {"|", TokenType::kPipe},
    {",", TokenType::kComma},       {";", TokenType::kSemicolon},     {"", TokenType::kEnd},
}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_word(std::string_view text, std::size_t at) {
  const char c = text[at];
  if (static_cast<unsigned char>(c) >= 0x80) return unicode::is_word(char_at(text, at));
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/// Thrown inside the lexer; becomes an error token.
struct Trouble {
  int line;
  std::string message;
};

enum class Tag : std::uint8_t { kNone, kRaw, kBlock, kVariable, kComment, kLineStatement, kLineComment };

/// Where the next tag begins, and where what is inside it begins.
struct Opening {
  Tag tag = Tag::kNone;
  std::size_t begin = 0, end = 0;
  char sign = 0;  // '-', '+' or none
};

class Lexer {
 public:
  Lexer(std::string_view source, const Options& options, std::vector<Token>& out)
      : source_(source), options_(options), out_(out) {
    delimiters_ = {{options.variable_start_string, Tag::kVariable},
                   {options.comment_start_string, Tag::kComment},
                   {options.block_start_string, Tag::kBlock}};
    std::stable_sort(delimiters_.begin(), delimiters_.end(),
                     [](const auto& a, const auto& b) { return a.first.size() > b.first.size(); });
    same_first_ = options.line_statement_prefix.empty() && options.line_comment_prefix.empty();
    for (const auto& delimiter : delimiters_)
      same_first_ = same_first_ && delimiter.first[0] == delimiters_[0].first[0];
  }

  void run() {
    while (at_ < source_.size()) {
      const Opening opening = find_opening();
      if (opening.tag == Tag::kNone) {
        push(TokenType::kData, source_.substr(at_));
        count_lines(at_, source_.size());
        at_ = source_.size();
        break;
      }
      lex_data(opening);
      lex_tag(opening);
    }
  }

 private:
  void push(TokenType type, std::string_view text) { out_.push_back({type, line_, text}); }

  void count_lines(std::size_t from, std::size_t to) {
    line_ += static_cast<int>(std::count(source_.begin() + static_cast<std::ptrdiff_t>(from),
                                         source_.begin() + static_cast<std::ptrdiff_t>(to), '\n'));
  }

  bool starts(std::size_t at, std::string_view with) const {
    return at <= source_.size() && source_.substr(at, with.size()) == with;
  }

  std::size_t skip_space(std::size_t at) const {
    for (std::size_t size = 0; at < source_.size() && (size = space_size(source_, at)) > 0;) at += size;
    return at;
  }

  // -- tags ------------------------------------------------------------------------------------------

  Opening find_opening() const {
    for (std::size_t at = at_; at < source_.size(); ++at) {
      if (same_first_) {
        at = source_.find(delimiters_[0].first[0], at);
        if (at == std::string_view::npos) break;
      }
      Opening opening;
      if (opens_at(at, opening)) return opening;
    }
    return {};
  }

  bool opens_at(std::size_t at, Opening& opening) const {
    if (raw_at(at, opening)) return true;
    if (!same_first_ && line_tag_at(at, opening)) return true;
    for (const auto& [start, tag] : delimiters_) {
      if (!starts(at, start)) continue;
      opening = {tag, at, at + start.size(), 0};
      take_sign(opening);
      return true;
    }
    return false;
  }

  void take_sign(Opening& opening) const {
    if (opening.end >= source_.size()) return;
    const char c = source_[opening.end];
    if (c != '-' && c != '+') return;
    opening.sign = c;
    ++opening.end;
  }

  // `{% raw %}`; the sign of its end can only be '-'.
  bool raw_at(std::size_t at, Opening& opening) const {
    if (!starts(at, options_.block_start_string)) return false;
    Opening found{Tag::kRaw, at, at + options_.block_start_string.size(), 0};
    take_sign(found);
    std::size_t inside = skip_space(found.end);
    if (!starts(inside, "raw")) return false;
    inside = skip_space(inside + 3);
    const std::string& end = options_.block_end_string;
    if (starts(inside, "-" + end)) {
      found.end = skip_space(inside + 1 + end.size());
    } else if (starts(inside, end)) {
      found.end = inside + end.size();
    } else {
      return false;
    }
    opening = found;
    return true;
  }

  bool line_tag_at(std::size_t at, Opening& opening) const {
    const bool line_start = at == 0 || source_[at - 1] == '\n';
    std::size_t inside = at;
    while (inside < source_.size() &&
           (source_[inside] == ' ' || source_[inside] == '\t' || source_[inside] == '\v'))
      ++inside;
    const std::string& comment = options_.line_comment_prefix;
    const std::string& statement = options_.line_statement_prefix;
    const bool after_text = at > 0 && space_size(source_, at - 1) == 0;
    Opening found;
    if (!statement.empty() && line_start && starts(inside, statement))
      found = {Tag::kLineStatement, at, inside + statement.size(), 0};
    if (!comment.empty() && (line_start || after_text) && starts(inside, comment) &&
        (found.tag == Tag::kNone || comment.size() > statement.size()))
      found = {Tag::kLineComment, at, inside + comment.size(), 0};
    if (found.tag == Tag::kNone) return false;
    take_sign(found);
    opening = found;
    return true;
  }

  // -- text before a tag -----------------------------------------------------------------------------

  void lex_data(const Opening& opening) {
    const std::string_view text = source_.substr(at_, opening.begin - at_);
    std::string_view kept = text;
    if (opening.sign == '-') {
      kept = trim_right(text);
    } else if (opening.sign != '+' && options_.lstrip_blocks && opening.tag != Tag::kVariable) {
      const auto newline = text.rfind('\n');
      const std::size_t line_begin = newline == std::string_view::npos ? 0 : newline + 1;
      if ((line_begin > 0 || line_starting_) && is_space_only(text.substr(line_begin)))
        kept = text.substr(0, line_begin);
    }
    if (!kept.empty()) push(TokenType::kData, kept);
    count_lines(at_, opening.begin);
  }

  static std::string_view trim_right(std::string_view text) {
    std::size_t kept = 0;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t space = space_size(text, at);
      at += space > 0 ? space : char_size(text, at);
      if (space == 0) kept = at;
    }
    return text.substr(0, kept);
  }

  static bool is_space_only(std::string_view text) { return trim_right(text).empty(); }

  // -- inside tags -----------------------------------------------------------------------------------

  void lex_tag(const Opening& opening) {
    switch (opening.tag) {
      case Tag::kRaw:
        return lex_raw(opening);
      case Tag::kComment:
        return lex_comment(opening);
      case Tag::kLineComment:
        return lex_line_comment(opening);
      case Tag::kVariable:
        push(TokenType::kVariableBegin, source_.substr(opening.begin, 0));
        break;
      default:
        push(TokenType::kBlockBegin, source_.substr(opening.begin, 0));
    }
    enter(opening.begin, opening.end);
    lex_code(opening.tag);
  }

  void enter(std::size_t from, std::size_t to) {
    count_lines(from, to);
    at_ = to;
    line_starting_ = to > 0 && source_[to - 1] == '\n';
  }

  /// The end of a block or comment tag at `at`: 0 if it is not there, else behind it and what it swallows.
  std::size_t block_end_at(std::size_t at, const std::string& end, bool may_keep) const {
    if (starts(at, "-") && starts(at + 1, end)) return skip_space(at + 1 + end.size());
    if (may_keep && starts(at, "+") && starts(at + 1, end)) return at + 1 + end.size();
    if (!starts(at, end)) return 0;
    const std::size_t behind = at + end.size();
    return may_keep && options_.trim_blocks && starts(behind, "\n") ? behind + 1 : behind;
  }

  void lex_comment(const Opening& opening) {
    count_lines(opening.begin, opening.end);
    for (std::size_t at = opening.end; at < source_.size(); ++at) {
      if (const std::size_t behind = block_end_at(at, options_.comment_end_string, true)) {
        return enter(opening.end, behind);
      }
    }
    if (opening.end >= source_.size()) return enter(opening.end, source_.size());
    throw Trouble{line_, "Missing end of comment tag"};
  }

  void lex_line_comment(const Opening& opening) {
    const auto end = source_.find('\n', opening.end);
    enter(opening.begin, end == std::string_view::npos ? source_.size() : end);
  }

  void lex_raw(const Opening& opening) {
    count_lines(opening.begin, opening.end);
    for (std::size_t at = opening.end; at < source_.size(); ++at) {
      if (!starts(at, options_.block_start_string)) continue;
      Opening end{Tag::kBlock, at, at + options_.block_start_string.size(), 0};
      take_sign(end);
      const std::size_t word = skip_space(end.end);
      if (!starts(word, "endraw")) continue;
      const std::size_t behind = block_end_at(skip_space(word + 6), options_.block_end_string, true);
      if (behind == 0) continue;
      at_ = opening.end;
      line_starting_ = at_ > 0 && source_[at_ - 1] == '\n';
      lex_data(end);
      return enter(at, behind);
    }
    if (opening.end >= source_.size()) return enter(opening.end, source_.size());
    throw Trouble{line_, "Missing end of raw directive"};
  }

  void lex_code(Tag tag) {
    std::vector<char> open;
    while (true) {
      if (open.empty()) {
        if (const std::size_t behind = code_end(tag)) {
          push(tag == Tag::kVariable ? TokenType::kVariableEnd : TokenType::kBlockEnd,
               source_.substr(at_, 0));
          return enter(at_, behind);
        }
      }
      if (at_ >= source_.size()) {
        if (tag == Tag::kLineStatement) push(TokenType::kBlockEnd, {});
        return;
      }
      lex_one(open);
    }
  }

  std::size_t code_end(Tag tag) const {
    if (tag == Tag::kVariable) return block_end_at(at_, options_.variable_end_string, false);
    if (tag == Tag::kBlock) return block_end_at(at_, options_.block_end_string, true);
    for (std::size_t at = at_; at < source_.size(); ++at) {
      if (source_[at] == '\n') return at + 1;
      if (space_size(source_, at) == 0) break;
    }
    return 0;
  }

  void lex_one(std::vector<char>& open) {
    if (const std::size_t space = space_size(source_, at_)) {
      if (source_[at_] == '\n') ++line_;
      at_ += space;
      return;
    }
    if (lex_number() || lex_name() || lex_string() || lex_operator(open)) return;
    std::string shown;
    append_quoted(shown, source_.substr(at_, char_size(source_, at_)));
    throw Trouble{line_,
                  "unexpected char " + shown + " at " + std::to_string(Text::count(source_.substr(0, at_)))};
  }

  void take(TokenType type, std::size_t size) {
    push(type, source_.substr(at_, size));
    count_lines(at_, at_ + size);
    at_ += size;
  }

  /// Behind digits with single underscores between them that start at `at`; `at` if there are none.
  template <class Is>
  std::size_t skip_digits(std::size_t at, const Is& is) const {
    const auto digit = [&](std::size_t i) { return i < source_.size() && is(source_[i]); };
    if (!digit(at)) return at;
    while (digit(at) || (starts(at, "_") && digit(at + 1))) ++at;
    return at;
  }

  bool lex_number() {
    if (!is_digit(source_[at_])) return false;
    if (const std::size_t end = float_end()) {
      take(TokenType::kFloat, end - at_);
    } else {
      take(TokenType::kInteger, integer_end() - at_);
    }
    return true;
  }

  /// 0 if no float starts here. `1.5`, `1e5`, `1.5e-5`; not right behind a dot.
  std::size_t float_end() const {
    if (at_ > 0 && source_[at_ - 1] == '.') return 0;
    std::size_t at = skip_digits(at_, is_digit);
    bool real = false;
    if (starts(at, ".")) {
      const std::size_t fraction = skip_digits(at + 1, is_digit);
      if (fraction > at + 1) {
        at = fraction;
        real = true;
      }
    }
    if (at < source_.size() && (source_[at] == 'e' || source_[at] == 'E')) {
      std::size_t exponent = at + 1;
      if (starts(exponent, "+") || starts(exponent, "-")) ++exponent;
      const std::size_t end = skip_digits(exponent, is_digit);
      if (end > exponent) {
        at = end;
        real = true;
      }
    }
    return real ? at : 0;
  }

  std::size_t integer_end() const {
    if (source_[at_] != '0') return skip_digits(at_, is_digit);
    const char kind = at_ + 1 < source_.size() ? source_[at_ + 1] : '\0';
    const std::size_t first = at_ + 2 + (starts(at_ + 2, "_") ? 1 : 0);
    std::size_t end = at_;
    if (kind == 'b' || kind == 'B')
      end = skip_digits(first, [](char c) { return c == '0' || c == '1'; });
    else if (kind == 'o' || kind == 'O')
      end = skip_digits(first, [](char c) { return c >= '0' && c <= '7'; });
    else if (kind == 'x' || kind == 'X')
      end = skip_digits(
          first, [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); });
    if (end > first) return end;
    return skip_digits(at_, [](char c) { return c == '0'; });
  }

  bool lex_name() {
    std::size_t end = at_;
    while (end < source_.size() && is_word(source_, end)) end += char_size(source_, end);
    if (end == at_) return false;
    take(TokenType::kName, end - at_);
    return true;
  }

  bool lex_string() {
    const char quote = source_[at_];
    if (quote != '\'' && quote != '"') return false;
    for (std::size_t end = at_ + 1; end < source_.size(); ++end) {
      if (source_[end] == '\\') {
        ++end;
      } else if (source_[end] == quote) {
        take(TokenType::kString, end + 1 - at_);
        return true;
      }
    }
    return false;
  }

  bool lex_operator(std::vector<char>& open) {
    for (const auto& op : kOperators) {
      if (op.text.empty() || !starts(at_, op.text)) continue;
      balance(op.text, open);
      take(op.type, op.text.size());
      return true;
    }
    return false;
  }

  void balance(std::string_view op, std::vector<char>& open) const {
    if (op == "(" || op == "[" || op == "{") {
      open.push_back(op == "(" ? ')' : op == "[" ? ']' : '}');
    } else if (op == ")" || op == "]" || op == "}") {
      if (open.empty()) throw Trouble{line_, "unexpected '" + std::string(op) + "'"};
      if (open.back() != op[0])
        throw Trouble{line_, "unexpected '" + std::string(op) + "', expected '" + open.back() + "'"};
      open.pop_back();
    }
  }

  std::string_view source_;
  const Options& options_;
  std::vector<Token>& out_;
  std::vector<std::pair<std::string_view, Tag>> delimiters_;
  bool same_first_ = false;  // all tags begin with one character
  std::size_t at_ = 0;
  int line_ = 1;
  bool line_starting_ = true;
};

}  // namespace

std::size_t space_size(std::string_view text, std::size_t at) {
  const auto c = static_cast<unsigned char>(text[at]);
  if (c < 0x80) return c == ' ' || (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x1F) ? 1 : 0;
  return unicode::is_space(char_at(text, at)) ? char_size(text, at) : 0;
}

std::string normalise_source(std::string_view text, const Options& options) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\r') {
      out += text[at];
      continue;
    }
    out += '\n';
    if (at + 1 < text.size() && text[at + 1] == '\n') ++at;
  }
  if (!options.keep_trailing_newline && !out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

Tokens tokenize(std::string_view source, const Options& options) {
  Tokens tokens;
  tokens.list.reserve(source.size() / 6 + 16);
  Lexer lexer(source, options, tokens.list);
  try {
    lexer.run();
    // The end has the line of the last token, as in Jinja2.
    tokens.list.push_back({TokenType::kEnd, tokens.list.empty() ? 1 : tokens.list.back().line, {}});
  } catch (const Trouble& trouble) {
    tokens.messages.push_back(std::make_unique<std::string>(trouble.message));
    tokens.list.push_back({TokenType::kError, trouble.line, *tokens.messages.back()});
    tokens.list.push_back({TokenType::kEnd, trouble.line, {}});
  }
  return tokens;
}

std::string describe_type(TokenType type) {
  for (const auto& op : kOperators) {
    if (op.type == type && !op.text.empty()) return std::string(op.text);
  }
  switch (type) {
    case TokenType::kData:
      return "template data / text";
    case TokenType::kVariableBegin:
      return "begin of print statement";
    case TokenType::kVariableEnd:
      return "end of print statement";
    case TokenType::kBlockBegin:
      return "begin of statement block";
    case TokenType::kBlockEnd:
      return "end of statement block";
    case TokenType::kName:
      return "name";
    case TokenType::kString:
      return "string";
    case TokenType::kInteger:
      return "integer";
    case TokenType::kFloat:
      return "float";
    default:
      return "end of template";
  }
}

}  // namespace core::render
