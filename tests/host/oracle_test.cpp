// Our JSON against Python's json, on generated texts. (YAML: yaml_differential_test.cpp.)
#include "oracle.hpp"
#include "catch.hpp"
#include "core/json.hpp"

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
