#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <utility>

#include "core/number.hpp"
#include "core/utf8.hpp"
#include "core/yaml.hpp"
#include "core/yaml_scalar.hpp"

namespace core {

namespace {

bool is_break(char32_t c) { return c == '\n'; }
bool is_blank(char32_t c) {
  return c == 0 || c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == 0x85 || c == 0x2028 || c == 0x2029;
}
bool is_in(char32_t c, std::u32string_view set) { return set.find(c) != std::u32string_view::npos; }
bool is_ascii_text(char32_t c) { return c >= 0x20 && c <= 0x7E; }
bool is_wide_text(char32_t c) { return (c >= 0xA0 && c <= 0xD7FF) || (c >= 0xE000 && c <= 0xFFFD); }

/// In which styles a text can be written.
struct Styles {
  bool empty = false;
  bool multiline = false;
  bool plain_in_flow = true;
  bool plain_in_block = true;
  bool single_quoted = true;
  bool literal = true;
};

/// What occurs in a text, collected in one pass.
struct Features {
  bool flow_indicator = false, block_indicator = false;
  bool line_break = false, special = false;
  bool blank_edge = false, trailing_space = false;
  bool space_after_break = false, break_after_space = false;
};

/// Must be escaped. The line breaks that only YAML 1.1 knows (0x85, 0x2028, 0x2029) count as such, because
/// readers of YAML 1.2 take them for ordinary characters.
bool is_special(char32_t c) {
  if (c == '\n' || is_ascii_text(c)) return false;
  return c == 0xFEFF || c == 0x2028 || c == 0x2029 || !(is_wide_text(c) || (c >= 0x10000 && c < 0x10FFFF));
}

void note_indicator(const std::u32string& text, std::size_t i, Features& found) {
  const char32_t c = text[i];
  const bool blank_follows = i + 1 >= text.size() || is_blank(text[i + 1]);
  if (i == 0) {
    if (is_in(c, U"#,[]{}&*!|>'\"%@`") || (c == '-' && blank_follows))
      found.flow_indicator = found.block_indicator = true;
    if (c == '?' || c == ':') {
      found.flow_indicator = true;
      if (blank_follows) found.block_indicator = true;
    }
    return;
  }
  if (is_in(c, U",?[]{}:")) found.flow_indicator = true;
  if (c == ':' && blank_follows) found.block_indicator = true;
  if (c == '#' && is_blank(text[i - 1])) found.flow_indicator = found.block_indicator = true;
}

void note_space(const std::u32string& text, std::size_t i, Features& found) {
  const char32_t c = text[i];
  if (c != ' ' && !is_break(c)) return;
  const bool last = i + 1 == text.size();
  if (i == 0 || last) found.blank_edge = true;
  if (c == ' ') {
    if (last) found.trailing_space = true;
    if (i > 0 && is_break(text[i - 1])) found.space_after_break = true;
  } else {
    found.line_break = true;
    if (i > 0 && text[i - 1] == ' ') found.break_after_space = true;
  }
}

/// Letters and digits, which mean nothing anywhere.
bool is_ascii_word(char32_t c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

Features features_of(const std::u32string& text) {
  Features found;
  const std::u32string_view start = std::u32string_view(text).substr(0, 3);
  if (start == U"---" || start == U"...") found.flow_indicator = found.block_indicator = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_ascii_word(text[i])) continue;
    note_indicator(text, i, found);
    note_space(text, i, found);
    if (is_special(text[i])) found.special = true;
  }
  return found;
}

Styles styles_of(const std::u32string& text) {
  Styles can;
  if (text.empty()) {
    can.empty = true;
    can.plain_in_flow = can.literal = false;
    return can;
  }
  const Features found = features_of(text);
  can.multiline = found.line_break;
  const bool hard = found.break_after_space || found.special;
  can.single_quoted = !found.space_after_break && !hard;
  can.literal = !found.trailing_space && !hard;
  const bool plain = can.single_quoted && !found.blank_edge && !found.line_break;
  can.plain_in_flow = plain && !found.flow_indicator;
  can.plain_in_block = plain && !found.block_indicator;
  return can;
}

std::string float_text(double number) {
  if (std::isnan(number)) return ".nan";
  if (std::isinf(number)) return number > 0 ? ".inf" : "-.inf";
  std::string text = format_double(number);
  const auto e = text.find('e');
  if (e != std::string::npos && text.find('.') == std::string::npos)
    text.insert(e, ".0");  // 1e-05 is a string
  return text;
}

/// Text of a value that is neither list, map nor string.
std::string bare_text(const Value& value) {
  if (value.is_boolean()) return value.get<bool>() ? "true" : "false";
  if (value.is_number_unsigned()) return std::to_string(value.get<std::uint64_t>());
  if (value.is_number_integer()) return std::to_string(value.get<std::int64_t>());
  if (value.is_number_float()) return float_text(value.get<double>());
  return "null";
}

using Member = Value::object_t::value_type;

std::vector<const Member*> members_of(const Value& object, bool sorted) {
  std::vector<const Member*> members;
  for (const auto& member : object.get_ref<const Value::object_t&>()) members.push_back(&member);
  if (sorted) std::sort(members.begin(), members.end(), [](auto a, auto b) { return a->first < b->first; });
  return members;
}

/// Where a node stands.
struct Context {
  int indent = -1;  // of the enclosing block; -1 at the root
  bool in_map = false;
  bool simple_key = false;
};

/// Lays out text line by line. `fresh_` and `blank_` say whether the line holds only indentation so far
/// and whether its last character is a space.
class Writer {
 public:
  Writer(std::string& out, const YamlStyle& style) : out_(out), style_(style) {
    step_ = std::clamp(style.indent, 2, 9);
    width_ = style.width <= 0 ? std::numeric_limits<int>::max() : style.width > step_ * 2 ? style.width : 80;
  }

