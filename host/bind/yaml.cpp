// host.yaml: YAML text, read and written as PyYAML does.
#include "core/yaml.hpp"

#include "core/yaml_lines.hpp"
#include "script/stack.hpp"

namespace bind {

namespace {

core::YamlReading reading(const core::Value& opts) {
  core::YamlReading reading;
  if (opts.contains("file")) reading.file = opts["file"];
  reading.max_expanded_nodes = static_cast<std::size_t>(opts["max_expanded_nodes"].get<double>());
  return reading;
}

const double kMaxNodes = static_cast<double>(core::YamlReading().max_expanded_nodes);

// Appends to the list that the caller gave as the option `warnings`.
void hand_over(lua_State* L, const core::YamlDocument& document) {
  if (document.warnings.empty() || !lua_istable(L, 2)) return;
  lua_getfield(L, 2, "warnings");
  for (const auto& warning : document.warnings) {
    if (!lua_istable(L, -1)) break;
    script::push_text(L, warning.message);
    lua_rawseti(L, -2, static_cast<int>(lua_objlen(L, -2)) + 1);
  }
  lua_pop(L, 1);
}

int push_document(lua_State* L, const core::Result<core::YamlDocument>& document) {
  if (!document) return script::fail(L, document.error());
  hand_over(L, *document);
  script::push(L, document->value);
  return 1;
}

int l_decode(lua_State* L) {
  const auto text = script::check_string(L, 1);
  const auto opts = script::options(
      L, 2, "yaml.decode", {{"file", ""}, {"warnings", nullptr, "table"}, {"max_expanded_nodes", kMaxNodes}});
  return push_document(L, core::decode_yaml(text, reading(opts)));
}

int l_load(lua_State* L) {
  const auto path = script::check_string(L, 1);
  const auto opts =
      script::options(L, 2, "yaml.load", {{"warnings", nullptr, "table"}, {"max_expanded_nodes", kMaxNodes}});
  return push_document(L, core::load_yaml(path, reading(opts)));
}

int l_decode_all(lua_State* L) {
  const auto text = script::check_string(L, 1);
  const auto opts =
      script::options(L, 2, "yaml.decode_all",
                      {{"file", ""}, {"warnings", nullptr, "table"}, {"max_expanded_nodes", kMaxNodes}});
  auto documents = core::decode_yaml_all(text, reading(opts));
  if (!documents) return script::fail(L, documents.error());
  core::Value values = core::Value::array();
  for (auto& document : *documents) {
    hand_over(L, document);
    values.push_back(std::move(document.value));
  }
  script::push(L, values);
  return 1;
}

int l_lines(lua_State* L) {
  const auto text = script::check_string(L, 1);
  return script::push_result(L, core::yaml_lines(text));
}

core::YamlStyle style(lua_State* L, const char* function) {
  const core::YamlStyle defaults;
  const auto opts = script::options(L, 2, function,
                                    {{"sort_keys", false},
                                     {"width", defaults.width},
                                     {"indent", defaults.indent},
                                     {"indent_lists", false},
                                     {"literal_blocks", false},
                                     {"flow", false}});
  core::YamlStyle style;
  style.sort_keys = opts["sort_keys"];
  style.width = static_cast<int>(opts["width"].get<double>());
  style.indent = static_cast<int>(opts["indent"].get<double>());
  style.indent_lists = opts["indent_lists"];
  style.literal_blocks = opts["literal_blocks"];
  style.flow = opts["flow"];
  return style;
}

int l_encode(lua_State* L) {
  const auto value = script::check_value(L, 1);
  script::push_text(L, core::encode_yaml(value, style(L, "yaml.encode")));
  return 1;
}

int l_encode_all(lua_State* L) {
  const auto values = script::check_value(L, 1);
  if (!values.is_array()) throw core::UsageError("argument 1: expected a list of documents");
  script::push_text(L, core::encode_yaml_all({values.begin(), values.end()}, style(L, "yaml.encode_all")));
  return 1;
}

constexpr script::Function kFunctions[] = {
    {"decode", script::guard<l_decode>}, {"decode_all", script::guard<l_decode_all>},
    {"load", script::guard<l_load>},     {"lines", script::guard<l_lines>},
    {"encode", script::guard<l_encode>}, {"encode_all", script::guard<l_encode_all>},
};

}  // namespace

int open_yaml(lua_State* L) { return script::module(L, "host.yaml", kFunctions); }

}  // namespace bind
