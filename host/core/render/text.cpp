// Characters in UTF-8 text.
#include <algorithm>
#include <functional>

#include "core/render/operators.hpp"
#include "core/utf8.hpp"

namespace core::render {

Text::Text(std::string bytes) : bytes_(std::move(bytes)) {
  auto& now = memory();
  if (bytes_.size() > 4096) charge_bytes(bytes_.size());
  now.used += bytes_.size();
}

Text::~Text() { memory().used -= bytes_.size(); }

std::size_t Text::hash_of(std::string_view bytes) {
  const std::size_t hash = std::hash<std::string_view>()(bytes);
  return hash == 0 ? 1 : hash;
}

std::size_t Text::count(std::string_view bytes) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < bytes.size(); ++count) {
    at += static_cast<unsigned char>(bytes[at]) < 0x80 ? 1 : char_size(bytes, at);
  }
  return count;
}

std::size_t char_size(std::string_view text, std::size_t at) {
  if (static_cast<unsigned char>(text[at]) < 0x80) return 1;
  const auto decoded = core::utf8_at(text, at);
  return decoded.size == 0 ? 1 : decoded.size;
}

char32_t char_at(std::string_view text, std::size_t at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  if (byte < 0x80) return byte;
  const auto decoded = core::utf8_at(text, at);
  return decoded.size == 0 ? static_cast<char32_t>(0xDC00 + byte) : decoded.code;
}

void append_char(std::string& out, char32_t code) {
  if (code >= 0xDC80 && code <= 0xDCFF) {
    out += static_cast<char>(code - 0xDC00);
  } else if (code >= 0xD800 && code <= 0xDFFF) {
    core::append_utf8(out, 0xFFFD);
  } else {
    core::append_utf8(out, code);
  }
}

std::size_t char_offset(const Text& text, std::size_t index) {
  const std::string& bytes = text.bytes();
  if (text.is_ascii()) return std::min(index, bytes.size());
  std::size_t at = 0;
  for (; index > 0 && at < bytes.size(); --index) at += char_size(bytes, at);
  return at;
}

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '"':
        out += "&#34;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

Value escape(const Value& value) {
  if (value.is_markup()) return value;
  return Value::markup(escape_html(str(value)));
}

}  // namespace core::render
