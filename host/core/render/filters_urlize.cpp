// urlize: addresses in a text become links.
#include <algorithm>
#include <array>
#include <set>

#include "core/render/builtin_support.hpp"
#include "core/render/filters.hpp"
#include "core/render/strings.hpp"
#include "core/render/unicode.hpp"

namespace core::render::filters {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
char lower_ascii(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
bool is_ascii_letter(char c) { return lower_ascii(c) >= 'a' && lower_ascii(c) <= 'z'; }

bool starts_with(std::string_view text, std::string_view with) { return text.substr(0, with.size()) == with; }

/// Bytes of a character of a host name (word characters, %, -) at `at`; 0 if there is none.
std::size_t host_char(std::string_view text, std::size_t at, bool dash = true) {
  if (at >= text.size()) return 0;
  const char32_t code = char_at(text, at);
  return code == '%' || (dash && code == '-') || unicode::is_word(code) ? char_size(text, at) : 0;
}

/// Recognises web addresses the way Jinja2 does. Every function takes a position and says whether what is
/// left from there completes an address.
class WebAddress {
 public:
  explicit WebAddress(std::string_view text) : text_(text) {}

  bool matches() const {
    const std::size_t scheme = scheme_size();
    if (scheme > 0 && (domain(scheme) || number_address(scheme))) return true;
    if (starts("www.") && domain(4)) return true;
    return known_domain();
  }

 private:
  bool starts(std::string_view with) const {
    if (text_.size() < with.size()) return false;
    for (std::size_t i = 0; i < with.size(); ++i)
      if (lower_ascii(text_[i]) != with[i]) return false;
    return true;
  }
  std::size_t scheme_size() const { return starts("https://") ? 8 : starts("http://") ? 7 : 0; }

  /// Optional port and path, then the end.
  bool rest(std::size_t at) const {
    if (at < text_.size() && text_[at] == ':') {
      std::size_t end = at + 1;
      while (end < text_.size() && is_digit(text_[end])) ++end;
      if (end > at + 1 && end - at <= 6) at = end;
    }
    if (at == text_.size()) return true;
    if (text_[at] != '/' && text_[at] != '?' && text_[at] != '#') return false;
    for (std::size_t i = at + 1; i < text_.size(); i += char_size(text_, i))
      if (unicode::is_space(char_at(text_, i))) return false;
    return true;
  }

  /// Behind `label.label.` at `at`: all positions where the last label may begin.
  std::vector<std::size_t> label_starts(std::size_t at) const {
    std::vector<std::size_t> starts = {at};
    while (true) {
      std::size_t end = at;
      while (const std::size_t size = host_char(text_, end)) end += size;
      if (end == at || end >= text_.size() || text_[end] != '.') return starts;
      at = end + 1;
      starts.push_back(at);
    }
  }

  /// `(label.)*` and a top-level domain of 2 to 63 letters or an encoded one.
  bool domain(std::size_t from) const {
    for (const std::size_t at : label_starts(from)) {
      std::size_t end = at;
      while (end < text_.size() && is_ascii_letter(text_[end]) && end - at < 63) ++end;
      for (std::size_t stop = end; stop >= at + 2; --stop)
        if (rest(stop)) return true;
      if (text_.substr(at, 4) == "xn--" && encoded(at + 4)) return true;
    }
    return false;
  }
  bool encoded(std::size_t from) const {
    std::size_t at = from, count = 0;
    while (const std::size_t size = host_char(text_, at, false)) {
      at += size;
      if (++count > 59) return false;
      if (count >= 2 && rest(at)) return true;
    }
    return false;
  }

  /// Without a scheme: `(label.)+` and one of a few endings.
  bool known_domain() const {
    static constexpr std::array<std::string_view, 8> kEndings = {"com", "net", "int",  "edu",
                                                                 "gov", "org", "info", "mil"};
    const auto starts = label_starts(0);
    for (std::size_t i = 1; i < starts.size(); ++i) {
      if (!proper_labels(starts, i)) return false;
      for (const auto ending : kEndings) {
        std::string word(text_.substr(starts[i], ending.size()));
        std::transform(word.begin(), word.end(), word.begin(), lower_ascii);
        if (word == ending && rest(starts[i] + ending.size())) return true;
      }
    }
    return false;
  }
  bool proper_labels(const std::vector<std::size_t>& starts, std::size_t count) const {
    const std::size_t size =
        Text::count(text_.substr(starts[count - 1], starts[count] - 1 - starts[count - 1]));
    return size >= 2 && size <= 63;
  }

  bool number_address(std::size_t at) const { return four_numbers(at) || six_groups(at); }
  bool four_numbers(std::size_t at) const {
    for (int part = 0; part < 4; ++part) {
      if (part > 0 && (at >= text_.size() || text_[at++] != '.')) return false;
      std::size_t digits = 0;
      while (at < text_.size() && is_digit(text_[at]) && digits < 3) ++at, ++digits;
      if (digits == 0) return false;
    }
    return rest(at);
  }
  /// `[`, hexadecimal groups with at least two colons, `]`.
  bool six_groups(std::size_t at) const {
    if (at >= text_.size() || text_[at] != '[') return false;
    const std::size_t close = text_.find(']', at);
    if (close == std::string_view::npos) return false;
    std::size_t colons = 0, digits = 0;
    for (std::size_t i = at + 1; i < close; ++i) {
      const char c = lower_ascii(text_[i]);
      if (c == ':') {
        ++colons;
        digits = 0;
      } else if (!is_digit(c) && !(c >= 'a' && c <= 'f')) {
        return false;
      } else if (++digits > 4) {
        return false;
      }
    }
    return colons >= 2 && colons <= 8 && rest(close + 1);
  }

  std::string_view text_;
};

/// Something, `@`, a host with a dot whose last label is of word characters.
bool is_mail_address(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); i += char_size(text, i))
    if (unicode::is_space(char_at(text, i))) return false;
  for (std::size_t at = text.find('@', 1); at != std::string_view::npos; at = text.find('@', at + 1)) {
    const auto host = text.substr(at + 1);
    if (host.empty() || !unicode::is_word(char_at(host, 0))) continue;
    const std::size_t dot = host.rfind('.');
    if (dot == std::string_view::npos || dot == 0 || dot + 1 == host.size()) continue;
    bool fine = true;
    for (std::size_t i = 0; i < host.size(); i += char_size(host, i)) {
      const char32_t code = char_at(host, i);
      fine = fine && (unicode::is_word(code) || code == '.' || (i < dot && code == '-'));
    }
    if (fine) return true;
  }
  return false;
}

