// Our YAML and JSON against PyYAML and Python's json, on generated texts.
#include "oracle.hpp"
#include "catch.hpp"
#include "core/json.hpp"
#include "core/yaml.hpp"

using core::Value;

namespace {

std::string all_as_json(const std::vector<core::YamlDocument>& documents) {
  Value list = Value::array();
  for (const auto& document : documents) list.push_back(document.value);
  return core::encode_json(list, {.spaced = true, .nan_literals = true});
}

core::YamlStyle style_of(const Value& from) {
  core::YamlStyle style;
  style.sort_keys = from.value("sort_keys", style.sort_keys);
  style.width = from.value("width", style.width);
  style.indent = from.value("indent", style.indent);
  style.flow = from.value("flow", style.flow);
  style.literal_blocks = from.value("literal_blocks", style.literal_blocks);
  style.indent_lists = from.value("indent_lists", style.indent_lists);
  return style;
}

}  // namespace

TEST_CASE("whatever PyYAML reads, we read as the same values") {
  const auto cases = ask_oracle("yaml_oracle.py", "1 6000");
  if (!cases) return;
  std::size_t accepted = 0;
  for (const auto& entry : (*cases)["loads"]) {
    if (entry["json"].is_null()) continue;  // we are lenient in a few harmless corners
    ++accepted;
    const auto text = entry["text"].get<std::string>();
    auto documents = core::decode_yaml_all(text);
    INFO(text);
    if (!documents) FAIL(documents.error().message);
    CHECK(all_as_json(*documents) == entry["json"].get<std::string>());
  }
  CHECK(accepted > 1000);
}

TEST_CASE("what PyYAML refuses as structure, we refuse too") {
  const auto cases = ask_oracle("yaml_oracle.py", "2 3000");
  if (!cases) return;
  std::size_t refused = 0, accepted = 0;
  for (const auto& entry : (*cases)["loads"]) {
    if (!entry["json"].is_null()) continue;
    ++refused;
    if (core::decode_yaml_all(entry["text"].get<std::string>()).ok()) ++accepted;
  }
  CHECK(refused > 500);
  CHECK(accepted * 100 < refused);  // `0x_`, `...` in front, a `%` alone, an anchor that is used twice
}

TEST_CASE("whatever we write as YAML is what PyYAML writes, and both read it back") {
  const auto cases = ask_oracle("yaml_oracle.py", "3 3000");
  if (!cases) return;
  REQUIRE((*cases)["dumps"].size() == 750);
  for (const auto& entry : (*cases)["dumps"]) {
    const auto text = core::encode_yaml(entry["value"], style_of(entry["style"]));
    CHECK(text == entry["text"].get<std::string>());
    auto back = core::decode_yaml(text);
    if (!back) FAIL(back.error().message);
    const core::JsonStyle sorted{.sort_keys = true};
    CHECK(core::encode_json(back->value, sorted) == core::encode_json(entry["value"], sorted));
  }
}

TEST_CASE("we accept, refuse and write JSON as Python does") {
  const auto cases = ask_oracle("json_oracle.py", "1 4000");
  if (!cases) return;
  std::size_t accepted = 0;
  for (const auto& entry : *cases) {
    const auto text = entry["text"].get<std::string>();
    INFO(text);
    auto value = core::decode_json(text, {.nan = true});
    REQUIRE(value.ok() == entry["ok"].get<bool>());
    if (!value) continue;
    ++accepted;
    CHECK(core::encode_json(*value, {.nan_literals = true}) == entry["compact"].get<std::string>());
    CHECK(
        core::encode_json(*value, {.spaced = true, .sort_keys = true, .ascii = true, .nan_literals = true}) ==
        entry["spaced"].get<std::string>());
    CHECK(core::encode_json(*value, {.indent = 2, .nan_literals = true}) ==
          entry["pretty"].get<std::string>());
  }
  CHECK(accepted > 500);
}