  void document(const Value& value, bool marked) {
    if (marked) {
      start_line(0);
      indicator("---", true);
    }
    node(value, Context{});
    start_line(0);
  }

  void finish() {
    if (!open_ended_) return;
    indicator("...", true);
    start_line(0);
  }

 private:
  // -- characters -------------------------------------------------------------------------------
  void put(char32_t c) {
    append_utf8(out_, c);
    ++column_;
  }
  void put(std::u32string_view text) {
    for (char32_t c : text) put(c);
  }
  void put_ascii(std::string_view text) {
    out_ += text;
    column_ += static_cast<int>(text.size());
  }
  void line_break() {
    out_ += '\n';
    blank_ = fresh_ = true;
    column_ = 0;
  }
  void start_line(int indent) {
    if (!fresh_ || column_ > indent || (column_ == indent && !blank_)) line_break();
    if (column_ >= indent) return;
    blank_ = true;
    put_ascii(std::string(static_cast<std::size_t>(indent - column_), ' '));
  }
  void indicator(std::string_view text, bool needs_blank, bool leaves_blank = false, bool indents = false) {
    if (needs_blank && !blank_) put_ascii(" ");
    put_ascii(text);
    blank_ = leaves_blank;
    fresh_ = fresh_ && indents;
    open_ended_ = false;
  }

  // -- nodes ------------------------------------------------------------------------------------
  void node(const Value& value, Context context) {
    if (value.is_array()) {
      if (flow_ > 0 || style_.flow || value.empty()) return flow_list(value, context);
      return block_list(value, context);
    }
    if (value.is_object()) {
      if (flow_ > 0 || style_.flow || value.empty()) return flow_map(value, context);
      return block_map(value, context);
    }
    scalar(value, context);
  }

  void block_list(const Value& list, Context context) {
    const bool under_key = context.in_map && !fresh_ && !style_.indent_lists;
    const int indent = context.indent < 0 ? 0 : under_key ? context.indent : context.indent + step_;
    for (const auto& item : list) {
      start_line(indent);
      indicator("-", true, false, true);
      node(item, {indent, false, false});
    }
  }