struct Links {
  std::string attributes;
  std::int64_t limit = -1;
  Values schemes;

  std::string shown(std::string_view address) const {
    if (limit < 0 || static_cast<std::int64_t>(Text::count(address)) <= limit) return std::string(address);
    return std::string(strings::head(address, static_cast<std::size_t>(limit))) + "...";
  }
  std::string link(std::string_view prefix, std::string_view address, const std::string& text) const {
    return "<a href=\"" + std::string(prefix) + std::string(address) + "\"" + attributes + ">" + text +
           "</a>";
  }
};

std::size_t leading(std::string_view word) {
  std::size_t at = 0;
  while (true) {
    if (word.substr(at, 1) == "(" || word.substr(at, 1) == "<")
      ++at;
    else if (word.substr(at, 4) == "&lt;")
      at += 4;
    else
      return at;
  }
}

std::size_t without_trailing(std::string_view word) {
  std::size_t end = word.size();
  while (end > 0) {
    if (std::string_view(")>.,\n").find(word[end - 1]) != std::string_view::npos)
      --end;
    else if (end >= 4 && word.substr(end - 4, 4) == "&gt;")
      end -= 4;
    else
      break;
  }
  return end;
}

// Closing brackets that have a partner inside the word belong to it.
void balance(std::string& middle, std::string& tail, std::string_view open, std::string_view close) {
  const std::size_t opened = strings::count(middle, open);
  if (opened <= strings::count(middle, close)) return;
  for (std::size_t n = std::min(opened, strings::count(tail, close)); n > 0; --n) {
    const std::size_t end = tail.find(close) + close.size();
    middle += tail.substr(0, end);
    tail.erase(0, end);
  }
}

