// Our YAML against PyYAML on generated documents: a new seed each time, which LLMDBENCH_TEST_SEED repeats. A
// text on which the two differ is shrunk and printed as an entry for tests/differential/yaml/cases.json.
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <functional>

#include "catch.hpp"
#include "core/json.hpp"
#include "core/utf8.hpp"
#include "core/yaml.hpp"
#include "oracle.hpp"
#include "scratch.hpp"

using core::Value;

namespace {

constexpr const char* kReference = "../../differential/yaml/reference.py";

std::string seed() {
  static const std::string chosen = [] {
    const char* given = std::getenv("LLMDBENCH_TEST_SEED");
    std::string text = given ? given : std::to_string(std::time(nullptr));
    std::printf("YAML documents: seed %s\n", text.c_str());
    return text;
  }();
  return chosen;
}

std::optional<Value> generated(const char* part, int count) {
  return ask_oracle(kReference, "generate '" + seed() + part + "' " + std::to_string(count));
}

/// All documents as one JSON text, or null where we refuse.
Value read_as_json(const std::string& text) {
  const auto documents = core::decode_yaml_all(text);
  if (!documents) return nullptr;
  Value list = Value::array();
  for (const auto& document : *documents) list.push_back(document.value);
  return core::encode_json(list, {.spaced = true, .nan_literals = true});
}

/// What PyYAML says about texts.
Value ask_about(const std::vector<std::string>& texts, const Scratch& scratch) {
  const std::string path = scratch.path + "/texts.json";
  std::ofstream(path) << core::encode_json(Value(texts));
  return ask_oracle(kReference, "read '" + path + "'").value();
}

std::vector<std::string> shortened(const std::string& text, std::size_t size) {
  std::vector<std::string> shorter;
  for (std::size_t at = 0; at < text.size(); at += size) {
    std::string candidate = text.substr(0, at) + text.substr(std::min(at + size, text.size()));
    if (core::find_invalid_utf8(candidate) == std::string::npos) shorter.push_back(std::move(candidate));
  }
  return shorter;
}

using Differs = std::function<bool(const Value& theirs, const Value& ours)>;

/// Drops ever smaller pieces while the two go on to differ.
std::string shrunk(std::string text, const Differs& differs) {
  const Scratch scratch;
  for (std::size_t size = text.size() / 2 + 1; size >= 1;) {
    const auto candidates = shortened(text, size);
    const Value answers = ask_about(candidates, scratch);
    std::size_t found = 0;
    while (found < candidates.size() && !differs(answers[found], read_as_json(candidates[found]))) ++found;
    if (found < candidates.size())
      text = candidates[found];
    else if (size == 1)
      break;
    else
      size /= 2;
  }
  return text;
}

void report(const std::string& text, const Differs& differs) {
  static int reports = 0;
  if (++reports > 3) return;
  const Scratch scratch;
  const std::string small = shrunk(text, differs);
  const Value entry = {{"text", small}, {"json", ask_about({small}, scratch)[0]}};
  UNSCOPED_INFO("seed " << seed() << ", shrunk: " << core::encode_json(entry)
                        << "\nours: " << core::encode_json(read_as_json(small)));
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

TEST_CASE("recorded documents read as PyYAML reads them", "[.][differential]") {
  const auto cases = core::load_json(TEST_SOURCE_DIR "/differential/yaml/cases.json");
  if (!cases) FAIL(cases.error().message);
  for (const auto& entry : *cases) {
    INFO(entry["text"].get<std::string>());
    CHECK(read_as_json(entry["text"]) == entry["json"]);
  }
}

TEST_CASE("whatever PyYAML reads, we read as the same values", "[.][differential]") {
  const auto cases = generated("r", 6000);
  if (!cases) return;
  const Differs differs = [](const Value& theirs, const Value& ours) {
    return !theirs.is_null() && theirs != ours;
  };
  std::size_t accepted = 0;
  for (const auto& entry : (*cases)["loads"]) {
    if (entry["json"].is_null()) continue;  // we are lenient in a few harmless corners
    ++accepted;
    const auto text = entry["text"].get<std::string>();
    const Value ours = read_as_json(text);
    if (differs(entry["json"], ours)) report(text, differs);
    CHECK(ours == entry["json"]);
  }
  CHECK(accepted > 2000);
}

TEST_CASE("what PyYAML refuses as structure, we refuse too", "[.][differential]") {
  const auto cases = generated("x", 4000);
  if (!cases) return;
  std::size_t refused = 0, accepted = 0;
  for (const auto& entry : (*cases)["loads"]) {
    if (!entry["json"].is_null()) continue;
    ++refused;
    if (core::decode_yaml_all(entry["text"].get<std::string>()).ok()) ++accepted;
  }
  INFO("seed " << seed() << ": " << accepted << " of " << refused << " accepted");
  CHECK(refused > 300);
  CHECK(accepted * 200 < refused);  // `0x_`, `...` in front, a `%` alone
}

TEST_CASE("whatever we write as YAML is what PyYAML writes, and both read it back", "[.][differential]") {
  const auto cases = generated("w", 3000);
  if (!cases) return;
  REQUIRE((*cases)["dumps"].size() == 1000);
  for (const auto& entry : (*cases)["dumps"]) {
    const auto text = core::encode_yaml(entry["value"], style_of(entry["style"]));
    INFO("seed " << seed() << ": " << core::encode_json(entry["value"]));
    CHECK(text == entry["text"].get<std::string>());
    auto back = core::decode_yaml(text);
    if (!back) FAIL(back.error().message);
    const core::JsonStyle sorted{.sort_keys = true};
    CHECK(core::encode_json(back->value, sorted) == core::encode_json(entry["value"], sorted));
  }
}
