// pprint.pformat: values laid out in at most 80 columns where they can be broken.
#include <algorithm>

#include "core/render/builtin_support.hpp"
#include "core/render/filters.hpp"
#include "core/render/strings.hpp"
#include "core/render/unicode.hpp"

namespace core::render::filters {

namespace {

constexpr std::int64_t kWidth = 80;

std::int64_t width_of(const std::string& text) { return static_cast<std::int64_t>(Text::count(text)); }

// Python sorts the keys of a dict by `<`, and by the names of their classes where that is refused.
bool safe_less(const Value& a, const Value& b) {
  try {
    return less(a, b);
  } catch (const Exception& e) {
    if (!e.is("TypeError")) throw;
    return "<class '" + type_name(a) + "'>" < "<class '" + type_name(b) + "'>";
  }
}

std::vector<std::pair<Value, Value>> sorted_items(const Dict& dict) {
  std::vector<std::pair<Value, Value>> items;
  for (const auto& [key, value, hash] : dict.entries()) {
    if (!key.is_missing()) items.emplace_back(key, value);
  }
  std::stable_sort(items.begin(), items.end(),
                   [](const auto& a, const auto& b) { return safe_less(a.first, b.first); });
  return items;
}

class Printer {
 public:
  std::string print(const Value& value) {
    format(value, 0, 0, 0);
    return std::move(out_);
  }

 private:
  static std::string on_one_line(const Value& value) {
    const DepthGuard guard;
    if (value.is_dict()) {
      std::string out = "{";
      for (const auto& [key, item] : sorted_items(value.as_dict()))
        out += (out.size() > 1 ? ", " : "") + on_one_line(key) + ": " + on_one_line(item);
      return out + "}";
    }
    if (!value.is_list() && !value.is_tuple()) return repr(value);
    std::string out = value.is_list() ? "[" : "(";
    const auto& items = value.items();
    for (std::size_t i = 0; i < items.size(); ++i) out += (i > 0 ? ", " : "") + on_one_line(items[i]);
    charge_bytes(out.size());
    if (value.is_list()) return out + "]";
    return out + (items.size() == 1 ? ",)" : ")");
  }

  /// `allowance`: columns that must stay free behind it.
  void format(const Value& value, std::int64_t indent, std::int64_t allowance, int level) {
    const DepthGuard guard;
    const std::string whole = on_one_line(value);
    const bool fits = width_of(whole) <= kWidth - indent - allowance;
    if (!fits && value.is_dict())
      format_dict(value.as_dict(), indent, allowance + 1, level + 1);
    else if (!fits && value.is_list())
      format_items(value.items(), indent, allowance + 1, level + 1, "[", "]");
    else if (!fits && value.is_tuple())
      format_tuple(value.items(), indent, allowance, level + 1);
    else if (!fits && value.is_string() && !value.is_markup())
      format_text(value.as_string(), indent, allowance, level + 1);
    else
      out_ += whole;
    charge_bytes(out_.size());
  }

  void new_line(std::int64_t indent) {
    out_ += '\n';
    out_.append(static_cast<std::size_t>(indent), ' ');
  }

  void format_dict(const Dict& dict, std::int64_t indent, std::int64_t allowance, int level) {
    out_ += '{';
    const auto items = sorted_items(dict);
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i > 0) {
        out_ += ',';
        new_line(indent + 1);
      }
      const std::string key = on_one_line(items[i].first);
      out_ += key + ": ";
      format(items[i].second, indent + 1 + width_of(key) + 2, i + 1 == items.size() ? allowance : 1, level);
    }
    out_ += '}';
  }

  void format_items(const Values& items, std::int64_t indent, std::int64_t allowance, int level,
                    const char* open, const char* close) {
    out_ += open;
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i > 0) {
        out_ += ',';
        new_line(indent + 1);
      }
      format(items[i], indent + 1, i + 1 == items.size() ? allowance : 1, level);
    }
    out_ += close;
  }

  void format_tuple(const Values& items, std::int64_t indent, std::int64_t allowance, int level) {
    const char* close = items.size() == 1 ? ",)" : ")";
    format_items(items, indent, allowance + (items.size() == 1 ? 2 : 1), level, "(", close);
  }

  static std::string quoted(std::string_view text) {
    std::string out;
    append_quoted(out, text);
    return out;
  }

  /// Words, each with the white space behind it.
  static strings::Pieces words(std::string_view line) {
    strings::Pieces parts;
    for (std::size_t at = 0; at < line.size();) {
      const std::size_t start = at;
      while (at < line.size() && !unicode::is_space(char_at(line, at))) at += char_size(line, at);
      while (at < line.size() && unicode::is_space(char_at(line, at))) at += char_size(line, at);
      parts.push_back(line.substr(start, at - start));
    }
    return parts;
  }

  static void break_line(std::vector<std::string>& chunks, std::string_view line, std::int64_t width,
                         std::int64_t last_width) {
    std::string current;
    const auto parts = words(line);
    for (std::size_t j = 0; j < parts.size(); ++j) {
      const std::string candidate = current + std::string(parts[j]);
      const bool fits = width_of(quoted(candidate)) <= (j + 1 == parts.size() ? last_width : width);
      if (!fits && !current.empty()) chunks.push_back(quoted(current));
      current = fits ? candidate : std::string(parts[j]);
    }
    if (!current.empty()) chunks.push_back(quoted(current));
  }

  void format_text(const std::string& text, std::int64_t indent, std::int64_t allowance, int level) {
    if (level == 1) ++indent, ++allowance;
    const std::int64_t width = kWidth - indent;
    std::vector<std::string> chunks;
    const auto lines = strings::split_lines(text, true);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const std::int64_t last_width = i + 1 == lines.size() ? width - allowance : width;
      const std::string whole = quoted(lines[i]);
      if (width_of(whole) <= last_width)
        chunks.push_back(whole);
      else
        break_line(chunks, lines[i], width, last_width);
    }
    const bool parentheses = level == 1 && chunks.size() != 1;
    if (parentheses) out_ += '(';
    for (std::size_t i = 0; i < chunks.size(); ++i) {
      if (i > 0) new_line(indent);
      out_ += chunks[i];
    }
    if (parentheses) out_ += ')';
  }

  std::string out_;
};

}  // namespace

std::string pretty(const Value& value) { return Printer().print(value); }

}  // namespace core::render::filters