  void block_map(const Value& map, Context context) {
    const int indent = context.indent < 0 ? 0 : context.indent + step_;
    for (const auto* member : members_of(map, style_.sort_keys)) {
      start_line(indent);
      if (is_simple_key(member->first)) {
        scalar(member->first, {indent, true, true});
        indicator(":", false);
      } else {
        indicator("?", true, false, true);
        scalar(member->first, {indent, true, false});
        start_line(indent);
        indicator(":", true, false, true);
      }
      node(member->second, {indent, true, false});
    }
  }

  int flow_indent(Context context) const { return context.indent < 0 ? step_ : context.indent + step_; }

  void flow_list(const Value& list, Context context) {
    indicator("[", true, true);
    ++flow_;
    const int indent = flow_indent(context);
    bool first = true;
    for (const auto& item : list) {
      if (!std::exchange(first, false)) indicator(",", false);
      if (column_ > width_) start_line(indent);
      node(item, {indent, false, false});
    }
    --flow_;
    indicator("]", false);
  }

  void flow_map(const Value& map, Context context) {
    indicator("{", true, true);
    ++flow_;
    const int indent = flow_indent(context);
    bool first = true;
    for (const auto* member : members_of(map, style_.sort_keys)) {
      if (!std::exchange(first, false)) indicator(",", false);
      if (column_ > width_) start_line(indent);
      flow_member(*member, indent);
    }
    --flow_;
    indicator("}", false);
  }

  void flow_member(const Member& member, int indent) {
    if (is_simple_key(member.first)) {
      scalar(member.first, {indent, true, true});
      indicator(":", false);
    } else {
      indicator("?", true);
      scalar(member.first, {indent, true, false});
      if (column_ > width_) start_line(indent);
      indicator(":", true);
    }
    node(member.second, {indent, true, false});
  }

  /// A key that may stand directly in front of its colon.
  static bool is_simple_key(const std::string& key) {
    constexpr std::size_t kLongest = 122;  // PyYAML counts the tag `!!str` into its limit of 127
    const auto text = to_utf32(key);
    return !text.empty() && text.size() <= kLongest && !styles_of(text).multiline;
  }

  // -- scalars ----------------------------------------------------------------------------------
  void scalar(const Value& value, Context context) {
    indent_ = flow_indent(context);
    may_fold_ = !context.simple_key;
    if (!value.is_string()) return plain(to_utf32(bare_text(value)), context);
    const auto& bytes = value.get_ref<const std::string&>();
    const auto text = to_utf32(bytes);
    const Styles can = styles_of(text);
    const bool key_of_lines = context.simple_key && can.multiline;
    if (style_.literal_blocks && can.multiline && can.literal && flow_ == 0 && !context.simple_key) {
      literal(text);
    } else if ((flow_ ? can.plain_in_flow : can.plain_in_block) && yaml_type(bytes) == YamlType::kString &&
               !key_of_lines) {
      plain(text, context);
    } else if (can.single_quoted && !key_of_lines && !(style_.literal_blocks && can.multiline)) {
      single_quoted(text);
    } else {
      double_quoted(text);
    }
  }

  void plain(const std::u32string& text, Context context) {
    if (context.indent < 0) open_ended_ = true;
    if (!blank_) put(U' ');
    blank_ = fresh_ = false;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t word = std::min(text.find(U' ', at), text.size());
      put(std::u32string_view(text).substr(at, word - at));
      const std::size_t next = std::min(text.find_first_not_of(U' ', word), text.size());
      if (next - word == 1 && column_ > width_ && may_fold_) {
        start_line(indent_);
        blank_ = fresh_ = false;
      } else {
        put(std::u32string_view(text).substr(word, next - word));
      }
      at = next;
    }
  }

  void single_quoted(const std::u32string& text) {
    indicator("'", true);
    for (std::size_t at = 0; at < text.size();) {
      std::size_t next = at + 1;
      if (text[at] == ' ') {
        next = std::min(text.find_first_not_of(U' ', at), text.size());
        const bool inside = at != 0 && next != text.size();
        if (next - at == 1 && column_ > width_ && may_fold_ && inside) {
          start_line(indent_);
        } else {
          put(std::u32string_view(text).substr(at, next - at));
        }
      } else if (is_break(text[at])) {
        next = breaks(text, at);
      } else {
        put(text[at]);
        if (text[at] == '\'') put(U'\'');
      }
      at = next;
    }
    indicator("'", false);
  }

