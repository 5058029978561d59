#include "core/schema.hpp"

#include <filesystem>
#include <fstream>
#include <random>

#include "catch.hpp"
#include "core/json.hpp"
#include "core/yaml.hpp"
#include "oracle.hpp"

using core::Value;

namespace {

std::vector<core::SchemaProblem> problems(const std::string& value, const std::string& schema) {
  auto found = core::check_schema(Value::parse(value), Value::parse(schema));
  if (!found) FAIL(found.error().message);
  return *found;
}

bool fits(const std::string& value, const std::string& schema) { return problems(value, schema).empty(); }

std::string first(const std::string& value, const std::string& schema) {
  const auto found = problems(value, schema);
  REQUIRE_FALSE(found.empty());
  return found[0].path + ": " + found[0].message;
}

/// The published samples, which are not part of this repository.
std::filesystem::path samples() {
  for (auto folder = std::filesystem::path(TEST_SOURCE_DIR); folder.has_relative_path();
       folder = folder.parent_path()) {
    const auto found = folder / "shared" / "samples" / "benchmark_report";
    if (std::filesystem::is_directory(found)) return found;
  }
  return {};
}

Value load(const std::filesystem::path& path) {
  auto document = core::load_yaml(path.string());  // JSON is YAML
  if (!document) FAIL(document.error().message);
  return document->value;
}

struct Sample {
  std::string name;
  Value value, schema;
};

/// Every sample report with the emitted schema of its version.
std::vector<Sample> sample_reports() {
  std::vector<Sample> reports;
  const auto root = samples();
  if (root.empty()) return reports;
  const std::pair<const char*, const char*> versions[] = {{"0.1", "br_v0_1_json_schema.2026_08.json"},
                                                          {"0.2", "br_v0_2_json_schema.2026_08.json"},
                                                          {"0.2.1", "br_v0_2_1_json_schema.2026_08.json"}};
  for (const char* folder : {"examples", "converted"}) {
    for (const auto& entry : std::filesystem::directory_iterator(root / folder)) {
      const Value report = load(entry.path());
      for (const auto& [version, schema] : versions)
        if (report["version"] == version)
          reports.push_back(
              {entry.path().filename().string(), report, load(root / "schema_emitted" / schema)});
    }
  }
  return reports;
}

/// Breaks one random place of a tree.
void damage(Value& tree, std::mt19937& random) {
  Value* at = &tree;
  while (at->is_structured() && !at->empty() && random() % 4 != 0) {
    auto member = at->begin();
    std::advance(member, random() % at->size());
    at = &*member;
  }
  const Value replacements[] = {nullptr,         "text",          -1, 1.5, true, Value::array(),
                                Value::object(), {{"unknown", 1}}};
  if (at->is_object() && !at->empty() && random() % 2 == 0) {
    auto member = at->begin();
    std::advance(member, random() % at->size());
    at->erase(member.key());
  } else if (at->is_object() && random() % 2 == 0) {
    (*at)["unknown_key"] = 1;
  } else {
    *at = replacements[random() % std::size(replacements)];
  }
}

}  // namespace

TEST_CASE("a JSON schema decides on types and limits") {
  CHECK(fits("1", R"({"type": "integer"})"));
  CHECK(fits("1.0", R"({"type": "integer"})"));
  CHECK_FALSE(fits("1.5", R"({"type": ["integer", "string"]})"));
  CHECK_FALSE(fits("true", R"({"type": "number"})"));
  CHECK(first("\"x\"", R"({"type": "number"})") == ": must be of type number, but is string \"x\"");
  CHECK(fits("3", R"({"minimum": 3, "maximum": 3, "exclusiveMinimum": 2, "exclusiveMaximum": 4})"));
  CHECK(first("2", R"({"exclusiveMinimum": 2})") == ": must be greater than 2, but is 2");
  CHECK(first("0.5", R"({"minimum": 1})") == ": must be at least 1, but is 0.5");
  CHECK(fits("0.3", R"({"multipleOf": 0.1})"));
  CHECK_FALSE(fits("\"\"", R"({"minLength": 1})"));
  CHECK(fits("\"\u00e9\u00e9\"", R"({"maxLength": 2, "minLength": 2})"));
  CHECK(fits("\"v1.2\"", R"({"pattern": "^v[0-9]"})"));
  CHECK(first("\"w1\"", R"({"pattern": "^v[0-9]"})") == ": must match ^v[0-9], but is \"w1\"");
  CHECK(fits("\"no date\"", R"({"format": "date-time", "ge": 5, "discriminator": {"propertyName": "x"}})"));
}

