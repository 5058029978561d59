// The filters and the function that only templates of the plan phase have.
#include "core/render/builtin_support.hpp"
#include "core/render/filters.hpp"
#include "core/render/strings.hpp"
#include "core/render/unicode.hpp"
#include "core/text.hpp"
#include "core/yaml.hpp"

namespace core::render {

namespace {

constexpr std::string_view kSecretReference = "{{secret:";

std::string blanks(const Value& count) {
  const std::int64_t size = std::max<std::int64_t>(to_index(count), 0);
  charge_bytes(static_cast<std::size_t>(size));
  return std::string(static_cast<std::size_t>(size), ' ');
}

bool is_blank(std::string_view text) { return strings::strip(text).empty(); }

/// Lines that have something in them get `pad` in front; the first one only if `first`.
std::string padded_lines(const std::string& text, const std::string& pad, bool first, bool skip_blank) {
  std::string out;
  const auto lines = strings::split(text, "\n");
  charge_bytes(text.size() + lines.size() * pad.size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) out += '\n';
    const bool bare = skip_blank ? is_blank(lines[i]) : lines[i].empty();
    if ((i > 0 || first) && !bare) out += pad;
    out += lines[i];
  }
  return out;
}

Value indent(Runtime&, const Value& self, Arguments& arguments) {
  const auto given = bind_arguments(arguments, "indent", 1, {{"width"}, {"first"}});
  if (!truth(self)) return self;
  return padded_lines(str(self), blanks(value_or(given[0], 4)), truth_or(given[1], false), false);
}

// --- values as YAML -----------------------------------------------------------------------------------

std::string key_text(const Value& key) {
  if (key.is_none()) return "null";
  if (key.is_bool()) return key.as_bool() ? "true" : "false";
  return str(key);
}

core::Value to_data(Runtime& runtime, const Value& value) {
  runtime.charge();
  const DepthGuard guard;
  switch (value.kind()) {
    case Kind::kNone:
      return nullptr;
    case Kind::kBool:
      return value.as_bool();
    case Kind::kInt:
      return value.as_int();
    case Kind::kFloat:
      return value.as_double();
    case Kind::kString:
      return value.as_string();
    case Kind::kList:
    case Kind::kTuple: {
      core::Value list = core::Value::array();
      for (const auto& item : Values(value.items())) list.push_back(to_data(runtime, item));
      return list;
    }
    case Kind::kDict: {
      core::Value object = core::Value::object();
      for (const auto& [key, item, hash] : value.as_dict().entries())
        if (!key.is_missing()) object[key_text(key)] = to_data(runtime, item);
      return object;
    }
    case Kind::kUndefined:
      value.as_undefined().fail();
    default:
      raise("RepresenterError", "a " + type_name(value) + " cannot be written as YAML");
  }
}

Value toyaml(Runtime& runtime, const Value& self, Arguments& arguments) {
  const auto given = bind_arguments(arguments, "toyaml", 1, {{"indent"}, {"default_flow_style"}});
  if (self.is_none()) return "";
  if (self.is_string()) return self;
  if ((self.is_dict() || self.is_list() || self.is_tuple()) && length(self) == 0) return "";
  YamlStyle style;
  style.sort_keys = true;
  style.flow = truth_or(given[1], false);
  std::string text = encode_yaml(to_data(runtime, self), style);
  text.resize(strings::strip(text, {}, strings::Side::kRight).size());
  const std::string pad = blanks(value_or(given[0], 0));
  return pad.empty() ? text : padded_lines(text, pad, true, true);
}

Value tojson(Runtime& runtime, const Value& self, Arguments& arguments) {
  bind_arguments(arguments, "tojson", 1, {});
  return filters::to_json(runtime, self, Value::none(), false, true);
}

// --- base64 -------------------------------------------------------------------------------------------

Value b64pad(Runtime&, const Value& self, Arguments& arguments) {
  bind_arguments(arguments, "b64pad", 1, {});
  if (!self.is_string() || self.as_string().starts_with(kSecretReference)) return self;
  std::string text(strings::strip(self.as_string()));
  if (text.empty()) return self;
  text.append((4 - Text::count(text) % 4) % 4, '=');
  return text;
}

Value b64encode(Runtime&, const Value& self, Arguments& arguments) {
  bind_arguments(arguments, "b64encode", 1, {});
  return base64_encode(str(self));
}

// --- names --------------------------------------------------------------------------------------------

Value model_id_label(Runtime&, const Value& self, Arguments& arguments) {
  const auto given = bind_arguments(arguments, "model_id_label", 1, {{"namespace"}});
  if (!truth(self)) return self;
  std::string id = str(self);
  for (char& c : id)
    if (c == '/' || c == '.') c = '-';
  const std::string space = is_given(given[0]) ? str(given[0]) : "";
  const std::string digest = sha256(space.empty() ? id : space + "/" + id);
  const auto letters = strings::characters(id);
  std::string tail;
  for (std::size_t i = letters.size() > 8 ? letters.size() - 8 : 0; i < letters.size(); ++i)
    tail += letters[i];
  return unicode::lower(std::string(strings::head(id, 8)) + "-" + digest.substr(0, 8) + "-" + tail);
}

// --- emptiness ----------------------------------------------------------------------------------------

bool is_empty(const Value& value) {
  if (value.is_none() || value.is_undefined()) return true;
  if (value.is_string()) return is_blank(value.as_string());
  return (value.is_dict() || value.is_list() || value.is_tuple()) && length(value) == 0;
}

Value is_empty_filter(Runtime&, const Value& self, Arguments& arguments) {
  bind_arguments(arguments, "is_empty", 1, {});
  return is_empty(self);
}

Value default_if_empty(Runtime&, const Value& self, Arguments& arguments) {
  const auto given = bind_arguments(arguments, "default_if_empty", 1, {{"default_value", true}});
  return is_empty(self) ? given[0] : self;
}

Value raise_message(Runtime&, const Value&, Arguments& arguments) {
  const auto given = bind_arguments(arguments, "raise", 0, {{"message", true}});
  raise("TemplateRuntimeError", str(given[0]));
}

}  // namespace

void register_plan_filters(Registry& registry) {
  static constexpr std::pair<const char*, Function> kFilters[] = {
      {"indent", indent},
      {"toyaml", toyaml},
      {"tojson", tojson},
      {"b64pad", b64pad},
      {"b64encode", b64encode},
      {"model_id_label", model_id_label},
      {"is_empty", is_empty_filter},
      {"default_if_empty", default_if_empty},
  };
  for (const auto& [name, function] : kFilters) registry.filter(name, function);
  registry.global("raise", make<NativeFunction>("raise", raise_message));
}

}  // namespace core::render
