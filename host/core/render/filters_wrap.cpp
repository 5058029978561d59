// wordwrap: text in lines of a given width.
#include <algorithm>

#include "core/render/builtin_support.hpp"
#include "core/render/filters.hpp"
#include "core/render/options.hpp"
#include "core/render/strings.hpp"
#include "core/render/unicode.hpp"

namespace core::render::filters {

namespace {

using Characters = std::u32string;

bool is_blank(char32_t c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_letter(char32_t c) { return unicode::is_word(c) && !(unicode::properties(c) & unicode::kDecimal); }
bool joins_dash(char32_t c) {
  return unicode::is_word(c) || c == '!' || c == '"' || c == '\'' || c == '&' || c == '.' || c == ',' ||
         c == '?';
}

/// Where Python's textwrap may break a line: words, runs of blanks, behind the hyphen of a compound, around
/// a dash of two or more hyphens between words.
class Chunker {
 public:
  Chunker(const Characters& text, bool hyphens) : text_(text), hyphens_(hyphens) {}

  std::vector<Characters> chunks() {
    std::vector<Characters> all;
    while (at_ < text_.size()) {
      const std::size_t end = is_blank(text_[at_]) ? run_end() : hyphens_ ? word_end() : plain_end();
      all.push_back(text_.substr(at_, end - at_));
      at_ = end;
    }
    return all;
  }

 private:
  std::size_t run_end() const {
    std::size_t end = at_;
    while (end < text_.size() && is_blank(text_[end])) ++end;
    return end;
  }
  std::size_t plain_end() const {
    std::size_t end = at_;
    while (end < text_.size() && !is_blank(text_[end])) ++end;
    return end;
  }
  bool letter(std::size_t at) const { return at < text_.size() && is_letter(text_[at]); }

  /// Behind a run of two or more hyphens at `at` that is followed by a word; 0 if there is none.
  std::size_t dash_end(std::size_t at) const {
    std::size_t end = at;
    while (end < text_.size() && text_[end] == '-') ++end;
    return end - at >= 2 && end < text_.size() && unicode::is_word(text_[end]) ? end : 0;
  }
  /// A hyphen at `at` that a compound may be broken behind.
  bool breaks_compound(std::size_t at) const {
    if (text_[at] != '-') return false;
    const bool two_letters = at >= 2 && letter(at - 1) && letter(at - 2);
    const bool letter_dash_letter = at >= 3 && letter(at - 1) && text_[at - 2] == '-' && letter(at - 3);
    if (!two_letters && !letter_dash_letter) return false;
    return letter(at + 1) &&
           (letter(at + 2) || (at + 2 < text_.size() && text_[at + 2] == '-' && letter(at + 3)));
  }

  std::size_t word_end() const {
    if (at_ > 0 && joins_dash(text_[at_ - 1]) && text_[at_] == '-') {
      if (const std::size_t end = dash_end(at_)) return end;
    }
    for (std::size_t end = at_ + 1; end < text_.size(); ++end) {
      if (is_blank(text_[end])) return end;
      if (breaks_compound(end)) return end + 1;
      if (joins_dash(text_[end - 1]) && dash_end(end)) return end;
    }
    return text_.size();
  }

  const Characters& text_;
  const bool hyphens_;
  std::size_t at_ = 0;
};

bool all_blank(const Characters& chunk) {
  for (const char32_t c : chunk)
    if (!unicode::is_space(c)) return false;
  return true;
}

/// The flags stay values: Python looks at them only when a word asks for it.
struct Wrapping {
  std::size_t width;
  Value break_long_words;
  Value break_on_hyphens;
};

/// How much of a word that is too long goes on the current line.
std::size_t piece_of_long_word(const Characters& chunk, std::size_t space, const Wrapping& how) {
  if (!truth(how.break_on_hyphens) || chunk.size() <= space) return space;
  const std::size_t hyphen = chunk.substr(0, space).rfind(U'-');
  if (hyphen == Characters::npos || hyphen == 0) return space;
  const bool only_hyphens = chunk.find_first_not_of(U'-') >= hyphen;
  return only_hyphens ? space : hyphen + 1;
}

std::vector<Characters> wrap(const Characters& text, const Wrapping& how) {
  std::vector<Characters> lines, chunks = Chunker(text, how.break_on_hyphens.same_as(true)).chunks();
  std::size_t at = 0;
  while (at < chunks.size()) {
    std::vector<Characters> line;
    std::size_t size = 0;
    if (!lines.empty() && all_blank(chunks[at])) ++at;
    while (at < chunks.size() && size + chunks[at].size() <= how.width) {
      size += chunks[at].size();
      line.push_back(chunks[at++]);
    }
    if (at < chunks.size() && chunks[at].size() > how.width) {
      if (truth(how.break_long_words)) {
        const std::size_t take = piece_of_long_word(chunks[at], how.width - size, how);
        line.push_back(chunks[at].substr(0, take));
        chunks[at].erase(0, take);
      } else if (line.empty()) {
        line.push_back(chunks[at++]);
      }
    }
    if (!line.empty() && all_blank(line.back())) line.pop_back();
    if (line.empty()) continue;
    Characters joined;
    for (const auto& chunk : line) joined += chunk;
    lines.push_back(std::move(joined));
  }
  return lines;
}

Characters decoded(std::string_view text) {
  Characters out;
  for (std::size_t at = 0; at < text.size(); at += char_size(text, at)) out += char_at(text, at);
  return out;
}

Value wordwrap(Runtime& runtime, const Value& self, Arguments& arguments) {
  const auto given = bind_arguments(arguments, "do_wordwrap", 2,
                                    {{"width"}, {"break_long_words"}, {"wrapstring"}, {"break_on_hyphens"}});
  if (!self.is_string()) raise_no_attribute(self, "splitlines");
  const Value separator = is_given(given[2]) ? given[2] : Value(runtime.options().newline_sequence);
  const auto text_lines = strings::split_lines(self.as_string());
  const std::string& between = require_text(separator, "wrapstring");
  if (text_lines.empty()) return "";  // nothing looks at the width then
  const Value width = value_or(given[0], 79);
  if (less_equal(width, 0)) raise_value_error("invalid width " + repr(width) + " (must be > 0)");
  const double most = std::clamp(width.is_number() ? width.as_double() : 1.0, 1.0, 1e15);
  const Wrapping how{static_cast<std::size_t>(most), value_or(given[1], true), value_or(given[3], true)};
  std::string out;
  bool first = true;
  for (const auto line : text_lines) {
    runtime.charge(line.size());
    if (!first) out += between;
    first = false;
    bool first_part = true;
    for (const auto& part : wrap(decoded(line), how)) {
      if (!first_part) out += between;
      first_part = false;
      for (const char32_t c : part) append_char(out, c);
    }
  }
  return like(separator, std::move(out));
}

}  // namespace

void register_wrap(Registry& registry) { registry.filter("wordwrap", wordwrap); }

}  // namespace core::render::filters