TEST_CASE("a JSON schema decides on members, with a suggestion for a typo") {
  const std::string schema = R"({"properties": {"model": {"type": "string"}, "n": {"type": "integer"}},
                                 "required": ["model"], "additionalProperties": false})";
  CHECK(fits(R"({"model": "m", "n": 1})", schema));
  CHECK(first("{}", schema) == ": the key 'model' is missing");
  CHECK(first(R"({"model": "m", "modle": 1})", schema) == ": unknown key 'modle' (did you mean 'model'?)");
  CHECK(first(R"([{"a": ["x"]}])", R"({"items": {"properties": {"a": {"items": {"type": "null"}}}}})") ==
        "[0].a[0]: must be of type null, but is string \"x\"");
  CHECK(fits(R"({"a": 1, "b": 2})", R"({"additionalProperties": {"type": "integer"}})"));
  CHECK_FALSE(fits(R"({"x_a": 1})", R"({"patternProperties": {"^x_": {"type": "string"}}})"));
  CHECK_FALSE(fits("[1, 1.0]", R"({"uniqueItems": true})"));
  CHECK_FALSE(fits("[]", R"({"minItems": 1})"));
  CHECK_FALSE(fits("{}", "false"));
}

TEST_CASE("a JSON schema decides on alternatives and names the nearest one") {
  CHECK(fits("null", R"({"anyOf": [{"type": "string"}, {"type": "null"}]})"));
  CHECK(first("1", R"({"anyOf": [{"type": "string"}, {"type": "null"}]})") ==
        ": must be of type string, but is integer 1; or must be of type null, but is integer 1");
  CHECK(
      first(R"({"a": {"b": 1}})",
            R"({"properties": {"a": {"anyOf": [{"type": "null"}, {"properties": {"b": {"const": 2}}}]}}})") ==
      "a.b: must be 2, but is 1");
  CHECK_FALSE(fits("1", R"({"oneOf": [{"minimum": 0}, {"maximum": 2}]})"));
  CHECK_FALSE(fits("5", R"({"allOf": [{"minimum": 0}, {"maximum": 2}]})"));
  CHECK_FALSE(fits("5", R"({"not": {"minimum": 0}})"));
  CHECK(first("\"secnds\"", R"({"enum": ["seconds", "ms", 3]})") ==
        ": must be one of seconds, ms, 3, but is \"secnds\" (did you mean 'seconds'?)");
  CHECK(fits(R"({"b": 1, "a": 2})", R"({"const": {"a": 2.0, "b": 1}})"));
}

TEST_CASE("a JSON schema may refer to its own parts, but not forever") {
  const std::string list =
      R"({"$defs": {"n": {"type": "object", "properties": {"next": {"$ref": "#/$defs/n"}},
                               "required": ["v"]}}, "$ref": "#/$defs/n"})";
  CHECK(fits(R"({"v": 1, "next": {"v": 2}})", list));
  CHECK(first(R"({"v": 1, "next": {}})", list) == "next: the key 'v' is missing");
  const auto broken = [](const std::string& schema) {
    auto result = core::check_schema(1, Value::parse(schema));
    REQUIRE_FALSE(result);
    CHECK(result.error().code == "invalid");
    return result.error().message;
  };
  CHECK(broken(R"({"$ref": "#"})").find("refers to itself") != std::string::npos);
  CHECK(broken(R"({"$ref": "#/nothing"})").find("points to nothing") != std::string::npos);
  CHECK(broken(R"({"$ref": "other.json"})").find("inside the schema") != std::string::npos);
  CHECK(broken(R"({"if": {}})").find("'if' is not supported") != std::string::npos);
  CHECK(broken(R"({"type": "int"})").find("'int' is not a type") != std::string::npos);
  CHECK(broken("3").find("object or a boolean") != std::string::npos);
}

TEST_CASE("the published sample reports fit their published schemas") {
  const auto reports = sample_reports();
  if (reports.empty()) WARN("skipped: the sample reports are not on this machine");
  for (const auto& report : reports) {
    auto found = core::check_schema(report.value, report.schema);
    REQUIRE(found);
    INFO(report.name << ": " << (found->empty() ? "" : found->front().path + ": " + found->front().message));
    CHECK(found->empty());
  }
}

TEST_CASE("our verdict on damaged reports is that of python3-jsonschema") {
  const auto reports = sample_reports();
  if (reports.empty()) {
    WARN("skipped: the sample reports are not on this machine");
    return;
  }
  std::mt19937 random(7);
  Value cases = Value::array();
  for (int i = 0; i < 120; ++i) {
    const auto& report = reports[random() % reports.size()];
    Value value = report.value;
    damage(value, random);
    cases.push_back({{"value", value}, {"schema", report.schema}});
  }
  const auto file =
      std::filesystem::temp_directory_path() / ("schema_test_" + std::to_string(random()) + ".json");
  std::ofstream(file) << core::encode_json(cases);
  const auto verdicts = ask_oracle("schema_oracle.py", "'" + file.string() + "'");
  std::filesystem::remove(file);
  if (!verdicts) return;
  std::size_t refused = 0;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    auto found = core::check_schema(cases[i]["value"], cases[i]["schema"]);
    REQUIRE(found);
    if (!found->empty()) ++refused;
    INFO((found->empty() ? "" : found->front().path + ": " + found->front().message));
    CHECK(found->empty() == (*verdicts)[i].get<bool>());
  }
  CHECK(refused > 20);
  CHECK(refused < cases.size());
}