  /// A run of line breaks inside quotes: one `\n` more than meant, because the first one reads as a space.
  std::size_t breaks(const std::u32string& text, std::size_t at) {
    if (text[at] == '\n') line_break();
    for (; at < text.size() && is_break(text[at]); ++at) line_break();
    start_line(indent_);
    return at;
  }

  void literal(const std::u32string& text) {
    std::string hints;
    if (text.front() == ' ' || is_break(text.front())) hints += static_cast<char>('0' + step_);
    if (!is_break(text.back())) {
      hints += '-';
    } else if (text.size() == 1 || is_break(text[text.size() - 2])) {
      hints += '+';
    }
    indicator("|" + hints, true);
    if (!hints.empty() && hints.back() == '+') open_ended_ = true;
    line_break();
    bool at_start = true;
    for (char32_t c : text) {
      if (is_break(c)) {
        line_break();
        at_start = true;
        continue;
      }
      if (std::exchange(at_start, false)) start_line(indent_);
      put(c);
      blank_ = fresh_ = false;
    }
    if (!at_start) line_break();
  }

  static std::string escape(char32_t c) {
    static constexpr std::pair<char32_t, char> names[] = {
        {0, '0'},     {7, 'a'},    {8, 'b'},    {9, 't'},      {10, 'n'},
        {11, 'v'},    {12, 'f'},   {13, 'r'},   {0x1B, 'e'},   {'"', '"'},
        {'\\', '\\'}, {0x85, 'N'}, {0xA0, '_'}, {0x2028, 'L'}, {0x2029, 'P'}};
    for (const auto& [code, name] : names)
      if (code == c) return std::string("\\") + name;
    char text[16];
    const char* format = c <= 0xFF ? "\\x%02X" : c <= 0xFFFF ? "\\u%04X" : "\\U%08X";
    std::snprintf(text, sizeof text, format, static_cast<unsigned>(c));
    return text;
  }

  static bool needs_escape(char32_t c) {
    if (is_in(c, U"\"\\\u0085\u2028\u2029\uFEFF")) return true;
    return !is_ascii_text(c) && !is_wide_text(c);
  }

  void double_quoted(const std::u32string& text) {
    indicator("\"", true);
    std::size_t written = 0;  // everything before is in the output
    for (std::size_t at = 0; at <= text.size(); ++at) {
      const bool last = at == text.size();
      if (last || needs_escape(text[at])) {
        put(std::u32string_view(text).substr(written, at - written));
        written = at;
        if (!last) {
          put_ascii(escape(text[at]));
          written = at + 1;
        }
      }
      const bool inside = at > 0 && at + 1 < text.size();
      if (inside && may_fold_ && (text[at] == ' ' || written >= at)) fold_double_quoted(text, at, written);
    }
    indicator("\"", false);
  }

  void fold_double_quoted(const std::u32string& text, std::size_t at, std::size_t& written) {
    const int pending = static_cast<int>(at) - static_cast<int>(written);
    if (column_ + pending <= width_) return;
    if (written < at) {
      put(std::u32string_view(text).substr(written, at - written));
      written = at;
    }
    put_ascii("\\");
    start_line(indent_);
    blank_ = fresh_ = false;
    if (text[written] == ' ') put_ascii("\\");
  }

  std::string& out_;
  const YamlStyle& style_;
  int step_ = 2, width_ = 80;
  int column_ = 0, flow_ = 0;
  bool blank_ = true, fresh_ = true, open_ended_ = false;
  int indent_ = 0;  // of the continuation lines of the scalar being written
  bool may_fold_ = true;
};

}  // namespace

std::string encode_yaml(const Value& value, const YamlStyle& style) {
  std::string out;
  Writer writer(out, style);
  writer.document(value, false);
  writer.finish();
  return out;
}

std::string encode_yaml_all(const std::vector<Value>& values, const YamlStyle& style) {
  std::string out;
  Writer writer(out, style);
  for (const auto& value : values) writer.document(value, true);
  writer.finish();
  return out;
}

}  // namespace core