std::string linked(const std::string& middle, const Links& links) {
  if (WebAddress(middle).matches()) {
    const bool complete = starts_with(middle, "https://") || starts_with(middle, "http://");
    return links.link(complete ? "" : "https://", middle, links.shown(middle));
  }
  if (starts_with(middle, "mailto:") && is_mail_address(std::string_view(middle).substr(7)))
    return "<a href=\"" + middle + "\">" + middle.substr(7) + "</a>";
  if (middle.find('@') != std::string::npos && !starts_with(middle, "www.") &&
      middle.find(':') == std::string::npos && is_mail_address(middle))
    return "<a href=\"mailto:" + middle + "\">" + middle + "</a>";
  std::string out = middle;
  for (const auto& scheme : links.schemes) {
    const std::string& prefix = require_text(scheme, "a scheme");
    if (out != prefix && starts_with(out, prefix)) out = links.link("", out, out);
  }
  return out;
}

std::string linked_word(std::string_view word, const Links& links) {
  const std::size_t start = leading(word);
  const std::size_t end = start + without_trailing(word.substr(start));
  std::string middle(word.substr(start, end - start)), tail(word.substr(end));
  balance(middle, tail, "(", ")");
  balance(middle, tail, "<", ">");
  balance(middle, tail, "&lt;", "&gt;");
  return std::string(word.substr(0, start)) + linked(middle, links) + tail;
}

std::string link_attributes(const Value& nofollow, const Value& target, const Value& rel) {
  std::set<std::string> words = {"noopener"};
  if (truth_or(nofollow, false)) words.insert("nofollow");
  if (is_given(rel) && truth(rel))
    for (const auto word : strings::split_space(require_text(rel, "rel"))) words.emplace(word);
  std::string joined;
  for (const auto& word : words) joined += (joined.empty() ? "" : " ") + word;
  std::string out = " rel=\"" + escape_html(joined) + "\"";
  if (is_given(target) && truth(target)) out += " target=\"" + escape(target).as_string() + "\"";
  return out;
}

void check_scheme(const Value& scheme) {
  const std::string& text = require_text(scheme, "a scheme");
  const std::size_t colon = text.find(':');
  const bool fine =
      colon != std::string::npos && colon > 0 && text.find_first_not_of(":/", colon) == std::string::npos;
  if (!fine) raise("FilterArgumentError", repr(scheme) + " is not a valid URI scheme prefix.");
}

Value urlize(Runtime& runtime, const Value& self, Arguments& arguments) {
  const auto given = bind_arguments(
      arguments, "do_urlize", 2, {{"trim_url_limit"}, {"nofollow"}, {"target"}, {"rel"}, {"extra_schemes"}});
  Links links;
  links.attributes = link_attributes(given[1], given[2], given[3]);
  if (is_given(given[0])) links.limit = to_index(given[0]);
  if (is_given(given[4])) links.schemes = to_values(given[4]);
  for (const auto& scheme : links.schemes) check_scheme(scheme);
  const std::string text = escape(self).as_string();
  runtime.charge(text.size());
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t start = at;
    const bool blank = unicode::is_space(char_at(text, at));
    while (at < text.size() && unicode::is_space(char_at(text, at)) == blank) at += char_size(text, at);
    const auto word = std::string_view(text).substr(start, at - start);
    out += blank ? std::string(word) : linked_word(word, links);
  }
  return runtime.autoescape() ? Value::markup(std::move(out)) : Value(std::move(out));
}

}  // namespace

void register_urlize(Registry& registry) { registry.filter("urlize", urlize); }

}  // namespace core::render::filters
