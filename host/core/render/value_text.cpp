// Class names, `str` and `repr`.
#include <algorithm>
#include <cstdio>

#include "core/number.hpp"
#include "core/render/operators.hpp"

namespace core::render {

std::string type_name(const Value& value) {
  switch (value.kind()) {
    case Kind::kMissing:
      return "object";
    case Kind::kUndefined:
      switch (value.as_undefined().kind) {
        case UndefinedKind::kStrict:
          return "StrictUndefined";
        case UndefinedKind::kChainable:
          return "ChainableUndefined";
        case UndefinedKind::kDebug:
          return "DebugUndefined";
        default:
          return "Undefined";
      }
    case Kind::kNone:
      return "NoneType";
    case Kind::kBool:
      return "bool";
    case Kind::kInt:
      return "int";
    case Kind::kFloat:
      return "float";
    case Kind::kString:
      return value.is_markup() ? "Markup" : "str";
    case Kind::kList:
      return "list";
    case Kind::kTuple:
      return "tuple";
    case Kind::kDict:
      return "dict";
    case Kind::kObject:
      return value.as_object().type_name();
  }
  return "object";
}

namespace {

void append_hex_escape(std::string& out, char32_t code) {
  char buffer[16];
  const char* format = code <= 0xFF ? "\\x%02x" : code <= 0xFFFF ? "\\u%04x" : "\\U%08x";
  std::snprintf(buffer, sizeof buffer, format, static_cast<unsigned>(code));
  out += buffer;
}

void append_escaped(std::string& out, std::string_view text, char quote) {
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    const std::size_t size = char_size(text, at);
    if (c == quote || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (const char32_t code = char_at(text, at); is_printable(code)) {
      out.append(text, at, size);
    } else {
      append_hex_escape(out, code);
    }
    at += size;
  }
}

// Containers that are being written, so that one inside itself becomes "...".
thread_local std::vector<const void*> open_containers;

class Opened {
 public:
  explicit Opened(const void* container) {
    again = std::find(open_containers.begin(), open_containers.end(), container) != open_containers.end();
    open_containers.push_back(container);
  }
  ~Opened() { open_containers.pop_back(); }
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;

  bool again = false;
};

void append_items(std::string& out, const Values& items) {
  // By index: nothing promises that the list stays as it is.
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out += ", ";
    append_repr(out, items[i]);
  }
}

void append_sequence(std::string& out, const Value& value) {
  const Values& items = value.items();
  const DepthGuard guard;
  const Opened opened(&items);
  out += value.is_list() ? '[' : '(';
  if (opened.again) {
    out += "...";
  } else {
    append_items(out, items);
    if (value.is_tuple() && items.size() == 1) out += ',';
  }
  out += value.is_list() ? ']' : ')';
}

void append_dict(std::string& out, const Dict& dict) {
  const DepthGuard guard;
  const Opened opened(&dict);
  if (opened.again) {
    out += "{...}";
    return;
  }
  out += '{';
  bool first = true;
  for (std::size_t at = dict.next(0); at < dict.entries().size(); at = dict.next(at + 1), first = false) {
    if (!first) out += ", ";
    append_repr(out, dict.entries()[at].key);
    out += ": ";
    append_repr(out, dict.entries()[at].value);
  }
  out += '}';
}

std::string debug_text(const UndefinedInfo& info) {
  std::string message;
  if (!info.hint.empty()) {
    message = "undefined value printed: " + info.hint;
  } else if (info.owner.is_missing()) {
    message = str(info.name);
  } else {
    const std::string owner = info.owner.is_none() ? "None" : type_name(info.owner) + " object";
    message = "no such element: " + owner + "[" + repr(info.name) + "]";
  }
  return "{{ " + message + " }}";
}

void append_undefined(std::string& out, const UndefinedInfo& info) {
  if (info.kind == UndefinedKind::kStrict) info.fail();
  if (info.kind == UndefinedKind::kDebug) out += debug_text(info);
}

}  // namespace

void append_quoted(std::string& out, std::string_view text) {
  const bool single = text.find('\'') != std::string_view::npos;
  const bool both = single && text.find('"') != std::string_view::npos;
  const char quote = single && !both ? '"' : '\'';
  out += quote;
  append_escaped(out, text, quote);
  out += quote;
}

void append_repr(std::string& out, const Value& value) {
  if (out.size() > (1u << 20)) charge_bytes(out.size());
  switch (value.kind()) {
    case Kind::kString:
      if (value.is_markup()) out += "Markup(";
      append_quoted(out, value.as_string());
      if (value.is_markup()) out += ')';
      return;
    case Kind::kUndefined:
      out += "Undefined";
      return;
    case Kind::kObject: {
      const DepthGuard guard;
      out += value.as_object().repr();
      return;
    }
    default:
      append_str(out, value);
  }
}

void append_str(std::string& out, const Value& value) {
  switch (value.kind()) {
    case Kind::kMissing:
      return;
    case Kind::kUndefined:
      append_undefined(out, value.as_undefined());
      return;
    case Kind::kNone:
      out += "None";
      return;
    case Kind::kBool:
      out += value.as_bool() ? "True" : "False";
      return;
    case Kind::kInt:
      out += std::to_string(value.as_int());
      return;
    case Kind::kFloat:
      out += core::format_double(value.as_double());
      return;
    case Kind::kString:
      out += value.as_string();
      return;
    case Kind::kList:
    case Kind::kTuple:
      append_sequence(out, value);
      return;
    case Kind::kDict:
      append_dict(out, value.as_dict());
      return;
    case Kind::kObject: {
      const DepthGuard guard;
      out += value.as_object().str();
      return;
    }
  }
}

std::string str(const Value& value) {
  if (value.is_string()) return value.as_string();
  std::string out;
  append_str(out, value);
  return out;
}

std::string repr(const Value& value) {
  std::string out;
  append_repr(out, value);
  return out;
}

}  // namespace core::render
