#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include "core/json.hpp"
#include "core/number.hpp"
#include "core/utf8.hpp"

namespace core {

namespace {

class Writer {
 public:
  Writer(std::string& out, const JsonStyle& style) : out_(out), style_(style) {}

  void write(const Value& value, int depth) {
    switch (value.type()) {
      case Value::value_t::object:
        return write_object(value, depth);
      case Value::value_t::array:
        return write_array(value, depth);
      case Value::value_t::string:
        return write_string(value.get_ref<const std::string&>());
      case Value::value_t::number_float:
        return write_double(value.get<double>());
      case Value::value_t::number_integer:
        out_ += std::to_string(value.get<std::int64_t>());
        return;
      case Value::value_t::number_unsigned:
        out_ += std::to_string(value.get<std::uint64_t>());
        return;
      case Value::value_t::boolean:
        out_ += value.get<bool>() ? "true" : "false";
        return;
      default:
        out_ += "null";
    }
  }

 private:
  void new_line(int depth) {
    if (style_.indent <= 0) return;
    out_ += '\n';
    out_.append(static_cast<std::size_t>(depth * style_.indent), ' ');
  }

  void separate(bool first, int depth) {
    if (!first) out_ += style_.spaced && style_.indent <= 0 ? ", " : ",";
    new_line(depth);
  }

  void write_array(const Value& list, int depth) {
    if (list.empty()) {
      out_ += "[]";
      return;
    }
    out_ += '[';
    bool first = true;
    for (const auto& item : list) {
      separate(std::exchange(first, false), depth + 1);
      write(item, depth + 1);
    }
    new_line(depth);
    out_ += ']';
  }

  void write_object(const Value& object, int depth) {
    using Member = Value::object_t::value_type;
    std::vector<const Member*> members;
    for (const auto& member : object.get_ref<const Value::object_t&>()) members.push_back(&member);
    if (members.empty()) {
      out_ += "{}";
      return;
    }
    if (style_.sort_keys)  // byte order of UTF-8 is the order of code points
      std::sort(members.begin(), members.end(), [](auto a, auto b) { return a->first < b->first; });
    out_ += '{';
    bool first = true;
    for (const auto* member : members) {
      separate(std::exchange(first, false), depth + 1);
      write_string(member->first);
      out_ += style_.spaced || style_.indent > 0 ? ": " : ":";
      write(member->second, depth + 1);
    }
    new_line(depth);
    out_ += '}';
  }

  void write_double(double number) {
    if (std::isfinite(number)) {
      out_ += format_double(number);
    } else if (!style_.nan_literals) {
      out_ += "null";
    } else {
      out_ += std::isnan(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity";
    }
  }

  void write_string(const std::string& text) {
    out_ += '"';
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t start = at;
      while (at < text.size() && is_ordinary(text[at])) ++at;
      out_.append(text, start, at - start);
      if (at == text.size()) break;
      auto c = utf8_at(text, at);
      if (c.size == 0) c = {U'\uFFFD', 1};
      write_char(c.code);
      at += c.size;
    }
    out_ += '"';
  }

  static bool is_ordinary(char c) { return static_cast<signed char>(c) >= 0x20 && c != '"' && c != '\\'; }

  void write_char(char32_t code) {
    static constexpr std::string_view special = "\"\\\b\f\n\r\t", names = "\"\\bfnrt";
    const auto known = code < 0x80 ? special.find(static_cast<char>(code)) : std::string_view::npos;
    if (known != std::string_view::npos) {
      out_ += '\\';
      out_ += names[known];
    } else if (code < 0x20 || (style_.ascii && code >= 0x80 && code < 0x10000)) {
      write_escape(code);
    } else if (style_.ascii && code >= 0x10000) {
      write_escape(0xD800 + ((code - 0x10000) >> 10));
      write_escape(0xDC00 + ((code - 0x10000) & 0x3FF));
    } else {
      append_utf8(out_, code);
    }
  }

  void write_escape(char32_t unit) {
    char text[16];
    std::snprintf(text, sizeof text, "\\u%04x", static_cast<unsigned>(unit));
    out_ += text;
  }

  std::string& out_;
  const JsonStyle& style_;
};

bool find_path(const Value& value, std::string& path) {
  if (value.is_number_float()) return !std::isfinite(value.get<double>());
  const std::size_t length = path.size();
  if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      path += "[" + std::to_string(i) + "]";
      if (find_path(value[i], path)) return true;
      path.resize(length);
    }
  } else if (value.is_object()) {
    for (const auto& [key, member] : value.get_ref<const Value::object_t&>()) {
      path += (path.empty() ? "" : ".") + key;
      if (find_path(member, path)) return true;
      path.resize(length);
    }
  }
  return false;
}

}  // namespace

std::string encode_json(const Value& value, const JsonStyle& style) {
  std::string out;
  Writer(out, style).write(value, 0);
  return out;
}

std::string find_not_finite(const Value& value) {
  std::string path;
  if (!find_path(value, path)) return "";
  return path.empty() ? "the value itself" : path;
}

}  // namespace core
