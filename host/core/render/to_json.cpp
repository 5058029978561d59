// json.dumps, for the filters tojson.
#include <algorithm>
#include <cmath>

#include "core/number.hpp"
#include "core/render/builtin_support.hpp"
#include "core/render/filters.hpp"

namespace core::render::filters {

namespace {

void append_unit(std::string& out, unsigned unit) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += kHex[(unit >> shift) & 15];
}

void append_string(std::string& out, std::string_view text) {
  out += '"';
  for (std::size_t at = 0; at < text.size(); at += char_size(text, at)) {
    const char32_t code = char_at(text, at);
    static constexpr std::string_view kNamed = "\"\\\n\r\t\f\b", kShort = "\"\\nrtfb";
    const std::size_t named = code < 0x80 ? kNamed.find(static_cast<char>(code)) : std::string_view::npos;
    if (named != std::string_view::npos) {
      (out += '\\') += kShort[named];
    } else if (code >= 0x20 && code < 0x7F) {
      out += static_cast<char>(code);
    } else if (code < 0x10000) {
      append_unit(out, code);
    } else {
      append_unit(out, 0xD800 + ((code - 0x10000) >> 10));
      append_unit(out, 0xDC00 + ((code - 0x10000) & 0x3FF));
    }
  }
  out += '"';
}

std::string float_text(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "Infinity" : "-Infinity";
  return format_double(number);
}

class Writer {
 public:
  Writer(Runtime& runtime, const Value& indent, bool sort_keys, bool compact)
      : runtime_(runtime), sort_keys_(sort_keys) {
    pretty_ = is_given(indent);
    if (indent.is_string())
      unit_ = indent.as_string();
    else if (pretty_)
      unit_ = std::string(static_cast<std::size_t>(std::max<std::int64_t>(to_index(indent), 0)), ' ');
    comma_ = pretty_ || compact ? "," : ", ";
    colon_ = compact ? ":" : ": ";
  }

  std::string write(const Value& value) {
    append(value);
    return std::move(out_);
  }

 private:
  void append(const Value& value) {
    runtime_.charge();
    const DepthGuard guard;
    switch (value.kind()) {
      case Kind::kNone:
        out_ += "null";
        break;
      case Kind::kBool:
        out_ += value.as_bool() ? "true" : "false";
        break;
      case Kind::kInt:
        out_ += std::to_string(value.as_int());
        break;
      case Kind::kFloat:
        out_ += float_text(value.as_double());
        break;
      case Kind::kString:
        append_string(out_, value.as_string());
        break;
      case Kind::kList:
      case Kind::kTuple:
        append_list(value.items());
        break;
      case Kind::kDict:
        append_dict(value.as_dict());
        break;
      default:
        raise_type_error("Object of type " + type_name(value) + " is not JSON serializable");
    }
    charge_bytes(out_.size());
  }

  void new_line() {
    if (!pretty_) return;
    out_ += '\n';
    for (std::size_t i = 0; i < depth_; ++i) out_ += unit_;
  }

  void append_list(const Values& items) {
    if (items.empty()) {
      out_ += "[]";
      return;
    }
    out_ += '[';
    ++depth_;
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i > 0) out_ += comma_;
      new_line();
      append(Value(items[i]));
    }
    --depth_;
    new_line();
    out_ += ']';
  }

  void append_dict(const Dict& dict) {
    Values keys, values;
    for (const auto& [key, value, hash] : dict.entries()) {
      if (key.is_missing()) continue;
      keys.push_back(key);
      values.push_back(value);
    }
    if (keys.empty()) {
      out_ += "{}";
      return;
    }
    if (sort_keys_) {
      const Values unsorted = keys;
      stable_sort(runtime_, values, unsorted, false);
      stable_sort(runtime_, keys, unsorted, false);
    }
    out_ += '{';
    ++depth_;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (i > 0) out_ += comma_;
      new_line();
      append_key(keys[i]);
      out_ += colon_;
      append(values[i]);
    }
    --depth_;
    new_line();
    out_ += '}';
  }

  void append_key(const Value& key) {
    if (key.is_string()) {
      append_string(out_, key.as_string());
    } else if (key.is_none() || key.is_number()) {
      out_ += '"';
      append(key);
      out_ += '"';
    } else {
      raise_type_error("keys must be str, int, float, bool or None, not " + type_name(key));
    }
  }

  Runtime& runtime_;
  std::string out_, unit_, comma_, colon_;
  bool sort_keys_, pretty_ = false;
  std::size_t depth_ = 0;
};

}  // namespace

std::string to_json(Runtime& runtime, const Value& value, const Value& indent, bool sort_keys, bool compact) {
  return Writer(runtime, indent, sort_keys, compact).write(value);
}

}  // namespace core::render::filters
